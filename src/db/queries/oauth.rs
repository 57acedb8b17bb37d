//! What OAuth 1.0a needs: sealed secrets, and the nonces that were used.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use crate::{
    db::{
        DbError,
        schema::{key_secrets, oauth_nonces},
    },
    domain::{sealed::Sealed, timestamp::Timestamp},
};

/// Keeps a key's secret, sealed.
pub async fn keep_secret(conn: &mut Conn, key_id: i64, sealed: &Sealed) -> Result<(), DbError> {
    let row = (key_secrets::key_id.eq(key_id), key_secrets::sealed.eq(sealed.as_bytes()));
    diesel::insert_into(key_secrets::table).values(row).execute(conn).await?;
    Ok(())
}

/// Wipes a key's secret.
pub async fn wipe_secret(conn: &mut Conn, key_id: i64) -> Result<(), DbError> {
    diesel::delete(key_secrets::table.find(key_id)).execute(conn).await?;
    Ok(())
}

/// Uses a nonce up, in one statement, so that of two processes only one does; whether it was unused.
pub async fn use_nonce(
    conn: &mut Conn,
    key_id: i64,
    nonce: &str,
    expires_at: Timestamp,
) -> Result<bool, DbError> {
    let row = (
        oauth_nonces::key_id.eq(key_id),
        oauth_nonces::nonce.eq(nonce),
        oauth_nonces::expires_at.eq(expires_at.as_millis()),
    );
    let insert = diesel::insert_into(oauth_nonces::table).values(row).on_conflict_do_nothing();
    Ok(insert.execute(conn).await? == 1)
}

/// Deletes nonces whose requests are too old by now, the oldest first, about `most`; how many. Whoever gets
/// none has deleted all.
pub async fn purge_nonces(conn: &mut Conn, now: Timestamp, most: i64) -> Result<usize, DbError> {
    let over = oauth_nonces::table.filter(oauth_nonces::expires_at.lt(now.as_millis()));
    let ends = over.order(oauth_nonces::expires_at).select(oauth_nonces::expires_at);
    let until: Option<i64> = ends.offset(most).first(conn).await.optional()?;
    let until = until.map_or(now.as_millis(), |at| at + 1);
    let oldest = oauth_nonces::table.filter(oauth_nonces::expires_at.lt(until));
    Ok(diesel::delete(oldest).execute(conn).await?)
}
