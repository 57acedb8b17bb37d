//! API tokens, found by the keyed hash of the token.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{Conn, users::UserRow};
use crate::{
    db::{
        DbError,
        outcomes::{ApiTokenRow, NewApiToken},
        schema::{api_tokens, users},
    },
    domain::timestamp::Timestamp,
};

/// How many tokens are listed at most.
const MOST: i64 = 1_000;

#[derive(Queryable, Selectable)]
#[diesel(table_name = api_tokens)]
struct TokenRow {
    id: i64,
    name: String,
    ending: String,
    created_at: i64,
    expires_at: Option<i64>,
    last_used_at: i64,
    revoked_at: Option<i64>,
}

/// Makes a token for a user who is not shut out; its number, or nothing if there is none.
pub async fn insert(
    conn: &mut Conn,
    now: Timestamp,
    new: NewApiToken,
) -> Result<Option<i64>, DbError> {
    if !super::users::hold(conn, new.user_id).await? {
        return Ok(None);
    }
    let row = (
        api_tokens::lookup.eq(&new.lookup[..]),
        api_tokens::name.eq(&new.name),
        api_tokens::ending.eq(&new.ending),
        api_tokens::user_id.eq(new.user_id),
        api_tokens::created_at.eq(now.as_millis()),
        api_tokens::expires_at.eq(new.expires_at.map(Timestamp::as_millis)),
    );
    let inserted = diesel::insert_into(api_tokens::table).values(row).returning(api_tokens::id);
    Ok(Some(inserted.get_result(conn).await?))
}

/// The token of that hash, whatever its state.
pub async fn by_lookup(conn: &mut Conn, lookup: &[u8]) -> Result<Option<ApiTokenRow>, DbError> {
    let found: Option<(TokenRow, UserRow)> = api_tokens::table
        .inner_join(users::table)
        .filter(api_tokens::lookup.eq(lookup))
        .select((TokenRow::as_select(), UserRow::as_select()))
        .first(conn)
        .await
        .optional()?;
    found.map(token).transpose()
}

/// The tokens of a user, or of all, newest first.
pub async fn list(conn: &mut Conn, user_id: Option<i64>) -> Result<Vec<ApiTokenRow>, DbError> {
    let mut rows = api_tokens::table
        .inner_join(users::table)
        .select((TokenRow::as_select(), UserRow::as_select()))
        .order(api_tokens::id.desc())
        .limit(MOST)
        .into_boxed();
    if let Some(user_id) = user_id {
        rows = rows.filter(api_tokens::user_id.eq(user_id));
    }
    let rows: Vec<(TokenRow, UserRow)> = rows.load(conn).await?;
    rows.into_iter().map(token).collect()
}

/// Ends a token, if it is that user's where one is given; whether it was not ended before.
pub async fn revoke(
    conn: &mut Conn,
    now: Timestamp,
    id: i64,
    user_id: Option<i64>,
) -> Result<bool, DbError> {
    let mut live =
        diesel::update(api_tokens::table.find(id).filter(api_tokens::revoked_at.is_null()))
            .set(api_tokens::revoked_at.eq(now.as_millis()))
            .into_boxed();
    if let Some(user_id) = user_id {
        live = live.filter(api_tokens::user_id.eq(user_id));
    }
    Ok(live.execute(conn).await? == 1)
}

/// Ends all tokens of a user.
pub async fn revoke_all_of(
    conn: &mut Conn,
    now: Timestamp,
    user_id: i64,
) -> Result<usize, DbError> {
    let live = api_tokens::table
        .filter(api_tokens::user_id.eq(user_id))
        .filter(api_tokens::revoked_at.is_null());
    let ended = diesel::update(live).set(api_tokens::revoked_at.eq(now.as_millis()));
    Ok(ended.execute(conn).await?)
}

/// Notes that a token was used.
pub async fn touch(conn: &mut Conn, now: Timestamp, id: i64) -> Result<(), DbError> {
    diesel::update(api_tokens::table.find(id))
        .set(api_tokens::last_used_at.eq(now.as_millis()))
        .execute(conn)
        .await?;
    Ok(())
}

fn token((row, user): (TokenRow, UserRow)) -> Result<ApiTokenRow, DbError> {
    let used = Some(row.last_used_at).filter(|at| *at > 0);
    Ok(ApiTokenRow {
        id: row.id,
        name: row.name,
        ending: row.ending,
        user: user.into_user()?,
        created_at: Timestamp::from_millis(row.created_at),
        expires_at: row.expires_at.map(Timestamp::from_millis),
        last_used_at: used.map(Timestamp::from_millis),
        revoked_at: row.revoked_at.map(Timestamp::from_millis),
    })
}
