//! The generations of the signing key (see `domain::signing_key`). Rows are never deleted.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use crate::{
    db::{DbError, outcomes::Rotated, schema::signing_keys},
    domain::{signing_key::Generation, timestamp::Timestamp},
};

type Row = (i64, i64, Option<i64>);

/// More than anybody ever makes.
const MOST: i64 = 10_000;

/// All generations, newest first.
pub async fn all(conn: &mut Conn) -> Result<Vec<Generation>, DbError> {
    let rows: Vec<Row> =
        signing_keys::table.order(signing_keys::generation.desc()).limit(MOST).load(conn).await?;
    rows.into_iter().map(generation).collect()
}

/// Those that sign at that time, newest first.
pub async fn in_use(conn: &mut Conn, now: Timestamp) -> Result<Vec<Generation>, DbError> {
    let rows: Vec<Row> = signing_keys::table
        .filter(signing_keys::retired_at.is_null().or(signing_keys::retired_at.gt(now.as_millis())))
        .order(signing_keys::generation.desc())
        .limit(MOST)
        .load(conn)
        .await?;
    rows.into_iter().map(generation).collect()
}

fn generation((number, created_at, retired_at): Row) -> Result<Generation, DbError> {
    let number = u32::try_from(number).map_err(|_| DbError::Corrupt("signing_keys.generation"))?;
    let created_at = Timestamp::from_millis(created_at);
    Ok(Generation { number, created_at, retired_at: retired_at.map(Timestamp::from_millis) })
}

/// Makes the generation after `newest`, if that one still is; all others retire at `retire_at` at the
/// latest.
pub async fn rotate(
    conn: &mut Conn,
    now: Timestamp,
    newest: u32,
    retire_at: Timestamp,
) -> Result<Rotated, DbError> {
    let retired = signing_keys::retired_at.eq(retire_at.as_millis());
    let still_newest =
        signing_keys::table.find(i64::from(newest)).filter(signing_keys::retired_at.is_null());
    if diesel::update(still_newest).set(retired).execute(conn).await? == 0 {
        return Ok(Rotated::LostRace);
    }
    let outlive = signing_keys::table.filter(signing_keys::retired_at.gt(retire_at.as_millis()));
    diesel::update(outlive).set(retired).execute(conn).await?;
    let next = newest.checked_add(1).ok_or(DbError::Corrupt("signing_keys.generation"))?;
    diesel::insert_into(signing_keys::table)
        .values((
            signing_keys::generation.eq(i64::from(next)),
            signing_keys::created_at.eq(now.as_millis()),
        ))
        .execute(conn)
        .await?;
    Ok(Rotated::To(next))
}
