//! What needs the program's own code on a PostgreSQL full of rows that SQL made: keys that can be used,
//! and the claim of the next delivery.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use appgrant::{
    db::postgres::deliveries,
    domain::{
        argon::{self, Cost},
        delivery::Lane,
        keyring::{Keyring, MasterKey},
        timestamp::Timestamp,
    },
};
use diesel::sql_types::{BigInt, Binary, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

/// Gives every `step`th key of the database a pair that `once` knows, from the numbers `keys`.
pub async fn adopt(url: &str, folder: &Path, keys: std::ops::Range<u64>, step: u64, cost: Cost) {
    let file = fs::read_to_string(folder.join("appgrant.key")).unwrap();
    let keyring = Keyring::derive(&MasterKey::from_file(&file).unwrap());
    let mut conn = AsyncPgConnection::establish(url).await.unwrap();
    for n in keys {
        let secret = format!("cs_{n:040x}");
        let salt = u128::from(n).to_be_bytes();
        let phc = argon::hash(keyring.pepper(), secret.as_bytes(), salt, cost).unwrap();
        let changed = diesel::sql_query(
            "UPDATE keys SET lookup = $1, secret_hash = $2, state = 'active', permissions = 'read', \
             opened_at = 1, expires_at = NULL, revoked_at = NULL, revoke_reason = NULL WHERE id = $3",
        )
        .bind::<Binary, _>(keyring.lookup(&format!("ck_{n:040x}")).to_vec())
        .bind::<Text, _>(phc)
        .bind::<BigInt, _>(i64::try_from(1 + n * step).unwrap())
        .execute(&mut conn);
        assert_eq!(changed.await.unwrap(), 1, "key {n}");
    }
}

/// Claims the next delivery of each lane that often, taken back each time; prints the times.
pub async fn claim(url: &str, times: usize, now: i64) {
    let mut conn = AsyncPgConnection::establish(url).await.unwrap();
    for lane in [Lane::Pairs, Lane::Events] {
        let mut took = Vec::new();
        for _ in 0..times {
            took.push(one_claim(&mut conn, lane, Timestamp::from_millis(now)).await);
        }
        took.sort();
        let at = |percent: usize| took[(took.len() - 1) * percent / 100].as_secs_f64() * 1e3;
        println!("{lane:?} {:.3} {:.3}", at(50), at(99));
    }
}

async fn one_claim(conn: &mut AsyncPgConnection, lane: Lane, now: Timestamp) -> Duration {
    conn.batch_execute("BEGIN").await.unwrap();
    let began = Instant::now();
    let claim = deliveries::claim_on(conn, now, Duration::from_secs(30), lane).await.unwrap();
    let took = began.elapsed();
    assert!(matches!(claim, appgrant::db::outcomes::Claim::Got(_)), "there is nothing to claim");
    conn.batch_execute("ROLLBACK").await.unwrap();
    took
}
