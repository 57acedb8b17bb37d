//! Keys as people see them: with owner, app and last use.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{Conn, other_pairs};
use crate::{
    db::{
        DbError,
        schema::{connections, grants, key_rules, key_uses, keys, oauth_clients, users},
    },
    domain::{
        key::KeyState,
        key_rules::Environment,
        key_view::{KeyApp, KeyKind, KeyView, LastUse, Owner, ShownState},
        permissions::Permissions,
        text,
        timestamp::Timestamp,
    },
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = keys)]
struct KeyRow {
    id: i64,
    description: String,
    ending: String,
    permissions: String,
    state: String,
    created_at: i64,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
    revoke_reason: Option<String>,
}

type OwnerRow = (i64, String, String, Option<i64>);
type AppRow = (String, String, String, i64);
type UseRow = (i64, String, Option<String>, i64);
/// Whether it is for trying things out, a registered app's own, a connection of one.
type Marks = (Option<i64>, Option<i64>, Option<i64>);
/// A key, its owner, its app, its last use, and what it is marked as.
type Found = (KeyRow, OwnerRow, Option<AppRow>, Option<UseRow>, Marks);

/// The key of that number.
pub async fn find(conn: &mut Conn, now: Timestamp, id: i64) -> Result<Option<KeyView>, DbError> {
    Ok(by_ids(conn, now, &[id]).await?.pop())
}

/// The number of the key that has or had a pair of that hash.
pub async fn id_of(conn: &mut Conn, lookup: &[u8]) -> Result<Option<i64>, DbError> {
    let key = keys::table.filter(keys::lookup.eq(lookup)).select(keys::id);
    match key.first(conn).await.optional()? {
        Some(id) => Ok(Some(id)),
        None => other_pairs::key_of(conn, lookup).await,
    }
}

/// The keys of those numbers, in that order.
pub async fn by_ids(conn: &mut Conn, now: Timestamp, ids: &[i64]) -> Result<Vec<KeyView>, DbError> {
    let rows: Vec<Found> = keys::table
        .inner_join(users::table)
        .left_join(grants::table)
        .left_join(key_uses::table)
        .left_join(key_rules::table)
        .left_join(oauth_clients::table)
        .left_join(connections::table.on(connections::key_id.eq(keys::id)))
        .filter(keys::id.eq_any(ids))
        .select((
            KeyRow::as_select(),
            (users::id, users::login, users::name, users::disabled_at),
            (grants::id, grants::app_name, grants::callback_host, grants::approved_by).nullable(),
            (key_uses::last_at, key_uses::address, key_uses::client, key_uses::last_write_at)
                .nullable(),
            (
                key_rules::sandbox.nullable(),
                oauth_clients::key_id.nullable(),
                connections::client_id.nullable(),
            ),
        ))
        .load(conn)
        .await?;
    let mut found = HashMap::new();
    for row in rows {
        let key = view(now, row)?;
        found.insert(key.id, key);
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

fn kind(app: Option<&AppRow>, registered: Option<i64>, client: Option<i64>) -> KeyKind {
    match (client, registered, app) {
        (Some(_), ..) => KeyKind::Connection,
        (None, Some(_), _) => KeyKind::RegisteredApp,
        (None, None, Some(_)) => KeyKind::Granted,
        (None, None, None) => KeyKind::Manual,
    }
}

fn view(now: Timestamp, (key, owner, app, used, marks): Found) -> Result<KeyView, DbError> {
    let (sandbox, registered, client) = marks;
    let state = KeyState::parse(&key.state).ok_or(DbError::Corrupt("keys.state"))?;
    let expires_at = key.expires_at.map(Timestamp::from_millis);
    let (owner_id, login, name, disabled_at) = owner;
    let wrote = used.as_ref().map(|used| used.3).filter(|at| *at > 0);
    Ok(KeyView {
        id: key.id,
        description: key.description,
        ending: key.ending,
        permissions: Permissions::parse(&key.permissions)
            .ok_or(DbError::Corrupt("keys.permissions"))?,
        kind: kind(app.as_ref(), registered, client),
        environment: match sandbox {
            None | Some(0) => Environment::Production,
            Some(_) => Environment::Sandbox,
        },
        state: ShownState::of(state, expires_at, now),
        owner: Owner { id: owner_id, login, name, disabled: disabled_at.is_some() },
        app: app.map(|(grant_id, name, callback_host, approved_by)| KeyApp {
            name: text::shown_name(&name),
            callback_host,
            grant_id,
            approved_by,
        }),
        created_at: Timestamp::from_millis(key.created_at),
        expires_at,
        last_use: used.filter(|used| used.0 > 0).map(|(at, address, client, _)| LastUse {
            at: Timestamp::from_millis(at),
            address,
            client,
        }),
        last_write_at: wrote.map(Timestamp::from_millis),
        revoked_at: key.revoked_at.map(Timestamp::from_millis),
        revoke_reason: key.revoke_reason,
    })
}
