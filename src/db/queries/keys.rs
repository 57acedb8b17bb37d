//! Keys: found by the keyed hash of the consumer key.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{Conn, key_rules::RulesRow, oauth, other_pairs};
use crate::{
    db::{
        DbError,
        outcomes::{Approval, ExistingKey},
        schema::{
            connections, grants, key_rules, key_secrets, keys, oauth_clients as apps,
            other_pairs as pairs, users,
        },
    },
    domain::{
        key::{KeyRecord, KeyState, Life},
        keyring::Lookup,
        pair::Role,
        permissions::Permissions,
        sealed::Sealed,
        text,
        timestamp::Timestamp,
    },
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = keys)]
struct KeyRow {
    id: i64,
    secret_hash: String,
    permissions: String,
    state: String,
    opened_at: Option<i64>,
    expires_at: Option<i64>,
}

/// Owner (number and login), when that user was disabled, app, sealed secret, what its other pair is.
type Around = ((i64, String), Option<i64>, Option<String>, Option<Vec<u8>>, Option<String>);

/// A key, what is around it, its rules, the registered app whose connection it is.
type Found = (KeyRow, Around, Option<RulesRow>, Option<String>);

fn permissions(text: &str) -> Result<Permissions, DbError> {
    Permissions::parse(text).ok_or(DbError::Corrupt("keys.permissions"))
}

/// The key that has a pair of that hash, with its owner and app.
pub async fn by_lookup(conn: &mut Conn, lookup: &[u8]) -> Result<Option<KeyRecord>, DbError> {
    if let Some(key) = by_own_pair(conn, lookup).await? {
        return Ok(Some(key));
    }
    match other_pairs::by_lookup(conn, lookup).await? {
        Some(pair) => by_other_pair(conn, pair).await,
        // It may have become the key's own between the two looks.
        None => by_own_pair(conn, lookup).await,
    }
}

/// The key as its next, previous or ended pair opens it.
async fn by_other_pair(
    conn: &mut Conn,
    pair: other_pairs::PairRow,
) -> Result<Option<KeyRecord>, DbError> {
    let role = pair.role()?;
    let own = keys::table.find(pair.key_id).select(keys::lookup);
    let own: Vec<u8> = own.first(conn).await?;
    let Some(key) = by_own_pair(conn, &own).await? else { return Ok(None) };
    let life = match role {
        Role::Next => Life {
            // Not revoked, then it is as a key that is being delivered.
            state: match key.life.state {
                KeyState::Active => KeyState::Delivering,
                state => state,
            },
            opened_at: pair.opened_at.map(Timestamp::from_millis),
            ..key.life
        },
        Role::Previous => Life {
            replaced_at: Some(Timestamp::from_millis(pair.ends_at.unwrap_or(0))),
            ..key.life
        },
        // Whatever this machine's clock says.
        Role::Ended => Life { replaced_at: Some(Timestamp::from_millis(0)), ..key.life },
    };
    Ok(Some(KeyRecord {
        secret_hash: pair.secret_hash,
        sealed_secret: pair.sealed.map(Sealed::from_bytes),
        life,
        ends_previous: false,
        ..key
    }))
}

async fn by_own_pair(conn: &mut Conn, lookup: &[u8]) -> Result<Option<KeyRecord>, DbError> {
    let live_pair = pairs::key_id.eq(keys::id).and(pairs::role.ne(Role::Ended.as_str()));
    let found: Option<Found> = keys::table
        .inner_join(users::table)
        .left_join(grants::table)
        .left_join(key_secrets::table)
        .left_join(pairs::table.on(live_pair))
        .left_join(key_rules::table)
        .left_join(connections::table.on(connections::key_id.eq(keys::id)))
        .left_join(apps::table.on(apps::key_id.nullable().eq(connections::client_id.nullable())))
        .filter(keys::lookup.eq(lookup))
        .select((
            KeyRow::as_select(),
            (
                (users::id, users::login),
                users::disabled_at,
                grants::app_name.nullable(),
                key_secrets::sealed.nullable(),
                pairs::role.nullable(),
            ),
            Option::<RulesRow>::as_select(),
            apps::name.nullable(),
        ))
        .first(conn)
        .await
        .optional()?;
    found.map(record).transpose()
}

fn record((row, around, rules, connected): Found) -> Result<KeyRecord, DbError> {
    let ((owner_id, owner), disabled_at, app, sealed, other) = around;
    Ok(KeyRecord {
        id: row.id,
        permissions: permissions(&row.permissions)?,
        secret_hash: row.secret_hash,
        sealed_secret: sealed.map(Sealed::from_bytes),
        owner_id,
        owner,
        // Who has a key made by hand may have it in several places.
        ends_previous: app.is_some() && other.as_deref() == Some(Role::Previous.as_str()),
        app: app.or(connected),
        rules: rules.map(RulesRow::into_rules).transpose()?.map(Box::new),
        life: Life {
            state: KeyState::parse(&row.state).ok_or(DbError::Corrupt("keys.state"))?,
            opened_at: row.opened_at.map(Timestamp::from_millis),
            expires_at: row.expires_at.map(Timestamp::from_millis),
            owner_disabled: disabled_at.is_some(),
            replaced_at: None,
        },
    })
}

/// The hash that the key of that number is found by.
pub async fn lookup_of(conn: &mut Conn, id: i64) -> Result<Option<Lookup>, DbError> {
    let lookup = keys::table.find(id).select(keys::lookup);
    let lookup: Option<Vec<u8>> = lookup.first(conn).await.optional()?;
    let corrupt = |_| DbError::Corrupt("keys.lookup");
    lookup.map(|lookup| Lookup::try_from(lookup).map_err(corrupt)).transpose()
}

/// Writes the key of an approval, not yet open; gives its number.
pub async fn insert(conn: &mut Conn, now: Timestamp, new: &Approval) -> Result<i64, DbError> {
    let row = (
        keys::lookup.eq(&new.lookup[..]),
        keys::secret_hash.eq(&new.secret_hash),
        keys::ending.eq(&new.ending),
        keys::description.eq(&new.description),
        keys::permissions.eq(new.request.scope.as_str()),
        keys::owner_id.eq(new.approved_by),
        keys::grant_id.eq(&new.grant_id),
        keys::state.eq(KeyState::Delivering.as_str()),
        keys::created_at.eq(now.as_millis()),
        keys::expires_at.eq(new.expires_at.map(Timestamp::as_millis)),
    );
    let inserted = diesel::insert_into(keys::table).values(row).returning(keys::id);
    Ok(inserted.get_result(conn).await?)
}

/// Opens a key: its first delivery attempt starts.
pub async fn open(conn: &mut Conn, now: Timestamp, id: i64) -> Result<(), DbError> {
    let closed = keys::table.find(id).filter(keys::opened_at.is_null());
    diesel::update(closed).set(keys::opened_at.eq(now.as_millis())).execute(conn).await?;
    Ok(())
}

/// Its delivery succeeded; whether it was still under way.
pub async fn activate(conn: &mut Conn, id: i64) -> Result<bool, DbError> {
    let delivering = keys::table.find(id).filter(keys::state.eq(KeyState::Delivering.as_str()));
    let rows = diesel::update(delivering)
        .set(keys::state.eq(KeyState::Active.as_str()))
        .execute(conn)
        .await?;
    Ok(rows == 1)
}

/// Ends a key for good; whether it was not ended before.
pub async fn revoke(
    conn: &mut Conn,
    now: Timestamp,
    id: i64,
    reason: &str,
) -> Result<bool, DbError> {
    let live = keys::table.find(id).filter(keys::state.ne(KeyState::Revoked.as_str()));
    let values = (
        keys::state.eq(KeyState::Revoked.as_str()),
        keys::revoked_at.eq(now.as_millis()),
        keys::revoke_reason.eq(reason),
    );
    oauth::wipe_secret(conn, id).await?;
    other_pairs::end_all(conn, now, id).await?;
    Ok(diesel::update(live).set(values).execute(conn).await? == 1)
}

/// Puts a hash of today's cost in the place of `old`; nothing if it was replaced meanwhile.
pub async fn rehash(conn: &mut Conn, id: i64, old: &str, new: &str) -> Result<(), DbError> {
    let unchanged = keys::table.find(id).filter(keys::secret_hash.eq(old));
    diesel::update(unchanged).set(keys::secret_hash.eq(new)).execute(conn).await?;
    Ok(())
}

/// The newest live keys that apps of this callback host already have, five at most.
pub async fn of_host(
    conn: &mut Conn,
    now: Timestamp,
    callback_host: &str,
) -> Result<Vec<ExistingKey>, DbError> {
    let unexpired = keys::expires_at.is_null().or(keys::expires_at.gt(now.as_millis()));
    let rows: Vec<(i64, String, String, i64)> = keys::table
        .inner_join(grants::table)
        .filter(grants::callback_host.eq(callback_host))
        .filter(keys::state.eq(KeyState::Active.as_str()))
        .filter(unexpired.assume_not_null())
        .order(keys::id.desc())
        .limit(5)
        .select((keys::id, grants::app_name, keys::permissions, keys::created_at))
        .load(conn)
        .await?;
    rows.into_iter()
        .map(|(id, app_name, words, created_at)| {
            let created_at = Timestamp::from_millis(created_at);
            let app_name = text::shown_name(&app_name);
            Ok(ExistingKey { id, app_name, permissions: permissions(&words)?, created_at })
        })
        .collect()
}
