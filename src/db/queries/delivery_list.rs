//! Lists of deliveries, newest first. Their ids begin with their time (UUID 7), so the order of ids is
//! the order in which they began.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{Conn, delivery_status::attempts_of};
use crate::{
    db::{
        DbError,
        outcomes::{Attempt, DeliveryFilter, DeliveryPage, DeliveryView},
        schema::{deliveries, grants},
    },
    domain::{
        callback_url::CallbackUrl,
        delivery::{DeliveryState, Kind},
        text,
        timestamp::Timestamp,
    },
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = deliveries)]
struct DeliveryRow {
    id: String,
    key_id: i64,
    grant_id: String,
    kind: String,
    event: Option<String>,
    state: String,
    failures: i64,
    created_at: i64,
    due_at: i64,
    ended_at: Option<i64>,
}

/// What is told of a delivery, and of its app: its name, and where its keys and its events go.
type Found = (DeliveryRow, String, String, Option<String>);

/// How many deliveries of each kind are not over, by state; what there is none of is not named.
pub async fn open_counts(conn: &mut Conn) -> Result<Vec<(Kind, DeliveryState, i64)>, DbError> {
    let (kinds, states) = (
        [Kind::Keys, Kind::Rotation, Kind::Event].map(Kind::as_str),
        [DeliveryState::Waiting, DeliveryState::Sending].map(DeliveryState::as_str),
    );
    let rows: Vec<(String, String, i64)> = deliveries::table
        .filter(deliveries::kind.eq_any(kinds))
        .filter(deliveries::state.eq_any(states))
        .group_by((deliveries::kind, deliveries::state))
        .select((deliveries::kind, deliveries::state, diesel::dsl::count_star()))
        .limit(6)
        .load(conn)
        .await?;
    let read = |(kind, state, count): (String, String, i64)| {
        let kind = Kind::parse(&kind).ok_or(DbError::Corrupt("deliveries.kind"))?;
        let state = DeliveryState::parse(&state).ok_or(DbError::Corrupt("deliveries.state"))?;
        Ok((kind, state, count))
    };
    rows.into_iter().map(read).collect()
}

/// A part of the list, before the id `before` if one is given.
pub async fn page(
    conn: &mut Conn,
    filter: &DeliveryFilter,
    before: Option<&str>,
    limit: usize,
) -> Result<DeliveryPage, DbError> {
    let mut rows = deliveries::table
        .inner_join(grants::table)
        .select((
            DeliveryRow::as_select(),
            grants::app_name,
            grants::callback_host,
            grants::events_url,
        ))
        .order(deliveries::id.desc())
        .limit(i64::try_from(limit).unwrap_or(i64::MAX - 1) + 1)
        .into_boxed();
    if let Some(key_id) = filter.key_id {
        rows = rows.filter(deliveries::key_id.eq(key_id));
    }
    if let Some(grant_id) = &filter.grant_id {
        rows = rows.filter(deliveries::grant_id.eq(grant_id));
    }
    if let Some(state) = filter.state {
        rows = rows.filter(deliveries::state.eq(state.as_str()));
    }
    if let Some(since) = filter.since {
        rows = rows.filter(deliveries::id.ge(first_id(since)));
    }
    if let Some(before) = before {
        rows = rows.filter(deliveries::id.lt(before));
    }
    let mut found: Vec<Found> = rows.load(conn).await?;
    let is_full = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| is_full).map(|found| found.0.id.clone());
    let deliveries = found.into_iter().map(view).collect::<Result<_, _>>()?;
    Ok(DeliveryPage { deliveries, next })
}

/// The delivery of that id with its attempts, oldest first.
pub async fn find(
    conn: &mut Conn,
    id: &str,
) -> Result<Option<(DeliveryView, Vec<Attempt>)>, DbError> {
    let found: Option<Found> = deliveries::table
        .inner_join(grants::table)
        .filter(deliveries::id.eq(id))
        .select((
            DeliveryRow::as_select(),
            grants::app_name,
            grants::callback_host,
            grants::events_url,
        ))
        .first(conn)
        .await
        .optional()?;
    match found {
        Some(found) => Ok(Some((view(found)?, attempts_of(conn, id).await?))),
        None => Ok(None),
    }
}

/// What no id of that time or later comes before (RFC 9562 §5.7: the first 48 bits are milliseconds).
fn first_id(since: Timestamp) -> String {
    let millis = u64::try_from(since.as_millis()).unwrap_or(0);
    format!("msg_{:08x}-{:04x}", millis >> 16, millis & 0xffff)
}

fn view((row, app_name, host, events_url): Found) -> Result<DeliveryView, DbError> {
    let kind = Kind::parse(&row.kind).ok_or(DbError::Corrupt("deliveries.kind"))?;
    let events = events_url.filter(|_| kind == Kind::Event);
    let events = events.and_then(|url| CallbackUrl::read(&url).ok());
    let host = events.map_or(host, |events| events.host());
    let state = DeliveryState::parse(&row.state).ok_or(DbError::Corrupt("deliveries.state"))?;
    let is_live = matches!(state, DeliveryState::Waiting | DeliveryState::Sending);
    Ok(DeliveryView {
        id: row.id,
        kind,
        event: row.event,
        key_id: row.key_id,
        grant_id: row.grant_id,
        app_name: text::shown_name(&app_name),
        host,
        state,
        failures: row.failures,
        created_at: Timestamp::from_millis(row.created_at),
        due_at: is_live.then(|| Timestamp::from_millis(row.due_at)),
        ended_at: row.ended_at.map(Timestamp::from_millis),
    })
}
