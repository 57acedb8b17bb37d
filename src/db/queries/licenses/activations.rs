//! Where licenses are activated.
//!
//! Whoever adds or takes away holds the license's row of `license_uses`, so that of many at once each sees what
//! those before did: a limit is never passed, on any number of nodes, and counts are always right.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{Conn, license_brought, licenses};
use crate::{
    db::{
        DbError,
        license_outcomes::{Activated, NewActivation},
        schema::{license_activations as table, license_uses as uses},
    },
    domain::{licenses::Activation, timestamp::Timestamp},
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = table)]
struct ActivationRow {
    id: i64,
    domain: String,
    activated_at: i64,
    seen_at: i64,
    address: Option<String>,
    client: Option<String>,
}

impl From<ActivationRow> for Activation {
    fn from(row: ActivationRow) -> Self {
        Self {
            id: row.id,
            domain: row.domain,
            activated_at: Timestamp::from_millis(row.activated_at),
            seen_at: Timestamp::from_millis(row.seen_at),
            address: row.address,
            client: row.client,
        }
    }
}

/// The activation of that id.
pub async fn find(
    conn: &mut Conn,
    license_id: i64,
    id: i64,
) -> Result<Option<Activation>, DbError> {
    let row = table::table.find((license_id, id)).select(ActivationRow::as_select());
    let row: Option<ActivationRow> = row.first(conn).await.optional()?;
    Ok(row.map(Activation::from))
}

/// The activation on that domain.
pub async fn on_domain(
    conn: &mut Conn,
    license_id: i64,
    domain: &str,
) -> Result<Option<Activation>, DbError> {
    let row: Option<ActivationRow> = table::table
        .filter(table::license_id.eq(license_id))
        .filter(table::domain.eq(domain).and(table::domain.ne("")))
        .select(ActivationRow::as_select())
        .first(conn)
        .await
        .optional()?;
    Ok(row.map(Activation::from))
}

/// Activations of a license, the newest first: those before that id.
pub async fn list(
    conn: &mut Conn,
    license_id: i64,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Activation>, DbError> {
    let rows: Vec<ActivationRow> = table::table
        .filter(table::license_id.eq(license_id))
        .filter(table::id.lt(before.unwrap_or(i64::MAX)))
        .order(table::id.desc())
        .limit(limit)
        .select(ActivationRow::as_select())
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(Activation::from).collect())
}

/// Activates a license, unless a limit is reached; the same domain again is the same activation.
pub async fn activate(
    conn: &mut Conn,
    now: Timestamp,
    new: NewActivation,
) -> Result<Activated, DbError> {
    let NewActivation { license_id, domain, address, client } = new;
    hold(conn, license_id).await?;
    let Some(record) = licenses::record_of(conn, license_id).await? else {
        return Ok(Activated::Over);
    };
    let license = record.license;
    if license.revoked_at.is_some() || license.has_expired(now) {
        return Ok(Activated::Over);
    }
    if let Some(there) = on_domain(conn, license_id, &domain).await? {
        see(conn, now, license_id, there.id).await?;
        return Ok(Activated::Before(there.id));
    }
    if let Some(limit) = license.is_full(!domain.is_empty()) {
        return Ok(Activated::Full(limit));
    }
    let id = now.as_seconds().max(record.last_activation + 1);
    insert(conn, now, license_id, (id, &domain), (address, client)).await?;
    count(conn, license_id, 1, i64::from(!domain.is_empty())).await?;
    advance(conn, license_id, id).await?;
    Ok(Activated::Now(id))
}

/// Writes activations that somebody brings along to a new license.
pub(super) async fn bring(
    conn: &mut Conn,
    now: Timestamp,
    license_id: i64,
    activations: &[(i64, String)],
) -> Result<(), DbError> {
    license_brought::insert(conn, now, license_id, activations).await?;
    let all = i64::try_from(activations.len()).unwrap_or(i64::MAX);
    let domains = activations.iter().filter(|(_, domain)| !domain.is_empty()).count();
    count(conn, license_id, all, i64::try_from(domains).unwrap_or(i64::MAX)).await?;
    let newest = activations.iter().map(|(id, _)| *id).max();
    advance(conn, license_id, newest.unwrap_or_default()).await
}

async fn insert(
    conn: &mut Conn,
    now: Timestamp,
    license_id: i64,
    (id, domain): (i64, &str),
    (address, client): (Option<String>, Option<String>),
) -> Result<(), DbError> {
    let at = Timestamp::from_millis(id.saturating_mul(1_000));
    let row = (
        table::license_id.eq(license_id),
        table::id.eq(id),
        table::domain.eq(domain),
        table::activated_at.eq(at.min(now).as_millis()),
        table::seen_at.eq(now.as_millis()),
        table::address.eq(address),
        table::client.eq(client),
    );
    diesel::insert_into(table::table).values(row).execute(conn).await?;
    Ok(())
}

/// Ids up to that one are given.
async fn advance(conn: &mut Conn, license_id: i64, id: i64) -> Result<(), DbError> {
    let older = uses::table.find(license_id).filter(uses::last_activation.lt(id));
    diesel::update(older).set(uses::last_activation.eq(id)).execute(conn).await?;
    Ok(())
}

/// Notes that an activation was seen, once a minute.
pub async fn see(conn: &mut Conn, now: Timestamp, license_id: i64, id: i64) -> Result<(), DbError> {
    let minute_ago = now.as_millis() - 60_000;
    let older = table::table.find((license_id, id)).filter(table::seen_at.le(minute_ago));
    diesel::update(older).set(table::seen_at.eq(now.as_millis())).execute(conn).await?;
    Ok(())
}

/// Takes an activation away; it, if it was there.
pub async fn deactivate(
    conn: &mut Conn,
    license_id: i64,
    id: i64,
) -> Result<Option<Activation>, DbError> {
    hold(conn, license_id).await?;
    let Some(there) = find(conn, license_id, id).await? else { return Ok(None) };
    diesel::delete(table::table.find((license_id, id))).execute(conn).await?;
    count(conn, license_id, -1, -i64::from(!there.domain.is_empty())).await?;
    Ok(Some(there))
}

/// Holds a license's counts until the transaction ends.
async fn hold(conn: &mut Conn, license_id: i64) -> Result<(), DbError> {
    let own = diesel::update(uses::table.find(license_id));
    own.set(uses::license_id.eq(license_id)).execute(conn).await?;
    Ok(())
}

async fn count(conn: &mut Conn, license_id: i64, all: i64, domains: i64) -> Result<(), DbError> {
    let values =
        (uses::activations.eq(uses::activations + all), uses::domains.eq(uses::domains + domains));
    diesel::update(uses::table.find(license_id)).set(values).execute(conn).await?;
    Ok(())
}

/// Activations of these licenses, for an export; those of each by their ids.
pub async fn of_licenses(
    conn: &mut Conn,
    license_ids: &[i64],
) -> Result<Vec<(i64, Activation)>, DbError> {
    let rows: Vec<(i64, ActivationRow)> = table::table
        .filter(table::license_id.eq_any(license_ids))
        .order((table::license_id, table::id))
        .select((table::license_id, ActivationRow::as_select()))
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(|(license_id, row)| (license_id, row.into())).collect())
}
