//! Named requests and their sealed answers.
//!
//! A request is noted by the transaction that does what it asks, first thing: of many at once one goes
//! on, and the others wait for it to end and find its answer. So there is nothing between "not done" and
//! "done and answered", and nothing to clean up after a crash.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use crate::{
    db::{DbError, outcomes::Remembered, schema::idempotency_keys as table},
    domain::{
        idempotency::{MEMORY, NamedRequest},
        sealed::Sealed,
        timestamp::Timestamp,
    },
};

/// Notes a request that is about to be carried out in this transaction, unless it was before.
pub async fn begin(
    conn: &mut Conn,
    now: Timestamp,
    request: &NamedRequest,
) -> Result<Remembered, DbError> {
    let old = table::table.find(&request.id).filter(table::created_at.le(forgotten_by(now)));
    diesel::delete(old).execute(conn).await?;
    let row = (
        table::id.eq(&request.id),
        table::request.eq(&request.request),
        table::created_at.eq(now.as_millis()),
    );
    let insert = diesel::insert_into(table::table).values(row).on_conflict_do_nothing();
    if insert.execute(conn).await? == 1 {
        return Ok(Remembered::Nothing);
    }
    find(conn, now, request).await
}

/// What is known of a request.
pub async fn find(
    conn: &mut Conn,
    now: Timestamp,
    request: &NamedRequest,
) -> Result<Remembered, DbError> {
    let row: Option<(Vec<u8>, Option<Vec<u8>>)> = table::table
        .find(&request.id)
        .filter(table::created_at.gt(forgotten_by(now)))
        .select((table::request, table::answer))
        .first(conn)
        .await
        .optional()?;
    match row {
        None => Ok(Remembered::Nothing),
        Some((asked, _)) if asked != request.request => Ok(Remembered::Another),
        Some((_, Some(answer))) => Ok(Remembered::Answered(Sealed::from_bytes(answer))),
        Some((_, None)) => Err(DbError::Corrupt("idempotency_keys.answer")),
    }
}

/// Keeps the answer to a request noted in this transaction.
pub async fn answer(
    conn: &mut Conn,
    request: &NamedRequest,
    sealed: &Sealed,
) -> Result<(), DbError> {
    let noted = diesel::update(table::table.find(&request.id).filter(table::answer.is_null()));
    noted.set(table::answer.eq(sealed.as_bytes())).execute(conn).await?;
    Ok(())
}

/// Takes the note of this transaction back: nothing was made.
pub async fn take_back(conn: &mut Conn, request: &NamedRequest) -> Result<(), DbError> {
    diesel::delete(table::table.find(&request.id)).execute(conn).await?;
    Ok(())
}

/// Deletes some answers that need not be known any more, the oldest first; how many.
pub async fn purge(conn: &mut Conn, now: Timestamp, most: i64) -> Result<usize, DbError> {
    let ids: Vec<Vec<u8>> = table::table
        .filter(table::created_at.le(forgotten_by(now)))
        .order(table::created_at)
        .limit(most)
        .select(table::id)
        .load(conn)
        .await?;
    Ok(diesel::delete(table::table.filter(table::id.eq_any(ids))).execute(conn).await?)
}

fn forgotten_by(now: Timestamp) -> i64 {
    now.minus(MEMORY).as_millis()
}
