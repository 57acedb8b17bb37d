//! Sessions, found by the keyed hash of their id.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{
    Conn,
    users::{self as user_queries, UserRow},
};
use crate::{
    db::{
        DbError,
        outcomes::{BegunSession, SessionRow, StoredSession},
        schema::{sessions, users},
    },
    domain::{session, timestamp::Timestamp},
};

/// Begins a session, ends the one it replaces, and sweeps out those that are over.
///
/// Not if the user was shut out meanwhile, or has another password than the one that was checked: then
/// nothing is written, and it says no.
pub async fn begin(conn: &mut Conn, now: Timestamp, new: BegunSession) -> Result<bool, DbError> {
    let is_still_so = match &new.password_hash {
        Some(hash) => user_queries::hold_with_password(conn, new.user_id, hash).await?,
        None => user_queries::hold(conn, new.user_id).await?,
    };
    if !is_still_so {
        return Ok(false);
    }
    // One statement, so that logins at the same time lock what is over in one and the same order.
    let replaced = sessions::id_hash.eq(new.replaces.map(Vec::from).unwrap_or_default());
    let idle = sessions::last_used_at.lt(now.minus(session::IDLE).as_millis());
    let old = sessions::created_at.lt(now.minus(session::ABSOLUTE).as_millis());
    diesel::delete(sessions::table.filter(replaced.or(idle).or(old))).execute(conn).await?;
    let row = (
        sessions::id_hash.eq(&new.id_hash[..]),
        sessions::user_id.eq(new.user_id),
        sessions::created_at.eq(now.as_millis()),
        sessions::last_used_at.eq(now.as_millis()),
        sessions::address.eq(&new.address),
        sessions::client.eq(&new.client),
    );
    diesel::insert_into(sessions::table).values(row).execute(conn).await?;
    Ok(true)
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

/// A user's sessions that are not over, the one used last first, a hundred at most.
pub async fn of_user(
    conn: &mut Conn,
    now: Timestamp,
    user_id: i64,
) -> Result<Vec<SessionRow>, DbError> {
    let rows: Vec<(Vec<u8>, i64, i64, String, Option<String>)> = sessions::table
        .filter(sessions::user_id.eq(user_id))
        .filter(sessions::last_used_at.gt(now.minus(session::IDLE).as_millis()))
        .filter(sessions::created_at.gt(now.minus(session::ABSOLUTE).as_millis()))
        .order(sessions::last_used_at.desc())
        .limit(100)
        .select((
            sessions::id_hash,
            sessions::created_at,
            sessions::last_used_at,
            sessions::address,
            sessions::client,
        ))
        .load(conn)
        .await?;
    let session = |(id_hash, created_at, last_used_at, address, client)| SessionRow {
        id_hash,
        created_at: Timestamp::from_millis(created_at),
        last_used_at: Timestamp::from_millis(last_used_at),
        address,
        client,
    };
    Ok(rows.into_iter().map(session).collect())
}

/// Ends a user's sessions but for one; how many.
pub async fn end_others(conn: &mut Conn, user_id: i64, but: &[u8]) -> Result<usize, DbError> {
    let others =
        sessions::table.filter(sessions::user_id.eq(user_id)).filter(sessions::id_hash.ne(but));
    Ok(diesel::delete(others).execute(conn).await?)
}

/// Ends a session; whether it was there.
pub async fn end(conn: &mut Conn, id_hash: &[u8]) -> Result<bool, DbError> {
    Ok(diesel::delete(sessions::table.find(id_hash)).execute(conn).await? == 1)
}
