//! Which keys end when a grant's key was delivered: noted with the approval, carried out with the
//! delivery.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{Conn, key_edits};
use crate::{
    db::{
        DbError,
        schema::{grants, keys, replacements},
    },
    domain::{key::KeyState, timestamp::Timestamp},
};

/// How much of an app's `user_id` is indexed, in characters.
const START: usize = 100;

/// How many keys one approval replaces at most: the newest.
const MOST: i64 = 50;

/// The indexed beginning of a `user_id`.
pub fn start_of(user_id: &str) -> String {
    user_id.chars().take(START).collect()
}

/// The live keys that this app already has for this user of its own, newest first.
pub async fn same_connection(
    conn: &mut Conn,
    now: Timestamp,
    callback_host: &str,
    user_id: &str,
) -> Result<Vec<i64>, DbError> {
    let unexpired = keys::expires_at.is_null().or(keys::expires_at.gt(now.as_millis()));
    Ok(keys::table
        .inner_join(grants::table)
        .filter(grants::callback_host.eq(callback_host))
        .filter(grants::user_start.eq(start_of(user_id)))
        .filter(grants::user_id.eq(user_id))
        .filter(keys::state.eq(KeyState::Active.as_str()))
        .filter(unexpired.assume_not_null())
        .order(keys::id.desc())
        .limit(MOST)
        .select(keys::id)
        .load(conn)
        .await?)
}

/// Notes what a grant's key takes the place of: keys and their owners.
pub async fn note(
    conn: &mut Conn,
    grant_id: &str,
    replaced: Vec<(i64, i64)>,
) -> Result<(), DbError> {
    for (key_id, owner_id) in replaced {
        let row = (
            replacements::grant_id.eq(grant_id),
            replacements::key_id.eq(key_id),
            replacements::owner_id.eq(owner_id),
        );
        diesel::insert_into(replacements::table).values(row).execute(conn).await?;
    }
    Ok(())
}

/// Ends what the key takes the place of; those that were live and still their owners'.
pub async fn carry_out(
    conn: &mut Conn,
    now: Timestamp,
    grant_id: &str,
    key_id: i64,
) -> Result<Vec<i64>, DbError> {
    let noted: Vec<(i64, i64)> = replacements::table
        .filter(replacements::grant_id.eq(grant_id))
        .order(replacements::key_id)
        .limit(MOST)
        .select((replacements::key_id, replacements::owner_id))
        .load(conn)
        .await?;
    key_edits::revoke_all(conn, now, noted, &format!("replaced by key {key_id}")).await
}
