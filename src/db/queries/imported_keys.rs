//! Keys taken over from WooCommerce: found by a keyed hash of WooCommerce's hash until their first use.
//!
//! The row of `imported_keys` is written first and stays: it is what makes a second import, also one that
//! runs at the same time, find the key here, whatever hash that has by then and whether or not it was
//! revoked.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{Conn, key_edits, users};
use crate::{
    db::{
        DbError,
        outcomes::{ImportedKey, KeyInsert},
        schema::{imported_keys, key_uses, keys, other_pairs},
    },
    domain::{keyring::Lookup, timestamp::Timestamp},
};

/// Which of these are here.
pub async fn known(conn: &mut Conn, lookups: Vec<Lookup>) -> Result<Vec<Vec<u8>>, DbError> {
    let lookups: Vec<_> = lookups.iter().map(|lookup| lookup.to_vec()).collect();
    let here = imported_keys::table.filter(imported_keys::lookup.eq_any(lookups));
    Ok(here.select(imported_keys::lookup).load(conn).await?)
}

/// Takes keys; gives for each, in their order, what became of it.
pub async fn insert(
    conn: &mut Conn,
    now: Timestamp,
    keys: Vec<ImportedKey>,
) -> Result<Vec<KeyInsert>, DbError> {
    let owners: BTreeSet<i64> = keys.iter().map(|imported| imported.key.owner_id).collect();
    let mut shut_out = BTreeSet::new();
    for owner in owners {
        if !users::hold(conn, owner).await? {
            shut_out.insert(owner);
        }
    }
    let may_have = |imported: &ImportedKey| !shut_out.contains(&imported.key.owner_id);
    let claimed = claim(conn, keys.iter().filter(|key| may_have(key))).await?;
    let mut outcomes = Vec::with_capacity(keys.len());
    for imported in keys {
        outcomes.push(if !may_have(&imported) {
            KeyInsert::NoOwner
        } else if claimed.contains(&imported.key.lookup) {
            make(conn, now, imported).await?
        } else {
            taken(conn, &imported.key.lookup).await?
        });
    }
    Ok(outcomes)
}

/// Which of them nobody took before. In the order of their lookups: two imports at once then wait for
/// each other in one order only.
async fn claim(
    conn: &mut Conn,
    keys: impl Iterator<Item = &ImportedKey>,
) -> Result<BTreeSet<Lookup>, DbError> {
    let lookups: BTreeSet<Lookup> = keys.map(|imported| imported.key.lookup).collect();
    let mut claimed = BTreeSet::new();
    for lookup in lookups {
        let row = imported_keys::lookup.eq(lookup.to_vec());
        let insert = diesel::insert_into(imported_keys::table).values(row).on_conflict_do_nothing();
        if insert.execute(conn).await? == 1 {
            claimed.insert(lookup);
        }
    }
    Ok(claimed)
}

async fn make(
    conn: &mut Conn,
    now: Timestamp,
    ImportedKey { key, last_used_at, seal_secret }: ImportedKey,
) -> Result<KeyInsert, DbError> {
    let row = imported_keys::table.find(key.lookup.to_vec());
    let made = key_edits::make(conn, now, key, seal_secret).await?;
    if let KeyInsert::Made(id) = made {
        diesel::update(row).set(imported_keys::key_id.eq(id)).execute(conn).await?;
        if let Some(at) = last_used_at {
            let used = diesel::update(key_uses::table.find(id));
            used.set(key_uses::last_at.eq(at.as_millis())).execute(conn).await?;
        }
    }
    Ok(made)
}

async fn taken(conn: &mut Conn, lookup: &Lookup) -> Result<KeyInsert, DbError> {
    let id = key_of(conn, lookup).await?;
    Ok(KeyInsert::Taken(id.ok_or(DbError::Corrupt("imported_keys.key_id"))?))
}

/// The number of the key that was taken over under that hash, whatever hash it has by now.
pub async fn key_of(conn: &mut Conn, lookup: &Lookup) -> Result<Option<i64>, DbError> {
    let row = imported_keys::table.find(lookup.to_vec()).select(imported_keys::key_id);
    Ok(row.first::<Option<i64>>(conn).await.optional()?.flatten())
}

/// The pair of hash `from` is found by `to` from now on, be it the key's own or one that a rotation put
/// aside; whether it was not before.
pub async fn move_to(conn: &mut Conn, from: Lookup, to: Lookup) -> Result<bool, DbError> {
    let own = keys::table.filter(keys::lookup.eq(&from[..]));
    let own = diesel::update(own).set(keys::lookup.eq(&to[..])).execute(conn).await?;
    let aside = other_pairs::table.filter(other_pairs::lookup.eq(&from[..]));
    let aside = diesel::update(aside).set(other_pairs::lookup.eq(&to[..])).execute(conn).await?;
    Ok(own + aside == 1)
}
