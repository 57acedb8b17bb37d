//! How deliveries end, and what that means: a key lives only if its app has it, a next pair too; an event
//! changes nothing.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{Conn, deliveries::DeliveryRow, keys, other_pairs, replacements, rotations};
use crate::{
    db::{DbError, schema::deliveries},
    domain::{
        delivery::{DeliveryState, Kind},
        timestamp::Timestamp,
    },
};

pub(super) const SENDING: &str = DeliveryState::Sending.as_str();
pub(super) const LIVE: [&str; 2] = [DeliveryState::Waiting.as_str(), SENDING];

/// Ends a delivery in `state`, wiping what was sealed; on anything but success what it would have handed
/// over ends too. Nothing if it was not live or has another attempt count than was read; else the keys
/// that were replaced.
pub(super) async fn end(
    conn: &mut Conn,
    now: Timestamp,
    row: &DeliveryRow,
    state: DeliveryState,
) -> Result<Option<Vec<i64>>, DbError> {
    let unchanged = deliveries::table
        .find(&row.id)
        .filter(deliveries::state.eq_any(LIVE))
        .filter(deliveries::attempts.eq(row.attempts));
    let values = (
        deliveries::state.eq(state.as_str()),
        deliveries::sealed.eq(None::<Vec<u8>>),
        deliveries::failures.eq(row.failures),
        deliveries::ended_at.eq(now.as_millis()),
    );
    if diesel::update(unchanged).set(values).execute(conn).await? == 0 {
        return Ok(None);
    }
    match (row.kind()?, state) {
        (_, DeliveryState::Waiting | DeliveryState::Sending) => Err(DbError::Corrupt("an end")),
        (Kind::Event, _) => Ok(Some(Vec::new())),
        (Kind::Keys, DeliveryState::Delivered) => handed_over(conn, now, row).await.map(Some),
        (Kind::Keys, _) => {
            let why = match state {
                DeliveryState::Cancelled => "delivery cancelled",
                _ => "delivery failed",
            };
            keys::revoke(conn, now, row.key_id, why).await?;
            Ok(Some(Vec::new()))
        }
        (Kind::Rotation, DeliveryState::Delivered) => {
            rotations::complete(conn, now, row.key_id).await?;
            Ok(Some(Vec::new()))
        }
        (Kind::Rotation, _) => {
            other_pairs::drop_next(conn, row.key_id).await?;
            Ok(Some(Vec::new()))
        }
    }
}

async fn handed_over(
    conn: &mut Conn,
    now: Timestamp,
    row: &DeliveryRow,
) -> Result<Vec<i64>, DbError> {
    if keys::activate(conn, row.key_id).await? {
        replacements::carry_out(conn, now, &row.grant_id, row.key_id).await
    } else {
        Ok(Vec::new())
    }
}

/// Holds the deliveries that hand a key over, before the key is held: whoever records an attempt holds
/// them in that order.
pub async fn hold_of_key(conn: &mut Conn, key_id: i64) -> Result<(), DbError> {
    let live = deliveries::table
        .filter(deliveries::key_id.eq(key_id))
        .filter(deliveries::state.eq_any(LIVE));
    diesel::update(live).set(deliveries::state.eq(deliveries::state)).execute(conn).await?;
    Ok(())
}

/// Calls off what hands a key or its next pair over, if anything does: the key is about to end. The key
/// itself is left to the caller. Events go on.
pub async fn call_off(conn: &mut Conn, now: Timestamp, key_id: i64) -> Result<(), DbError> {
    let live = deliveries::table
        .filter(deliveries::key_id.eq(key_id))
        .filter(deliveries::kind.ne(Kind::Event.as_str()))
        .filter(deliveries::state.eq_any(LIVE));
    let values = (
        deliveries::state.eq(DeliveryState::Cancelled.as_str()),
        deliveries::sealed.eq(None::<Vec<u8>>),
        deliveries::ended_at.eq(now.as_millis()),
    );
    diesel::update(live).set(values).execute(conn).await?;
    Ok(())
}
