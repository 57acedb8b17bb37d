//! The life of a delivery: claimed, sent, recorded; retried, cancelled, given up.
//!
//! `due_at` is when a delivery may next be claimed: for one that waits, its next attempt; for one that
//! is being sent, the end of its lease. So a delivery whose worker died is claimed again by itself.
//! The attempt's number is the lease: whoever records a failure must still hold that number. A success
//! counts in any case, since the app has the keys.

use std::time::Duration;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{Conn, delivery_status::request_of, keys};
use crate::{
    db::{
        DbError,
        outcomes::{Claim, Claimed, Recorded},
        schema::{deliveries, delivery_attempts},
    },
    domain::{
        authorize_request::AuthorizeRequest,
        delivery::{Attempted, DeliveryState, Next, after_failure},
        failure::Failure,
        sealed::Sealed,
        timestamp::Timestamp,
    },
};

const SENDING: &str = DeliveryState::Sending.as_str();
const LIVE: [&str; 2] = [DeliveryState::Waiting.as_str(), SENDING];

/// How often a row is read again when another worker changed it in between (PostgreSQL only).
const RACES: usize = 3;

#[derive(Queryable, Selectable)]
#[diesel(table_name = deliveries)]
struct DeliveryRow {
    id: String,
    grant_id: String,
    key_id: i64,
    sealed: Option<Vec<u8>>,
    attempts: i64,
    failures: i64,
    give_up_at: i64,
}

/// Leases the delivery that has been due longest, and opens its key.
pub async fn claim(conn: &mut Conn, now: Timestamp, lease: Duration) -> Result<Claim, DbError> {
    let Some(row) = longest_due(conn, now).await? else {
        return Ok(Claim::Nothing(next_due(conn).await?));
    };
    if row.give_up_at <= now.as_millis() {
        return give_up(conn, now, &row).await;
    }
    let (request, sealed) = match payload(conn, &row).await {
        Ok(payload) => payload,
        // What cannot be read would be claimed again for ever, with all others behind it.
        Err(DbError::Corrupt(_)) => return give_up(conn, now, &row).await,
        Err(error) => return Err(error),
    };
    if !take_lease(conn, now, &row, now.plus(lease)).await? {
        return Ok(Claim::LostRace);
    }
    let attempt = row.attempts + 1;
    let started = (
        delivery_attempts::delivery_id.eq(&row.id),
        delivery_attempts::number.eq(attempt),
        delivery_attempts::started_at.eq(now.as_millis()),
    );
    diesel::insert_into(delivery_attempts::table).values(started).execute(conn).await?;
    keys::open(conn, now, row.key_id).await?;
    Ok(Claim::Got(Box::new(Claimed {
        id: row.id,
        grant_id: row.grant_id,
        attempt,
        request,
        sealed,
    })))
}

/// Where to send, and what.
async fn payload(
    conn: &mut Conn,
    row: &DeliveryRow,
) -> Result<(AuthorizeRequest, Sealed), DbError> {
    let request = request_of(conn, &row.grant_id).await?;
    let sealed = row.sealed.clone().ok_or(DbError::Corrupt("deliveries.sealed"))?;
    Ok((request, Sealed::from_bytes(sealed)))
}

async fn give_up(conn: &mut Conn, now: Timestamp, row: &DeliveryRow) -> Result<Claim, DbError> {
    let ended = end(conn, now, row, DeliveryState::Failed).await?;
    Ok(if ended { Claim::GaveUp(row.grant_id.clone()) } else { Claim::LostRace })
}

async fn longest_due(conn: &mut Conn, now: Timestamp) -> Result<Option<DeliveryRow>, DbError> {
    Ok(deliveries::table
        .filter(deliveries::state.eq_any(LIVE))
        .filter(deliveries::due_at.le(now.as_millis()))
        .order(deliveries::due_at)
        .select(DeliveryRow::as_select())
        .first(conn)
        .await
        .optional()?)
}

async fn next_due(conn: &mut Conn) -> Result<Option<Timestamp>, DbError> {
    let earliest = deliveries::table
        .filter(deliveries::state.eq_any(LIVE))
        .select(diesel::dsl::min(deliveries::due_at));
    Ok(earliest.first::<Option<i64>>(conn).await?.map(Timestamp::from_millis))
}

/// Leases it if nobody else has claimed or ended it since it was read, or recorded a failure, after
/// which it is not due; whether that was so.
async fn take_lease(
    conn: &mut Conn,
    now: Timestamp,
    row: &DeliveryRow,
    until: Timestamp,
) -> Result<bool, DbError> {
    let unchanged = deliveries::table
        .find(&row.id)
        .filter(deliveries::state.eq_any(LIVE))
        .filter(deliveries::due_at.le(now.as_millis()))
        .filter(deliveries::attempts.eq(row.attempts));
    let values = (
        deliveries::state.eq(SENDING),
        deliveries::attempts.eq(row.attempts + 1),
        deliveries::due_at.eq(until.as_millis()),
    );
    Ok(diesel::update(unchanged).set(values).execute(conn).await? == 1)
}

/// Ends a delivery in `state`, wiping the sealed keys; on anything but success the key ends too.
/// Whether it was live and had the attempt count that was read.
async fn end(
    conn: &mut Conn,
    now: Timestamp,
    row: &DeliveryRow,
    state: DeliveryState,
) -> Result<bool, DbError> {
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
        return Ok(false);
    }
    match state {
        DeliveryState::Delivered => keys::activate(conn, row.key_id).await?,
        DeliveryState::Cancelled => {
            keys::revoke(conn, now, row.key_id, "delivery cancelled").await?
        }
        DeliveryState::Failed => keys::revoke(conn, now, row.key_id, "delivery failed").await?,
        DeliveryState::Waiting | DeliveryState::Sending => return Err(DbError::Corrupt("an end")),
    };
    Ok(true)
}

/// The delivery, if that attempt still holds its lease.
async fn leased(conn: &mut Conn, id: &str, attempt: i64) -> Result<Option<DeliveryRow>, DbError> {
    Ok(deliveries::table
        .find(id)
        .filter(deliveries::state.eq(SENDING))
        .filter(deliveries::attempts.eq(attempt))
        .select(DeliveryRow::as_select())
        .first(conn)
        .await
        .optional()?)
}

/// Records how an attempt ended.
pub async fn record(
    conn: &mut Conn,
    now: Timestamp,
    id: &str,
    attempt: i64,
    attempted: &Attempted,
) -> Result<Recorded, DbError> {
    note_attempt(conn, now, id, attempt, attempted).await?;
    let Some(failure) = &attempted.failure else {
        return delivered(conn, now, id).await;
    };
    let Some(mut row) = leased(conn, id, attempt).await? else {
        return Ok(Recorded::Superseded);
    };
    row.failures += 1;
    let give_up_at = Timestamp::from_millis(row.give_up_at);
    let next = match failure {
        Failure::CannotOpen => Next::GiveUp,
        _ => after_failure(row.failures, now, give_up_at),
    };
    match next {
        Next::GiveUp if end(conn, now, &row, DeliveryState::Failed).await? => Ok(Recorded::GaveUp),
        Next::RetryAt(at) if wait_until(conn, &row, at).await? => Ok(Recorded::RetryAt(at)),
        _ => Ok(Recorded::Superseded),
    }
}

/// The app took the keys. That counts even if the attempt's lease had run out meanwhile.
async fn delivered(conn: &mut Conn, now: Timestamp, id: &str) -> Result<Recorded, DbError> {
    let live = deliveries::table.find(id).filter(deliveries::state.eq_any(LIVE));
    for _ in 0..RACES {
        let row = live.clone().select(DeliveryRow::as_select()).first(conn).await.optional()?;
        let Some(row) = row else { break };
        if end(conn, now, &row, DeliveryState::Delivered).await? {
            return Ok(Recorded::Delivered);
        }
    }
    Ok(Recorded::Superseded)
}

async fn note_attempt(
    conn: &mut Conn,
    now: Timestamp,
    id: &str,
    attempt: i64,
    Attempted { failure, timeline }: &Attempted,
) -> Result<(), DbError> {
    let failure = failure.as_ref();
    let values = (
        delivery_attempts::ended_at.eq(now.as_millis()),
        delivery_attempts::outcome.eq(failure.map_or("delivered", Failure::code)),
        delivery_attempts::detail.eq(failure.map(Failure::detail)),
        delivery_attempts::timeline.eq(serde_json::to_string(timeline).ok()),
    );
    let attempt = delivery_attempts::table.find((id, attempt));
    diesel::update(attempt).set(values).execute(conn).await?;
    Ok(())
}

async fn wait_until(conn: &mut Conn, row: &DeliveryRow, at: Timestamp) -> Result<bool, DbError> {
    let held = deliveries::table
        .find(&row.id)
        .filter(deliveries::state.eq(SENDING))
        .filter(deliveries::attempts.eq(row.attempts));
    let values = (
        deliveries::state.eq(DeliveryState::Waiting.as_str()),
        deliveries::failures.eq(row.failures),
        deliveries::due_at.eq(at.as_millis()),
    );
    Ok(diesel::update(held).set(values).execute(conn).await? == 1)
}

/// Makes a waiting delivery due at once; whether it was waiting.
pub async fn retry_now(conn: &mut Conn, now: Timestamp, grant_id: &str) -> Result<bool, DbError> {
    let waiting = deliveries::table
        .filter(deliveries::grant_id.eq(grant_id))
        .filter(deliveries::state.eq(DeliveryState::Waiting.as_str()));
    let due = deliveries::due_at.eq(now.as_millis());
    Ok(diesel::update(waiting).set(due).execute(conn).await? == 1)
}

/// Cancels a delivery that is not over; whether it was not.
pub async fn cancel(conn: &mut Conn, now: Timestamp, grant_id: &str) -> Result<bool, DbError> {
    let live = deliveries::table
        .filter(deliveries::grant_id.eq(grant_id))
        .filter(deliveries::state.eq_any(LIVE))
        .select(DeliveryRow::as_select());
    for _ in 0..RACES {
        let Some(row) = live.clone().first(conn).await.optional()? else {
            return Ok(false);
        };
        if end(conn, now, &row, DeliveryState::Cancelled).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Calls off what hands a key over, if anything does: the key is about to end. The key itself is left
/// to the caller.
pub async fn call_off(conn: &mut Conn, now: Timestamp, key_id: i64) -> Result<(), DbError> {
    let live = deliveries::table
        .filter(deliveries::key_id.eq(key_id))
        .filter(deliveries::state.eq_any(LIVE));
    let values = (
        deliveries::state.eq(DeliveryState::Cancelled.as_str()),
        deliveries::sealed.eq(None::<Vec<u8>>),
        deliveries::ended_at.eq(now.as_millis()),
    );
    diesel::update(live).set(values).execute(conn).await?;
    Ok(())
}
