//! Fills a store's database with keys.

use std::{fs, ops::Range, path::Path};

use appgrant::domain::{
    argon::{self, Cost},
    keyring::{Keyring, MasterKey},
};
use diesel::{
    Connection, RunQueryDsl, SqliteConnection,
    sql_types::{Binary, Text},
};

/// Writes these keys, whose secrets cost that much to check.
pub fn fill(folder: &Path, keys: Range<u64>, cost: Cost) {
    let file = fs::read_to_string(folder.join("appgrant.key")).unwrap();
    let keyring = Keyring::derive(&MasterKey::from_file(&file).unwrap());
    let path = folder.join("appgrant.db");
    let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    diesel::sql_query("PRAGMA busy_timeout = 60000").execute(&mut conn).unwrap();
    conn.transaction(|conn| keys.into_iter().try_for_each(|n| insert(conn, &keyring, cost, n)))
        .unwrap();
}

fn insert(
    conn: &mut SqliteConnection,
    keyring: &Keyring,
    cost: Cost,
    n: u64,
) -> diesel::QueryResult<()> {
    let secret = format!("cs_{n:040x}");
    let salt = u128::from(n).to_be_bytes();
    let phc = argon::hash(keyring.pepper(), secret.as_bytes(), salt, cost).unwrap();
    diesel::sql_query(
        "INSERT INTO keys (lookup, secret_hash, ending, description, permissions, owner_id, state, \
         created_at, opened_at) VALUES (?, ?, 'xxxxxxx', ?, 'read', 1, 'active', 1, 1)",
    )
    .bind::<Binary, _>(keyring.lookup(&format!("ck_{n:040x}")).to_vec())
    .bind::<Text, _>(phc)
    .bind::<Text, _>(format!("Key {n}"))
    .execute(conn)
    .map(drop)
}
