//! What `scripts/bench-verify` measures with: a bare server to compare with, and a store full of keys.
//!
//! `bench bare ADDRESS` answers 204 to everything, on one thread as the service under test.
//! `bench fill FOLDER FROM TO` writes keys number FROM to TO (without TO) into a store's database; key
//! and secret number n are `ck_` and `cs_` with n in 40 hex digits, so that a load generator knows them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a tool for measuring ends with a panic"
)]

use std::{env, fs, path::Path};

use actix_web::{App, HttpResponse, HttpServer, web};
use appgrant::domain::{
    argon::{self, Cost},
    keyring::{Keyring, MasterKey},
};
use diesel::{
    Connection, RunQueryDsl, SqliteConnection,
    sql_types::{Binary, Text},
};

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["bare", address] => bare(address),
        ["fill", folder, from, to] => {
            fill(Path::new(folder), from.parse().unwrap(), to.parse().unwrap());
        }
        _ => panic!("usage: bench bare ADDRESS | bench fill FOLDER FROM TO"),
    }
}

fn bare(address: &str) {
    let server = HttpServer::new(|| {
        App::new().default_service(web::to(|| async { HttpResponse::NoContent().finish() }))
    });
    let server = server.workers(1).bind(address).unwrap();
    actix_web::rt::System::new().block_on(server.run()).unwrap();
}

fn fill(folder: &Path, from: u64, to: u64) {
    let file = fs::read_to_string(folder.join("appgrant.key")).unwrap();
    let keyring = Keyring::derive(&MasterKey::from_file(&file).unwrap());
    let path = folder.join("appgrant.db");
    let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    diesel::sql_query("PRAGMA busy_timeout = 60000").execute(&mut conn).unwrap();
    conn.transaction(|conn| (from..to).try_for_each(|n| insert(conn, &keyring, n))).unwrap();
}

fn insert(conn: &mut SqliteConnection, keyring: &Keyring, n: u64) -> diesel::QueryResult<()> {
    let cheap = Cost { memory: 8, passes: 1 };
    let secret = format!("cs_{n:040x}");
    let salt = u128::from(n).to_be_bytes();
    let phc = argon::hash(keyring.pepper(), secret.as_bytes(), salt, cheap).unwrap();
    diesel::sql_query(
        "INSERT INTO keys (lookup, secret_hash, ending, description, permissions, owner_id, state, \
         created_at, opened_at) VALUES (?, ?, 'xxxxxxx', ?, 'read', 1, 'active', 1, 1)",
    )
    .bind::<Binary, _>(keyring.lookup(&format!("ck_{n:040x}")))
    .bind::<Text, _>(phc)
    .bind::<Text, _>(format!("Key {n}"))
    .execute(conn)
    .map(drop)
}
