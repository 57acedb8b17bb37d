//! Licenses as they stand.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{Conn, license_products::ProductRow};
use crate::{
    db::{
        DbError,
        license_outcomes::LicenseRecord,
        schema::{license_products as products, license_uses as uses, licenses as table},
    },
    domain::{
        licenses::{License, LicenseTerms, Offline},
        sealed::Sealed,
        timestamp::Timestamp,
    },
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = table)]
struct LicenseRow {
    id: i64,
    beginning: String,
    number: i64,
    sku: String,
    customer: String,
    email: String,
    cart_token: String,
    expires_at: Option<i64>,
    activation_limit: Option<i64>,
    domain_limit: Option<i64>,
    offline: Option<String>,
    created_at: i64,
    revoked_at: Option<i64>,
    version: i64,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = uses)]
struct UsesRow {
    last_activation: i64,
    activations: i64,
    domains: i64,
}

/// A row of the three tables that make a license.
type Joined = (LicenseRow, ProductRow, UsesRow);

/// The license of that key's hash.
pub async fn by_lookup(conn: &mut Conn, lookup: &[u8]) -> Result<Option<LicenseRecord>, DbError> {
    let found: Option<Joined> = table::table
        .inner_join(products::table)
        .inner_join(uses::table)
        .filter(table::lookup.eq(lookup))
        .select((LicenseRow::as_select(), ProductRow::as_select(), UsesRow::as_select()))
        .first(conn)
        .await
        .optional()?;
    found.map(record).transpose()
}

/// The license of that number.
pub async fn by_id(conn: &mut Conn, id: i64) -> Result<Option<License>, DbError> {
    Ok(record_of(conn, id).await?.map(|record| record.license))
}

pub(super) async fn record_of(conn: &mut Conn, id: i64) -> Result<Option<LicenseRecord>, DbError> {
    let found: Option<Joined> = table::table
        .inner_join(products::table)
        .inner_join(uses::table)
        .filter(table::id.eq(id))
        .select((LicenseRow::as_select(), ProductRow::as_select(), UsesRow::as_select()))
        .first(conn)
        .await
        .optional()?;
    found.map(record).transpose()
}

/// Those of these numbers, the highest first.
pub async fn by_ids(conn: &mut Conn, ids: &[i64]) -> Result<Vec<License>, DbError> {
    let found: Vec<Joined> = table::table
        .inner_join(products::table)
        .inner_join(uses::table)
        .filter(table::id.eq_any(ids))
        .order(table::id.desc())
        .select((LicenseRow::as_select(), ProductRow::as_select(), UsesRow::as_select()))
        .load(conn)
        .await?;
    found.into_iter().map(|joined| Ok(record(joined)?.license)).collect()
}

/// The numbers of the licenses after that one, the lowest first: for an export.
pub async fn ids_after(conn: &mut Conn, after: i64, limit: i64) -> Result<Vec<i64>, DbError> {
    let ids = table::table.filter(table::id.gt(after)).order(table::id).limit(limit);
    Ok(ids.select(table::id).load(conn).await?)
}

/// The sealed key of a license and the name it is sealed for, if its key is kept.
pub async fn sealed_key(conn: &mut Conn, id: i64) -> Result<Option<(Sealed, Vec<u8>)>, DbError> {
    let row = table::table.find(id).select((table::sealed, table::lookup));
    let row: Option<(Option<Vec<u8>>, Vec<u8>)> = row.first(conn).await.optional()?;
    Ok(row.and_then(|(sealed, lookup)| Some((Sealed::from_bytes(sealed?), lookup))))
}

fn record((row, product, uses): Joined) -> Result<LicenseRecord, DbError> {
    let offline = row
        .offline
        .as_deref()
        .map(|text| Offline::parse(text).ok_or(DbError::Corrupt("licenses.offline")));
    let terms = LicenseTerms {
        sku: row.sku,
        customer: row.customer,
        email: row.email,
        cart_token: row.cart_token,
        expires_at: row.expires_at.map(Timestamp::from_millis),
        activation_limit: row.activation_limit,
        domain_limit: row.domain_limit,
        offline: offline.transpose()?,
    };
    let license = License {
        id: row.id,
        beginning: row.beginning,
        number: row.number,
        terms,
        product: product.into(),
        created_at: Timestamp::from_millis(row.created_at),
        revoked_at: row.revoked_at.map(Timestamp::from_millis),
        activations: uses.activations,
        domains: uses.domains,
        version: row.version,
    };
    Ok(LicenseRecord { license, last_activation: uses.last_activation })
}
