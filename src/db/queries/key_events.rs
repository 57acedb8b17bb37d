//! Writes what apps are told of their keys, in the transaction that it happens in.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use crate::{
    db::{
        DbError,
        schema::{deliveries, grants, keys},
    },
    domain::{
        delivery::{DeliveryState, EVENT_GIVE_UP_AFTER, Kind},
        key_event::KeyEvent,
        timestamp::Timestamp,
    },
};

/// Writes an event for the key's app, if it wants to hear of any. That it is written once is for whoever
/// writes it: each does so after a guarded change of its own.
pub async fn write(
    conn: &mut Conn,
    now: Timestamp,
    key_id: i64,
    event: &KeyEvent,
) -> Result<(), DbError> {
    let grant_id: Option<String> = keys::table
        .inner_join(grants::table)
        .filter(keys::id.eq(key_id))
        .filter(grants::events_url.is_not_null())
        .select(grants::id)
        .first(conn)
        .await
        .optional()?;
    let Some(grant_id) = grant_id else { return Ok(()) };
    for turn in 0..=u8::MAX {
        if insert(conn, now, (key_id, &grant_id), event, turn).await? {
            return Ok(());
        }
    }
    Err(DbError::Corrupt("deliveries.id"))
}

/// Writes it under the id of that turn, if that is free; whether it was.
async fn insert(
    conn: &mut Conn,
    now: Timestamp,
    (key_id, grant_id): (i64, &str),
    event: &KeyEvent,
    turn: u8,
) -> Result<bool, DbError> {
    let row = (
        deliveries::id.eq(event.id(grant_id, now, turn)),
        deliveries::kind.eq(Kind::Event.as_str()),
        deliveries::grant_id.eq(grant_id),
        deliveries::key_id.eq(key_id),
        deliveries::state.eq(DeliveryState::Waiting.as_str()),
        deliveries::event.eq(event.name()),
        deliveries::details.eq(event.details().to_string()),
        deliveries::attempts.eq(0),
        deliveries::failures.eq(0),
        deliveries::due_at.eq(now.as_millis()),
        deliveries::give_up_at.eq(now.plus(EVENT_GIVE_UP_AFTER).as_millis()),
        deliveries::created_at.eq(now.as_millis()),
    );
    let insert = diesel::insert_into(deliveries::table).values(row).on_conflict_do_nothing();
    Ok(insert.execute(conn).await? == 1)
}
