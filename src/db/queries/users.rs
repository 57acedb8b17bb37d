//! Users. A change that ends a user's trust (password, disabling) ends the sessions with it.

use diesel::{
    prelude::*,
    result::{DatabaseErrorKind, Error},
};
use diesel_async::{AsyncConnection, RunQueryDsl};

use super::{Conn, api_tokens, idempotency, meta};
use crate::{
    db::{
        DbError,
        outcomes::{
            NewUser, OnceMade, Remembered, ToRemember, UserChange, UserInsert, UserUpdate,
            UserWithPassword,
        },
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

/// What a deleted user's login begins with: no login has it.
const DELETED: char = '~';

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

/// Makes a user, once for a named request.
pub async fn insert_once(
    conn: &mut Conn,
    now: Timestamp,
    new: &NewUser,
    once: Option<ToRemember>,
) -> Result<OnceMade<UserInsert>, DbError> {
    let Some(ToRemember { request, seal }) = once else {
        return Ok(OnceMade::Now(insert(conn, now, new).await?));
    };
    match idempotency::begin(conn, now, &request).await? {
        Remembered::Nothing => {}
        Remembered::Answered(answer) => return Ok(OnceMade::Before(answer)),
        Remembered::Another => return Ok(OnceMade::Another),
    }
    let made = insert(conn, now, new).await?;
    match made {
        UserInsert::Made(id) => idempotency::answer(conn, &request, &seal(id)).await?,
        UserInsert::Taken | UserInsert::NoSetup => idempotency::take_back(conn, &request).await?,
    }
    Ok(OnceMade::Now(made))
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
        .filter(users::deleted_at.is_null())
        .order(users::login)
        .limit(10_000)
        .select(UserRow::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(UserRow::into_user).collect()
}

/// Sets a password and ends what whoever had the one before may have made: the user's sessions and API
/// tokens. Whether there is such a user, whose password was `was` if that is given.
pub async fn set_password(
    conn: &mut Conn,
    now: Timestamp,
    id: i64,
    hash: &str,
    was: Option<String>,
) -> Result<bool, DbError> {
    let known = users::table.find(id).filter(users::deleted_at.is_null());
    let mut set = diesel::update(known).set(users::password_hash.eq(hash)).into_boxed();
    if let Some(was) = was {
        set = set.filter(users::password_hash.eq(was));
    }
    if set.execute(conn).await? == 0 {
        return Ok(false);
    }
    end_sessions_of(conn, id).await?;
    api_tokens::revoke_all_of(conn, now, id).await?;
    Ok(true)
}

/// Holds a user who is not shut out and has that password until the transaction ends; whether there is
/// one.
pub async fn hold_with_password(conn: &mut Conn, id: i64, hash: &str) -> Result<bool, DbError> {
    let same = users::table
        .find(id)
        .filter(users::disabled_at.is_null())
        .filter(users::password_hash.eq(hash));
    Ok(diesel::update(same).set(users::name.eq(users::name)).execute(conn).await? == 1)
}

/// The user of that number, unless deleted.
pub async fn by_id(conn: &mut Conn, id: i64) -> Result<Option<User>, DbError> {
    let row: Option<UserRow> = users::table
        .find(id)
        .filter(users::deleted_at.is_null())
        .select(UserRow::as_select())
        .first(conn)
        .await
        .optional()?;
    row.map(UserRow::into_user).transpose()
}

/// The user of that number, with the hash to check a password against.
pub async fn password_of(conn: &mut Conn, id: i64) -> Result<Option<String>, DbError> {
    let hash = users::table.find(id).select(users::password_hash);
    Ok(hash.first(conn).await.optional()?)
}

/// Holds a user who is not shut out until the transaction ends; whether there is one.
pub async fn hold(conn: &mut Conn, id: i64) -> Result<bool, DbError> {
    let active = users::table.find(id).filter(users::disabled_at.is_null());
    let rows = diesel::update(active).set(users::name.eq(users::name)).execute(conn).await?;
    Ok(rows == 1)
}

/// Changes a user.
pub async fn change(conn: &mut Conn, id: i64, change: UserChange) -> Result<UserUpdate, DbError> {
    let user = users::table.find(id).filter(users::deleted_at.is_null());
    if let Some(Some(email)) = &change.email {
        let others = users::table.filter(users::email.eq(email)).filter(users::id.ne(id));
        if diesel::select(diesel::dsl::exists(others)).get_result(conn).await? {
            return Ok(UserUpdate::Taken);
        }
    }
    if change.role.is_some_and(|role| role != Role::Admin) && is_last_admin(conn, id).await? {
        return Ok(UserUpdate::LastAdmin);
    }
    if change == UserChange::default() {
        return is_there(conn, id).await;
    }
    let UserChange { name, email, role } = change;
    let role = role.map(|role| role.as_str().to_owned());
    let update = diesel::update(user).set(ChangedRow { name, email, role });
    // A transaction of its own, since on PostgreSQL a statement that fails spoils the one it is in.
    let changed = conn.transaction(async |conn: &mut Conn| update.execute(conn).await).await;
    match changed {
        Ok(1) => Ok(UserUpdate::Done),
        Ok(_) => Ok(UserUpdate::Unknown),
        // On PostgreSQL somebody else may take the address after it was looked for.
        Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => Ok(UserUpdate::Taken),
        Err(error) => Err(error.into()),
    }
}

/// The columns that are given; the others stay what they are by then.
#[derive(AsChangeset)]
#[diesel(table_name = users)]
struct ChangedRow {
    name: Option<String>,
    email: Option<Option<String>>,
    role: Option<String>,
}

/// Shuts a user out from `since` on and ends the sessions; the last admin only if `even_last`.
pub async fn disable(
    conn: &mut Conn,
    id: i64,
    since: Timestamp,
    even_last: bool,
) -> Result<UserUpdate, DbError> {
    if !even_last && is_last_admin(conn, id).await? {
        return Ok(UserUpdate::LastAdmin);
    }
    let active = users::table.find(id).filter(users::disabled_at.is_null());
    let values = users::disabled_at.eq(since.as_millis());
    if diesel::update(active).set(values).execute(conn).await? == 0 {
        return is_there(conn, id).await;
    }
    end_sessions_of(conn, id).await?;
    Ok(UserUpdate::Done)
}

/// Lets a user in again.
pub async fn enable(conn: &mut Conn, id: i64) -> Result<UserUpdate, DbError> {
    let shut_out = users::table
        .find(id)
        .filter(users::disabled_at.is_not_null())
        .filter(users::deleted_at.is_null());
    let let_in = diesel::update(shut_out).set(users::disabled_at.eq(None::<i64>));
    if let_in.execute(conn).await? == 0 { is_there(conn, id).await } else { Ok(UserUpdate::Done) }
}

/// What is already so needs no change.
async fn is_there(conn: &mut Conn, id: i64) -> Result<UserUpdate, DbError> {
    let known = by_id(conn, id).await?.is_some();
    Ok(if known { UserUpdate::Done } else { UserUpdate::Unknown })
}

/// Forgets who a user was; the row stays for what the user approved. The user must not own live keys.
pub async fn delete(conn: &mut Conn, id: i64, now: Timestamp) -> Result<UserUpdate, DbError> {
    if is_last_admin(conn, id).await? {
        return Ok(UserUpdate::LastAdmin);
    }
    let there = users::table.find(id).filter(users::deleted_at.is_null());
    let values = (
        users::login.eq(format!("{DELETED}{id}")),
        users::name.eq(format!("Deleted user {id}")),
        users::email.eq(None::<String>),
        users::password_hash.eq(""),
        users::disabled_at.eq(now.as_millis()),
        users::deleted_at.eq(now.as_millis()),
    );
    if diesel::update(there).set(values).execute(conn).await? == 0 {
        return Ok(UserUpdate::Unknown);
    }
    end_sessions_of(conn, id).await?;
    Ok(UserUpdate::Done)
}

/// Whether this is an admin, shut out or not, and nobody else could make and change users. Holds all who
/// could, so that two who shut each other out at one moment do not both succeed.
pub async fn is_last_admin(conn: &mut Conn, id: i64) -> Result<bool, DbError> {
    let admins = users::table
        .filter(users::role.eq(Role::Admin.as_str()))
        .filter(users::disabled_at.is_null());
    let ids = admins.order(users::id).select(users::id).limit(1_000).load::<i64>(conn).await?;
    let mut others = false;
    for admin in ids {
        let still = users::table
            .find(admin)
            .filter(users::role.eq(Role::Admin.as_str()))
            .filter(users::disabled_at.is_null());
        let held = diesel::update(still).set(users::name.eq(users::name)).execute(conn).await?;
        others |= held == 1 && admin != id;
    }
    let itself = users::table
        .find(id)
        .filter(users::role.eq(Role::Admin.as_str()))
        .filter(users::deleted_at.is_null());
    Ok(!others && itself.count().get_result::<i64>(conn).await? == 1)
}

async fn end_sessions_of(conn: &mut Conn, id: i64) -> Result<(), DbError> {
    diesel::delete(sessions::table.filter(sessions::user_id.eq(id))).execute(conn).await?;
    Ok(())
}
