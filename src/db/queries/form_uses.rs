//! Forms that were taken, which are not taken twice. They stand among the idempotency keys, since they
//! are the same: an id that makes something once.

use std::time::Duration;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use crate::{
    db::{DbError, schema::idempotency_keys},
    domain::{keyring::Lookup, timestamp::Timestamp},
};

/// How long a form is remembered: longer than it may be sent.
const REMEMBERED: Duration = Duration::from_hours(48);

/// How many forgotten ones are swept out at a time.
const SWEEP: i64 = 100;

/// Takes a form; whether this was the first time.
pub async fn take(conn: &mut Conn, now: Timestamp, id: Lookup) -> Result<bool, DbError> {
    let row = (
        idempotency_keys::id.eq(&id[..]),
        idempotency_keys::request.eq(&b"form"[..]),
        idempotency_keys::created_at.eq(now.as_millis()),
    );
    let rows = diesel::insert_into(idempotency_keys::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    let old: Vec<Vec<u8>> = idempotency_keys::table
        .filter(idempotency_keys::created_at.lt(now.minus(REMEMBERED).as_millis()))
        .select(idempotency_keys::id)
        .limit(SWEEP)
        .load(conn)
        .await?;
    let old = idempotency_keys::table.filter(idempotency_keys::id.eq_any(old));
    diesel::delete(old).execute(conn).await?;
    Ok(rows == 1)
}
