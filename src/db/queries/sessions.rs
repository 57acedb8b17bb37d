//! Sessions, found by the keyed hash of their id.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{Conn, users::UserRow};
use crate::{
    db::{
        DbError,
        outcomes::StoredSession,
        schema::{sessions, users},
    },
    domain::{session, timestamp::Timestamp},
};

/// Begins a session, ends the one it replaces, and sweeps out those that are over.
pub async fn begin(
    conn: &mut Conn,
    now: Timestamp,
    user_id: i64,
    id_hash: &[u8],
    replaces: Option<&[u8]>,
) -> Result<(), DbError> {
    // One statement, so that logins at the same time lock what is over in one and the same order.
    let replaced = sessions::id_hash.eq(replaces.unwrap_or_default());
    let idle = sessions::last_used_at.lt(now.minus(session::IDLE).as_millis());
    let old = sessions::created_at.lt(now.minus(session::ABSOLUTE).as_millis());
    diesel::delete(sessions::table.filter(replaced.or(idle).or(old))).execute(conn).await?;
    let row = (
        sessions::id_hash.eq(id_hash),
        sessions::user_id.eq(user_id),
        sessions::created_at.eq(now.as_millis()),
        sessions::last_used_at.eq(now.as_millis()),
    );
    diesel::insert_into(sessions::table).values(row).execute(conn).await?;
    Ok(())
}

/// The session of that id, whatever its age.
pub async fn find(conn: &mut Conn, id_hash: &[u8]) -> Result<Option<StoredSession>, DbError> {
    let found: Option<(UserRow, i64, i64)> = sessions::table
        .inner_join(users::table)
        .filter(sessions::id_hash.eq(id_hash))
        .select((UserRow::as_select(), sessions::created_at, sessions::last_used_at))
        .first(conn)
        .await
        .optional()?;
    found
        .map(|(row, created_at, last_used_at)| {
            Ok(StoredSession {
                user: row.into_user()?,
                created_at: Timestamp::from_millis(created_at),
                last_used_at: Timestamp::from_millis(last_used_at),
            })
        })
        .transpose()
}

/// Notes that a session was used; whether it is still there.
pub async fn touch(conn: &mut Conn, now: Timestamp, id_hash: &[u8]) -> Result<bool, DbError> {
    let rows = diesel::update(sessions::table.find(id_hash))
        .set(sessions::last_used_at.eq(now.as_millis()))
        .execute(conn)
        .await?;
    Ok(rows == 1)
}

/// Ends a session.
pub async fn end(conn: &mut Conn, id_hash: &[u8]) -> Result<(), DbError> {
    diesel::delete(sessions::table.find(id_hash)).execute(conn).await?;
    Ok(())
}
