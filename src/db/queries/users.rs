//! Users. A change that ends a user's trust (password, disabling) ends the sessions with it.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{Conn, meta};
use crate::{
    db::{
        DbError,
        outcomes::{NewUser, UserInsert, UserWithPassword},
        schema::{sessions, users},
    },
    domain::{
        timestamp::Timestamp,
        user::{Role, User},
    },
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
pub(super) struct UserRow {
    id: i64,
    login: String,
    email: Option<String>,
    name: String,
    role: String,
    disabled_at: Option<i64>,
}

impl UserRow {
    pub(super) fn into_user(self) -> Result<User, DbError> {
        let role = Role::parse(&self.role).ok_or(DbError::Corrupt("users.role"))?;
        let Self { id, login, email, name, .. } = self;
        Ok(User { id, login, name, email, role, disabled: self.disabled_at.is_some() })
    }
}

/// Makes a user.
pub async fn insert(conn: &mut Conn, now: Timestamp, new: &NewUser) -> Result<UserInsert, DbError> {
    let row = (
        users::login.eq(&new.login),
        users::email.eq(&new.email),
        users::name.eq(&new.name),
        users::role.eq(new.role.as_str()),
        users::password_hash.eq(&new.password_hash),
        users::created_at.eq(now.as_millis()),
    );
    let id = diesel::insert_into(users::table)
        .values(row)
        .on_conflict_do_nothing()
        .returning(users::id)
        .get_result(conn)
        .await
        .optional()?;
    Ok(id.map_or(UserInsert::Taken, UserInsert::Made))
}

/// Makes the first admin, using up the setup token (its keyed hash stands in `meta`).
pub async fn insert_first(
    conn: &mut Conn,
    now: Timestamp,
    new: &NewUser,
    token_hash: &str,
) -> Result<UserInsert, DbError> {
    if any(conn).await? || !meta::take(conn, "setup", token_hash).await? {
        return Ok(UserInsert::NoSetup);
    }
    insert(conn, now, new).await
}

/// Whether there is any user.
pub async fn any(conn: &mut Conn) -> Result<bool, DbError> {
    Ok(diesel::select(diesel::dsl::exists(users::table.select(users::id))).get_result(conn).await?)
}

/// The user of that login or e-mail address, both in lower case.
pub async fn by_login_or_email(
    conn: &mut Conn,
    text: &str,
) -> Result<Option<UserWithPassword>, DbError> {
    let found: Option<(UserRow, String)> = users::table
        .filter(users::login.eq(text).or(users::email.eq(text)))
        .select((UserRow::as_select(), users::password_hash))
        .first(conn)
        .await
        .optional()?;
    found
        .map(|(row, password_hash)| Ok(UserWithPassword { user: row.into_user()?, password_hash }))
        .transpose()
}

/// All users, by login. An installation has a handful.
pub async fn list(conn: &mut Conn) -> Result<Vec<User>, DbError> {
    let rows = users::table
        .order(users::login)
        .limit(10_000)
        .select(UserRow::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(UserRow::into_user).collect()
}

/// Sets a password and ends the user's sessions; whether there is such a user.
pub async fn set_password(conn: &mut Conn, login: &str, hash: &str) -> Result<bool, DbError> {
    let changed = diesel::update(users::table.filter(users::login.eq(login)))
        .set(users::password_hash.eq(hash))
        .execute(conn)
        .await?;
    end_sessions(conn, login).await?;
    Ok(changed == 1)
}

/// Disables a user from `since` on and ends the sessions, or enables again; whether there is such a user.
pub async fn set_disabled(
    conn: &mut Conn,
    login: &str,
    since: Option<Timestamp>,
) -> Result<bool, DbError> {
    let changed = diesel::update(users::table.filter(users::login.eq(login)))
        .set(users::disabled_at.eq(since.map(Timestamp::as_millis)))
        .execute(conn)
        .await?;
    if since.is_some() {
        end_sessions(conn, login).await?;
    }
    Ok(changed == 1)
}

async fn end_sessions(conn: &mut Conn, login: &str) -> Result<(), DbError> {
    let ids = users::table.filter(users::login.eq(login)).select(users::id);
    diesel::delete(sessions::table.filter(sessions::user_id.eq_any(ids))).execute(conn).await?;
    Ok(())
}
