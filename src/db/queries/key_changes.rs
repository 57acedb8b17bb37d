//! Which keys changed: written by the database's triggers, read by every process that remembers keys.

use diesel::{dsl::sql, expression::SqlLiteral, prelude::*, sql_types::BigInt};
use diesel_async::RunQueryDsl;

use super::{Backend, CLOCK, Conn, NEXT_TRANSACTION, OLDEST_TRANSACTION};
use crate::{
    db::{
        DbError,
        outcomes::{ChangedKey, HeardChanges, Snapshot},
        schema::key_changes,
    },
    domain::timestamp::Timestamp,
};

/// How many changes are kept; a process that is further behind forgets everything.
const KEPT: i64 = 10_000;

/// The number of the newest change; 0 before the first.
pub async fn newest(conn: &mut Conn) -> Result<i64, DbError> {
    let newest = key_changes::table.select(diesel::dsl::max(key_changes::seq));
    Ok(newest.first::<Option<i64>>(conn).await?.unwrap_or(0))
}

/// The changes from that number on, at most `limit`.
pub async fn from(conn: &mut Conn, seq: i64, limit: i64) -> Result<HeardChanges, DbError> {
    let rows = key_changes::table
        .filter(key_changes::seq.ge(seq))
        .order(key_changes::seq)
        .limit(limit)
        .select(columns())
        .load(conn)
        .await?;
    Ok(heard(rows))
}

/// The changes within these ranges, their ends included, at most `limit`.
pub async fn within(
    conn: &mut Conn,
    ranges: &[(i64, i64)],
    limit: i64,
) -> Result<HeardChanges, DbError> {
    let mut query = key_changes::table.select(columns()).into_boxed::<Backend>();
    for (start, end) in ranges {
        query = query.or_filter(key_changes::seq.between(*start, *end));
    }
    Ok(heard(query.order(key_changes::seq).limit(limit).load(conn).await?))
}

type Row = (i64, Option<Vec<u8>>, i64, i64, i64, i64);

type Columns = (
    key_changes::seq,
    key_changes::lookup,
    key_changes::at,
    SqlLiteral<BigInt>,
    SqlLiteral<BigInt>,
    SqlLiteral<BigInt>,
);

/// A change, and what the database knew when it was read: the same in each row.
fn columns() -> Columns {
    let [clock, oldest, next] = [CLOCK, OLDEST_TRANSACTION, NEXT_TRANSACTION].map(sql::<BigInt>);
    (key_changes::seq, key_changes::lookup, key_changes::at, clock, oldest, next)
}

/// Without any row nothing can have been jumped over, and nothing took its time.
fn heard(rows: Vec<Row>) -> HeardChanges {
    let (clock, oldest, next) = rows
        .as_slice()
        .first()
        .map_or((0, 0, 0), |(.., clock, oldest, next)| (*clock, *oldest, *next));
    let change = |(seq, lookup, at, ..): Row| {
        let at = Timestamp::from_millis(at);
        ChangedKey { seq, lookup, at }
    };
    HeardChanges {
        changes: rows.into_iter().map(change).collect(),
        clock: Timestamp::from_millis(clock),
        snapshot: Snapshot { oldest, next },
    }
}

/// Deletes the changes that everybody has read long ago; how many. Only what is older than `known`.
pub async fn purge(conn: &mut Conn, known: i64) -> Result<usize, DbError> {
    let before = newest(conn).await?.min(known) - KEPT;
    let old = key_changes::table.filter(key_changes::seq.le(before));
    Ok(diesel::delete(old).execute(conn).await?)
}
