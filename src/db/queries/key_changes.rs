//! Which keys changed: written by the database's triggers, read by every process that remembers keys.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use crate::db::{DbError, schema::key_changes};

/// How many changes are kept; a process that is further behind forgets everything.
const KEPT: i64 = 10_000;

/// The number of the newest change; 0 before the first.
pub async fn newest(conn: &mut Conn) -> Result<i64, DbError> {
    let newest = key_changes::table.select(diesel::dsl::max(key_changes::seq));
    Ok(newest.first::<Option<i64>>(conn).await?.unwrap_or(0))
}

/// The number of the oldest change that is kept; nothing before the first.
pub async fn oldest(conn: &mut Conn) -> Result<Option<i64>, DbError> {
    let oldest = key_changes::table.select(diesel::dsl::min(key_changes::seq));
    Ok(oldest.first(conn).await?)
}

/// The changes after that number, oldest first, at most `limit`: the key's lookup, or nothing for all
/// keys.
pub async fn after(
    conn: &mut Conn,
    seq: i64,
    limit: i64,
) -> Result<Vec<(i64, Option<Vec<u8>>)>, DbError> {
    Ok(key_changes::table
        .filter(key_changes::seq.gt(seq))
        .order(key_changes::seq)
        .limit(limit)
        .select((key_changes::seq, key_changes::lookup))
        .load(conn)
        .await?)
}

/// Those of these changes that are there.
pub async fn among(conn: &mut Conn, seqs: &[i64]) -> Result<Vec<(i64, Option<Vec<u8>>)>, DbError> {
    Ok(key_changes::table
        .filter(key_changes::seq.eq_any(seqs))
        .select((key_changes::seq, key_changes::lookup))
        .load(conn)
        .await?)
}

/// Deletes the changes that everybody has read long ago; how many. Only what is older than `known`.
pub async fn purge(conn: &mut Conn, known: i64) -> Result<usize, DbError> {
    let before = newest(conn).await?.min(known) - KEPT;
    let old = key_changes::table.filter(key_changes::seq.le(before));
    Ok(diesel::delete(old).execute(conn).await?)
}
