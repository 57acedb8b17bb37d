//! The life of a delivery: claimed, sent, recorded; retried, cancelled, given up. What its end means for
//! the key is in `delivery_ends`.
//!
//! `due_at` is when a delivery may next be claimed: for one that waits, its next attempt; for one that
//! is being sent, the end of its lease. So a delivery whose worker died is claimed again by itself.
//! The attempt's number is the lease: whoever records a failure must still hold that number. A success
//! counts in any case, since the app has the keys.

use std::time::Duration;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{
    Conn,
    delivery_ends::{LIVE, SENDING, end},
    delivery_status::request_of,
    keys, other_pairs,
};
use crate::{
    db::{
        DbError,
        outcomes::{Cargo, Claim, Claimed, GivenUp, Recorded, Recording},
        schema::{deliveries, delivery_attempts},
    },
    domain::{
        authorize_request::AuthorizeRequest,
        delivery::{Attempted, DeliveryState, Kind, Lane, Next, after_failure},
        failure::Failure,
        key_event::Facts,
        sealed::Sealed,
        timestamp::Timestamp,
    },
};

/// How often a row is read again when another worker changed it in between (PostgreSQL only).
const RACES: usize = 3;

#[derive(Queryable, Selectable)]
#[diesel(table_name = deliveries)]
pub(super) struct DeliveryRow {
    pub id: String,
    kind: String,
    pub grant_id: String,
    pub key_id: i64,
    sealed: Option<Vec<u8>>,
    event: Option<String>,
    details: Option<String>,
    pub attempts: i64,
    pub failures: i64,
    due_at: i64,
    give_up_at: i64,
    created_at: i64,
}

impl DeliveryRow {
    pub(super) fn kind(&self) -> Result<Kind, DbError> {
        Kind::parse(&self.kind).ok_or(DbError::Corrupt("deliveries.kind"))
    }
}

/// Leases the pair's delivery that has been due longest, and opens what it hands over.
pub async fn claim(conn: &mut Conn, now: Timestamp, lease: Duration) -> Result<Claim, DbError> {
    claim_on(conn, now, lease, Lane::Pairs).await
}

/// Leases the delivery of a lane that has been due longest, and opens what it hands over.
pub async fn claim_on(
    conn: &mut Conn,
    now: Timestamp,
    lease: Duration,
    lane: Lane,
) -> Result<Claim, DbError> {
    let row = match first(conn, lane).await? {
        None => return Ok(Claim::Nothing(None)),
        Some(row) if row.due_at > now.as_millis() => {
            return Ok(Claim::Nothing(Some(Timestamp::from_millis(row.due_at))));
        }
        Some(row) => row,
    };
    if row.give_up_at <= now.as_millis() {
        return give_up(conn, now, &row).await;
    }
    let (request, cargo) = match payload(conn, &row).await {
        Ok(payload) => payload,
        // What cannot be read would be claimed again for ever, with all others behind it.
        Err(DbError::Corrupt(_)) => return give_up(conn, now, &row).await,
        Err(error) => return Err(error),
    };
    if !take_lease(conn, now, &row, now.plus(lease)).await? {
        return Ok(Claim::LostRace);
    }
    let attempt = begin_attempt(conn, now, &row).await?;
    let kind = row.kind()?;
    match kind {
        Kind::Keys => keys::open(conn, now, row.key_id).await?,
        Kind::Rotation => other_pairs::open_next(conn, now, row.key_id).await?,
        Kind::Event => {}
    }
    let DeliveryRow { id, grant_id, .. } = row;
    Ok(Claim::Got(Box::new(Claimed { id, kind, grant_id, attempt, request, cargo })))
}

async fn begin_attempt(conn: &mut Conn, now: Timestamp, row: &DeliveryRow) -> Result<i64, DbError> {
    let attempt = row.attempts + 1;
    let started = (
        delivery_attempts::delivery_id.eq(&row.id),
        delivery_attempts::number.eq(attempt),
        delivery_attempts::started_at.eq(now.as_millis()),
    );
    diesel::insert_into(delivery_attempts::table).values(started).execute(conn).await?;
    Ok(attempt)
}

/// Where to send, and what.
async fn payload(conn: &mut Conn, row: &DeliveryRow) -> Result<(AuthorizeRequest, Cargo), DbError> {
    let request = request_of(conn, &row.grant_id).await?;
    if row.kind()? == Kind::Event {
        return Ok((request, Cargo::Event(facts(row)?)));
    }
    let sealed = row.sealed.clone().ok_or(DbError::Corrupt("deliveries.sealed"))?;
    Ok((request, Cargo::Sealed(Sealed::from_bytes(sealed))))
}

fn facts(row: &DeliveryRow) -> Result<Facts, DbError> {
    let details = row.details.as_deref().and_then(|text| serde_json::from_str(text).ok());
    Ok(Facts {
        name: row.event.clone().ok_or(DbError::Corrupt("deliveries.event"))?,
        at: Timestamp::from_millis(row.created_at),
        key_id: row.key_id,
        details: details.ok_or(DbError::Corrupt("deliveries.details"))?,
    })
}

async fn give_up(conn: &mut Conn, now: Timestamp, row: &DeliveryRow) -> Result<Claim, DbError> {
    if end(conn, now, row, DeliveryState::Failed).await?.is_none() {
        return Ok(Claim::LostRace);
    }
    let (id, grant_id) = (row.id.clone(), row.grant_id.clone());
    Ok(Claim::GaveUp(GivenUp { id, kind: row.kind()?, grant_id, key_id: row.key_id }))
}

/// The first on a lane that is due or will be: a look into the index for each kind and state, however
/// many there are.
async fn first(conn: &mut Conn, lane: Lane) -> Result<Option<DeliveryRow>, DbError> {
    let mut first: Option<DeliveryRow> = None;
    for kind in lane.kinds() {
        for state in LIVE {
            let row: Option<DeliveryRow> = deliveries::table
                .filter(deliveries::kind.eq(kind.as_str()))
                .filter(deliveries::state.eq(state))
                .order(deliveries::due_at)
                .select(DeliveryRow::as_select())
                .first(conn)
                .await
                .optional()?;
            let due_at = first.as_ref().map_or(i64::MAX, |first| first.due_at);
            first = row.filter(|row| row.due_at < due_at).or(first);
        }
    }
    Ok(first)
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
) -> Result<Recording, DbError> {
    note_attempt(conn, now, id, attempt, attempted).await?;
    let key_id = deliveries::table.find(id).select(deliveries::key_id);
    let key_id = key_id.first(conn).await.optional()?.unwrap_or(0);
    let (recorded, replaced) = match &attempted.failure {
        None => delivered(conn, now, id).await?,
        Some(failure) => (failed(conn, now, (id, attempt), failure).await?, Vec::new()),
    };
    Ok(Recording { recorded, replaced, key_id })
}

async fn failed(
    conn: &mut Conn,
    now: Timestamp,
    (id, attempt): (&str, i64),
    failure: &Failure,
) -> Result<Recorded, DbError> {
    let Some(mut row) = leased(conn, id, attempt).await? else {
        return Ok(Recorded::Superseded);
    };
    row.failures += 1;
    let give_up_at = Timestamp::from_millis(row.give_up_at);
    let next = match failure {
        Failure::CannotOpen => Next::GiveUp,
        _ => after_failure(row.kind()?, row.failures, now, give_up_at),
    };
    match next {
        Next::GiveUp if end(conn, now, &row, DeliveryState::Failed).await?.is_some() => {
            Ok(Recorded::GaveUp)
        }
        Next::RetryAt(at) if wait_until(conn, &row, at).await? => Ok(Recorded::RetryAt(at)),
        _ => Ok(Recorded::Superseded),
    }
}

/// The app took it. That counts even if the attempt's lease had run out meanwhile.
async fn delivered(
    conn: &mut Conn,
    now: Timestamp,
    id: &str,
) -> Result<(Recorded, Vec<i64>), DbError> {
    let live = deliveries::table.find(id).filter(deliveries::state.eq_any(LIVE));
    for _ in 0..RACES {
        let row = live.clone().select(DeliveryRow::as_select()).first(conn).await.optional()?;
        let Some(row) = row else { break };
        if let Some(replaced) = end(conn, now, &row, DeliveryState::Delivered).await? {
            return Ok((Recorded::Delivered, replaced));
        }
    }
    Ok((Recorded::Superseded, Vec::new()))
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

/// The delivery of a grant's key.
async fn of_grant(conn: &mut Conn, grant_id: &str) -> Result<Option<String>, DbError> {
    let keys = deliveries::table
        .filter(deliveries::grant_id.eq(grant_id))
        .filter(deliveries::kind.eq(Kind::Keys.as_str()))
        .select(deliveries::id);
    Ok(keys.first(conn).await.optional()?)
}

/// Makes the waiting delivery of a grant's key due at once; whether it was waiting.
pub async fn retry_now(conn: &mut Conn, now: Timestamp, grant_id: &str) -> Result<bool, DbError> {
    match of_grant(conn, grant_id).await? {
        Some(id) => retry_one(conn, now, &id).await,
        None => Ok(false),
    }
}

/// Makes a waiting delivery due at once; whether it was waiting.
pub async fn retry_one(conn: &mut Conn, now: Timestamp, id: &str) -> Result<bool, DbError> {
    let waiting =
        deliveries::table.find(id).filter(deliveries::state.eq(DeliveryState::Waiting.as_str()));
    let due = deliveries::due_at.eq(now.as_millis());
    Ok(diesel::update(waiting).set(due).execute(conn).await? == 1)
}

/// Cancels the delivery of a grant's key if it is not over; whether it was not.
pub async fn cancel(conn: &mut Conn, now: Timestamp, grant_id: &str) -> Result<bool, DbError> {
    match of_grant(conn, grant_id).await? {
        Some(id) => cancel_one(conn, now, &id).await,
        None => Ok(false),
    }
}

/// Cancels a delivery that is not over; whether it was not.
pub async fn cancel_one(conn: &mut Conn, now: Timestamp, id: &str) -> Result<bool, DbError> {
    let live = deliveries::table
        .find(id)
        .filter(deliveries::state.eq_any(LIVE))
        .select(DeliveryRow::as_select());
    for _ in 0..RACES {
        let Some(row) = live.clone().first(conn).await.optional()? else {
            return Ok(false);
        };
        if end(conn, now, &row, DeliveryState::Cancelled).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
