//! Tokens that open one license, found by the keyed hash of the token.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use crate::{
    db::{
        DbError,
        license_outcomes::{LicenseToken, NewLicenseToken},
        schema::{license_tokens as table, license_uses as uses, licenses},
    },
    domain::{keyring::Lookup, timestamp::Timestamp},
};

/// Writes a token.
pub async fn insert(conn: &mut Conn, now: Timestamp, new: NewLicenseToken) -> Result<(), DbError> {
    let row = (
        table::lookup.eq(&new.lookup[..]),
        table::license_id.eq(new.license_id),
        table::created_at.eq(now.as_millis()),
        table::expires_at.eq(new.expires_at.map(Timestamp::as_millis)),
    );
    diesel::insert_into(table::table).values(row).execute(conn).await?;
    Ok(())
}

/// The token of that hash.
pub async fn by_lookup(conn: &mut Conn, lookup: &[u8]) -> Result<Option<LicenseToken>, DbError> {
    let found: Option<(Vec<u8>, Option<i64>, i64, Option<i64>, i64)> = table::table
        .inner_join(licenses::table)
        .inner_join(uses::table)
        .filter(table::lookup.eq(lookup))
        .select((
            licenses::lookup,
            table::expires_at,
            table::created_at,
            licenses::revoked_at,
            uses::tokens_from,
        ))
        .first(conn)
        .await
        .optional()?;
    let Some((license, expires_at, created_at, revoked_at, tokens_from)) = found else {
        return Ok(None);
    };
    let license = Lookup::try_from(license).map_err(|_| DbError::Corrupt("licenses.lookup"))?;
    Ok(Some(LicenseToken {
        license,
        expires_at: expires_at.map(Timestamp::from_millis),
        is_dead: revoked_at.is_some() || created_at <= tokens_from,
    }))
}

/// Deletes the tokens of a license.
pub(super) async fn end_all(conn: &mut Conn, license_id: i64) -> Result<(), DbError> {
    let own = table::table.filter(table::license_id.eq(license_id));
    diesel::delete(own).execute(conn).await?;
    Ok(())
}

/// Deletes tokens that ended before then, the oldest first, at most that many; how many.
pub async fn purge(conn: &mut Conn, before: Timestamp, most: i64) -> Result<usize, DbError> {
    let over = table::table.filter(table::expires_at.lt(before.as_millis()));
    let over = over.order(table::expires_at).limit(most).select(table::lookup);
    let over: Vec<Vec<u8>> = over.load(conn).await?;
    Ok(diesel::delete(table::table.filter(table::lookup.eq_any(over))).execute(conn).await?)
}
