//! Warnings that a key ends soon: each once, whoever looks how often.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{Conn, key_events};
use crate::{
    db::{
        DbError,
        schema::{key_warnings, keys},
    },
    domain::{expiry::Warning, key::KeyState, key_event::KeyEvent, timestamp::Timestamp},
};

/// A place in the order of ends: the end, and the key's number.
pub type Place = (i64, i64);

/// The next keys after a place that end within the longest warning, at most `most`: their numbers, when
/// they were made, and when they end.
pub async fn ending(
    conn: &mut Conn,
    now: Timestamp,
    after: Place,
    most: i64,
) -> Result<Vec<(i64, Timestamp, Timestamp)>, DbError> {
    let until = now.plus(Warning::EARLIEST).as_millis();
    let (end, id) = (after.0.max(now.as_millis()), after.1);
    let later = keys::expires_at.gt(end).or(keys::expires_at.eq(end).and(keys::id.gt(id)));
    let rows: Vec<(i64, i64, Option<i64>)> = keys::table
        .filter(keys::state.eq(KeyState::Active.as_str()))
        .filter(keys::expires_at.ge(end))
        .filter(keys::expires_at.le(until))
        .filter(later.assume_not_null())
        .order((keys::expires_at, keys::id))
        .limit(most)
        .select((keys::id, keys::created_at, keys::expires_at))
        .load(conn)
        .await?;
    let rows = rows.into_iter().filter_map(|(id, made, end)| {
        Some((id, Timestamp::from_millis(made), Timestamp::from_millis(end?)))
    });
    Ok(rows.collect())
}

/// Which of those warnings were not given yet.
pub async fn missing(conn: &mut Conn, all: Vec<Warning>) -> Result<Vec<Warning>, DbError> {
    let ids: Vec<i64> = all.iter().map(|warning| warning.key_id).collect();
    let given: Vec<(i64, i64, i64)> = key_warnings::table
        .filter(key_warnings::key_id.eq_any(ids))
        .limit(i64::from(u16::MAX))
        .load(conn)
        .await?;
    let is_given = |warning: &Warning| given.contains(&row(warning));
    Ok(all.into_iter().filter(|warning| !is_given(warning)).collect())
}

fn row(warning: &Warning) -> (i64, i64, i64) {
    (warning.key_id, warning.expires_at.as_millis(), warning.days)
}

/// Gives those warnings that nobody gave yet, of keys that still end then; which those were.
pub async fn give(
    conn: &mut Conn,
    now: Timestamp,
    warnings: Vec<Warning>,
) -> Result<Vec<Warning>, DbError> {
    let mut given = Vec::new();
    for warning in warnings {
        if is_due(conn, &warning).await? && note(conn, &warning).await? {
            let event = KeyEvent::Expiring { expires_at: warning.expires_at };
            key_events::write(conn, now, warning.key_id, &event).await?;
            given.push(warning);
        }
    }
    Ok(given)
}

async fn is_due(conn: &mut Conn, warning: &Warning) -> Result<bool, DbError> {
    let still = keys::table
        .find(warning.key_id)
        .filter(keys::state.eq(KeyState::Active.as_str()))
        .filter(keys::expires_at.eq(warning.expires_at.as_millis()));
    Ok(diesel::select(diesel::dsl::exists(still)).get_result(conn).await?)
}

async fn note(conn: &mut Conn, warning: &Warning) -> Result<bool, DbError> {
    let (key_id, expires_at, days) = row(warning);
    let row = (
        key_warnings::key_id.eq(key_id),
        key_warnings::expires_at.eq(expires_at),
        key_warnings::days.eq(days),
    );
    let insert = diesel::insert_into(key_warnings::table).values(row).on_conflict_do_nothing();
    Ok(insert.execute(conn).await? == 1)
}
