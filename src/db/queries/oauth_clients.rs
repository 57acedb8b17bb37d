//! Registered apps: each is a key that may send browsers here.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{Conn, key_edits};
use crate::{
    db::{
        DbError,
        outcomes::{KeyInsert, NewKey, SealFor},
        schema::{connections, keys, oauth_clients as table},
        token_outcomes::RegisteredApp,
    },
    domain::{key::KeyState, redirect_uri::RedirectUri, timestamp::Timestamp},
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = table)]
struct AppRow {
    key_id: i64,
    name: String,
    public: i64,
    redirect_uris: String,
    created_at: i64,
}

/// Makes the key of an app and registers it.
pub async fn register(
    conn: &mut Conn,
    now: Timestamp,
    key: NewKey,
    seal_secret: Option<SealFor>,
    app: RegisteredApp,
) -> Result<KeyInsert, DbError> {
    let made = key_edits::create(conn, now, key, seal_secret).await?;
    if let KeyInsert::Made(key_id) = made {
        let row = (
            table::key_id.eq(key_id),
            table::name.eq(&app.name),
            table::public.eq(i64::from(app.public)),
            table::redirect_uris.eq(lines(&app.redirect_uris)),
            table::created_at.eq(now.as_millis()),
        );
        diesel::insert_into(table::table).values(row).execute(conn).await?;
    }
    Ok(made)
}

/// The app whose key has that number.
pub async fn find(conn: &mut Conn, key_id: i64) -> Result<Option<RegisteredApp>, DbError> {
    let row = table::table.find(key_id).select(AppRow::as_select());
    let row: Option<AppRow> = row.first(conn).await.optional()?;
    row.map(app).transpose()
}

/// Apps, the newest first: those before that number.
pub async fn list(
    conn: &mut Conn,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<RegisteredApp>, DbError> {
    let rows: Vec<AppRow> = table::table
        .filter(table::key_id.lt(before.unwrap_or(i64::MAX)))
        .order(table::key_id.desc())
        .limit(limit)
        .select(AppRow::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(app).collect()
}

/// The apps whose keys those are, in the order of their numbers.
pub async fn of_keys(conn: &mut Conn, key_ids: &[i64]) -> Result<Vec<RegisteredApp>, DbError> {
    let rows = table::table.filter(table::key_id.eq_any(key_ids)).order(table::key_id);
    let rows: Vec<AppRow> = rows.select(AppRow::as_select()).load(conn).await?;
    rows.into_iter().map(app).collect()
}

/// Some apps whose keys are live and that user's, in the order of their numbers.
pub async fn some_of_owner(
    conn: &mut Conn,
    owner_id: i64,
    most: i64,
) -> Result<Vec<RegisteredApp>, DbError> {
    let rows: Vec<AppRow> = table::table
        .inner_join(keys::table)
        .filter(keys::owner_id.eq(owner_id))
        .filter(keys::state.ne(KeyState::Revoked.as_str()))
        .order(table::key_id)
        .limit(most)
        .select(AppRow::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(app).collect()
}

/// Changes an app that is still as it was seen and whose key is live and its owner's; whether it was.
pub async fn change(
    conn: &mut Conn,
    owner_id: i64,
    seen: RegisteredApp,
    new: RegisteredApp,
) -> Result<bool, DbError> {
    if !key_edits::hold_live(conn, (seen.key_id, owner_id)).await? {
        return Ok(false);
    }
    let unchanged = table::table
        .find(seen.key_id)
        .filter(table::name.eq(seen.name))
        .filter(table::redirect_uris.eq(lines(&seen.redirect_uris)));
    let values = (table::name.eq(new.name), table::redirect_uris.eq(lines(&new.redirect_uris)));
    Ok(diesel::update(unchanged).set(values).execute(conn).await? == 1)
}

/// Some live connections of an app, the newest first: those before that number.
pub async fn connections_of(
    conn: &mut Conn,
    client_id: i64,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<i64>, DbError> {
    Ok(connections::table
        .inner_join(keys::table.on(keys::id.eq(connections::key_id)))
        .filter(connections::client_id.eq(client_id))
        .filter(connections::key_id.lt(before.unwrap_or(i64::MAX)))
        .filter(keys::state.ne(KeyState::Revoked.as_str()))
        .order(connections::key_id.desc())
        .limit(limit)
        .select(connections::key_id)
        .load(conn)
        .await?)
}

/// How many live connections the apps of these keys have; counted no further than `most`.
pub async fn count_connections(
    conn: &mut Conn,
    client_ids: &[i64],
    most: i64,
) -> Result<usize, DbError> {
    let live: Vec<i64> = connections::table
        .inner_join(keys::table.on(keys::id.eq(connections::key_id)))
        .filter(connections::client_id.eq_any(client_ids))
        .filter(keys::state.ne(KeyState::Revoked.as_str()))
        .limit(most)
        .select(connections::key_id)
        .load(conn)
        .await?;
    Ok(live.len())
}

/// The number of the registered app's key whose connection that key is.
pub async fn client_of(conn: &mut Conn, key_id: i64) -> Result<Option<i64>, DbError> {
    let client = connections::table.find(key_id).select(connections::client_id);
    Ok(client.first(conn).await.optional()?)
}

fn app(row: AppRow) -> Result<RegisteredApp, DbError> {
    let uris = row.redirect_uris.lines().map(RedirectUri::parse).collect::<Result<_, _>>();
    Ok(RegisteredApp {
        key_id: row.key_id,
        name: row.name,
        public: row.public != 0,
        redirect_uris: uris.map_err(|_| DbError::Corrupt("oauth_clients.redirect_uris"))?,
        created_at: Timestamp::from_millis(row.created_at),
    })
}

fn lines(uris: &[RedirectUri]) -> String {
    uris.iter().map(RedirectUri::as_str).collect::<Vec<_>>().join("\n")
}
