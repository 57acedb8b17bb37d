//! Where a delivery is, with what was asked and what was tried: for the people who wait for it.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use crate::{
    db::{
        DbError,
        outcomes::{Attempt, DeliveryStatus},
        schema::{deliveries, delivery_attempts, grants},
    },
    domain::{
        authorize_request::AuthorizeRequest,
        delivery::{DeliveryState, Kind},
        failure::Failure,
        parameters::Parameters,
        timestamp::Timestamp,
    },
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = grants)]
struct RequestRow {
    app_name: String,
    user_id: String,
    return_url: String,
    callback_url: String,
    scope: String,
    state: Option<String>,
    events_url: Option<String>,
}

/// What was asked for, as it was asked.
pub async fn request_of(conn: &mut Conn, grant_id: &str) -> Result<AuthorizeRequest, DbError> {
    let row = grants::table.find(grant_id).select(RequestRow::as_select()).first(conn).await?;
    let pairs = [
        ("app_name", row.app_name),
        ("user_id", row.user_id),
        ("return_url", row.return_url),
        ("callback_url", row.callback_url),
        ("scope", row.scope),
    ];
    let state = row.state.map(|state| ("state", state));
    let events = row.events_url.map(|url| ("events_url", url));
    let parameters = Parameters::of(pairs.into_iter().chain(state).chain(events));
    AuthorizeRequest::read(&parameters).map_err(|_| DbError::Corrupt("grants"))
}

/// Where the delivery of a grant's key is; nothing if there is no such grant.
pub async fn of_grant(conn: &mut Conn, grant_id: &str) -> Result<Option<DeliveryStatus>, DbError> {
    let id = deliveries::table
        .filter(deliveries::grant_id.eq(grant_id))
        .filter(deliveries::kind.eq(Kind::Keys.as_str()))
        .select(deliveries::id);
    match id.first::<String>(conn).await.optional()? {
        Some(id) => of(conn, &id).await,
        None => Ok(None),
    }
}

/// Where the delivery of a key's newest rotation is; nothing if it never had one.
pub async fn of_rotation(conn: &mut Conn, key_id: i64) -> Result<Option<DeliveryStatus>, DbError> {
    let id = deliveries::table
        .filter(deliveries::key_id.eq(key_id))
        .filter(deliveries::kind.eq(Kind::Rotation.as_str()))
        .order(deliveries::id.desc())
        .select(deliveries::id);
    match id.first::<String>(conn).await.optional()? {
        Some(id) => of(conn, &id).await,
        None => Ok(None),
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = deliveries)]
struct StatusRow {
    kind: String,
    grant_id: String,
    state: String,
    due_at: i64,
    give_up_at: i64,
    failures: i64,
}

/// Where a delivery is; nothing if there is no such.
pub async fn of(conn: &mut Conn, id: &str) -> Result<Option<DeliveryStatus>, DbError> {
    let found: Option<(StatusRow, i64)> = deliveries::table
        .inner_join(grants::table)
        .filter(deliveries::id.eq(id))
        .select((StatusRow::as_select(), grants::approved_by))
        .first(conn)
        .await
        .optional()?;
    let Some((row, approved_by)) = found else { return Ok(None) };
    Ok(Some(DeliveryStatus {
        id: id.to_owned(),
        kind: Kind::parse(&row.kind).ok_or(DbError::Corrupt("deliveries.kind"))?,
        approved_by,
        request: request_of(conn, &row.grant_id).await?,
        grant_id: row.grant_id,
        state: DeliveryState::parse(&row.state).ok_or(DbError::Corrupt("deliveries.state"))?,
        due_at: Timestamp::from_millis(row.due_at),
        give_up_at: Timestamp::from_millis(row.give_up_at),
        failures: row.failures,
        attempts: attempts_of(conn, id).await?,
    }))
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = delivery_attempts)]
struct AttemptRow {
    number: i64,
    started_at: i64,
    ended_at: Option<i64>,
    outcome: Option<String>,
    detail: Option<String>,
    timeline: Option<String>,
}

pub(super) async fn attempts_of(
    conn: &mut Conn,
    delivery_id: &str,
) -> Result<Vec<Attempt>, DbError> {
    let rows: Vec<AttemptRow> = delivery_attempts::table
        .filter(delivery_attempts::delivery_id.eq(delivery_id))
        .order(delivery_attempts::number)
        .limit(100)
        .select(AttemptRow::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(attempt).collect()
}

fn attempt(row: AttemptRow) -> Result<Attempt, DbError> {
    let unknown = || DbError::Corrupt("delivery_attempts.outcome");
    let detail = row.detail.unwrap_or_default();
    let failure = match row.outcome.as_deref() {
        None | Some("delivered") => None,
        Some(code) => Some(Failure::parse(code, &detail).ok_or_else(unknown)?),
    };
    Ok(Attempt {
        number: row.number,
        started_at: Timestamp::from_millis(row.started_at),
        ended_at: row.ended_at.map(Timestamp::from_millis),
        failure,
        // A newer version may have written steps that this one does not know.
        timeline: row.timeline.and_then(|text| serde_json::from_str(&text).ok()),
    })
}
