//! Failed logins, counted before the password is looked at (see `domain::login_throttle`).

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use crate::{
    db::{DbError, outcomes::Admission, schema::login_failures},
    domain::{
        login_throttle::{Failures, MEMORY, Subject},
        timestamp::Timestamp,
    },
};

/// How often a count is tried again when another attempt was counted in between.
const TRIES: usize = 20;

/// Until when the subject has to wait, if it has to.
pub async fn wait(
    conn: &mut Conn,
    now: Timestamp,
    subject: Subject,
    key: &[u8],
) -> Result<Option<Timestamp>, DbError> {
    Ok(closed_until(subject, find(conn, key).await?, now))
}

fn closed_until(subject: Subject, known: Option<Failures>, now: Timestamp) -> Option<Timestamp> {
    known.and_then(|known| subject.open_from(known)).filter(|at| *at > now)
}

/// Counts an attempt as failed, unless the subject has to wait: then says until when.
pub async fn admit(
    conn: &mut Conn,
    now: Timestamp,
    subject: Subject,
    key: &[u8],
) -> Result<Admission, DbError> {
    for _ in 0..TRIES {
        let known = find(conn, key).await?;
        if let Some(at) = closed_until(subject, known, now) {
            return Ok(Admission::WaitUntil(at));
        }
        if count(conn, key, known, Failures::and_one_more(known, now)).await? {
            return Ok(Admission::Open);
        }
    }
    Ok(Admission::WaitUntil(now.plus(std::time::Duration::from_secs(1))))
}

async fn find(conn: &mut Conn, key: &[u8]) -> Result<Option<Failures>, DbError> {
    let row: Option<(i64, i64)> = login_failures::table
        .find(key)
        .select((login_failures::failures, login_failures::last_at))
        .first(conn)
        .await
        .optional()?;
    Ok(row.map(|(count, last_at)| Failures { count, last_at: Timestamp::from_millis(last_at) }))
}

/// Writes the new count if the known one still stands; whether it did.
async fn count(
    conn: &mut Conn,
    key: &[u8],
    known: Option<Failures>,
    new: Failures,
) -> Result<bool, DbError> {
    let values = (
        login_failures::failures.eq(new.count),
        login_failures::last_at.eq(new.last_at.as_millis()),
    );
    let Some(known) = known else {
        forget_old(conn, new.last_at).await?;
        let insert = diesel::insert_into(login_failures::table)
            .values((login_failures::subject.eq(key), values.0, values.1))
            .on_conflict_do_nothing();
        return Ok(insert.execute(conn).await? == 1);
    };
    let unchanged = login_failures::table
        .find(key)
        .filter(login_failures::failures.eq(known.count))
        .filter(login_failures::last_at.eq(known.last_at.as_millis()));
    Ok(diesel::update(unchanged).set(values).execute(conn).await? == 1)
}

/// Each new subject takes the outlived ones out, so that strangers cannot fill the table for good.
async fn forget_old(conn: &mut Conn, now: Timestamp) -> Result<(), DbError> {
    let old = login_failures::last_at.lt(now.minus(MEMORY).as_millis());
    diesel::delete(login_failures::table.filter(old)).execute(conn).await?;
    Ok(())
}

/// The login was right: the account's failures are forgotten, the address gets this one back.
pub async fn forgive(conn: &mut Conn, account: &[u8], address: &[u8]) -> Result<(), DbError> {
    diesel::delete(login_failures::table.find(account)).execute(conn).await?;
    diesel::update(login_failures::table.find(address))
        .set(login_failures::failures.eq(login_failures::failures - 1))
        .execute(conn)
        .await?;
    let spotless = login_failures::table.find(address).filter(login_failures::failures.le(0));
    diesel::delete(spotless).execute(conn).await?;
    Ok(())
}
