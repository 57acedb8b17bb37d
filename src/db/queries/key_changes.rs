//! Which keys changed: written by the database's triggers, read by every process that remembers keys.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use crate::{
    db::{DbError, outcomes::ChangedKey, schema::key_changes},
    domain::timestamp::Timestamp,
};

/// How many changes are kept; a process that is further behind forgets everything.
const KEPT: i64 = 10_000;

/// The number of the newest change; 0 before the first.
pub async fn newest(conn: &mut Conn) -> Result<i64, DbError> {
    let newest = key_changes::table.select(diesel::dsl::max(key_changes::seq));
    Ok(newest.first::<Option<i64>>(conn).await?.unwrap_or(0))
}

/// The numbers of the oldest and the newest change that are kept; nothing before the first.
pub async fn kept(conn: &mut Conn) -> Result<Option<(i64, i64)>, DbError> {
    use diesel::dsl::{max, min};
    let ends = key_changes::table.select((min(key_changes::seq), max(key_changes::seq)));
    let (oldest, newest): (Option<i64>, Option<i64>) = ends.first(conn).await?;
    Ok(oldest.zip(newest))
}

/// The changes after that number, oldest first, at most `limit`.
pub async fn after(conn: &mut Conn, seq: i64, limit: i64) -> Result<Vec<ChangedKey>, DbError> {
    let changes = key_changes::table
        .filter(key_changes::seq.gt(seq))
        .order(key_changes::seq)
        .limit(limit)
        .select(COLUMNS)
        .load(conn)
        .await?;
    Ok(changes.into_iter().map(change).collect())
}

/// Those of these changes that are there.
pub async fn among(conn: &mut Conn, seqs: &[i64]) -> Result<Vec<ChangedKey>, DbError> {
    let these = key_changes::table.filter(key_changes::seq.eq_any(seqs));
    let changes = these.select(COLUMNS).load(conn).await?;
    Ok(changes.into_iter().map(change).collect())
}

const COLUMNS: (key_changes::seq, key_changes::lookup, key_changes::at) =
    (key_changes::seq, key_changes::lookup, key_changes::at);

fn change((seq, lookup, at): (i64, Option<Vec<u8>>, i64)) -> ChangedKey {
    ChangedKey { seq, lookup, at: Timestamp::from_millis(at) }
}

/// Deletes the changes that everybody has read long ago; how many. Only what is older than `known`.
pub async fn purge(conn: &mut Conn, known: i64) -> Result<usize, DbError> {
    let before = newest(conn).await?.min(known) - KEPT;
    let old = key_changes::table.filter(key_changes::seq.le(before));
    Ok(diesel::delete(old).execute(conn).await?)
}
