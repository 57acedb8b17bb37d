//! The generations of the signing key: always exactly one newest, however many rotate at once.

use std::time::Duration;

use appgrant::{
    db::outcomes::Rotated,
    domain::{
        signing_key::{Generation, OVERLAP},
        timestamp::Timestamp,
    },
};

use super::{
    TestDatabase, at_once,
    samples::{at, make_user},
};

on_each_database!(
    a_store_begins_with_the_first_one,
    the_first_one_is_as_old_as_the_store,
    a_rotation_retires_the_one_before_later,
    a_rotation_at_once_retires_all_before,
    only_the_newest_can_be_rotated,
    one_of_many_rotations_at_once_is_made,
    a_number_nobody_writes_is_told,
);

/// Rotates `newest`, which then retires that many seconds after the beginning of time.
async fn rotate(db: &TestDatabase, now: i64, newest: u32, retire_at: i64) -> Rotated {
    write!(db, signing_keys::rotate(at(now), newest, at(retire_at)))
}

async fn in_use(db: &TestDatabase, now: Timestamp) -> Vec<u32> {
    read!(db, signing_keys::in_use(now)).iter().map(|one| one.number).collect()
}

async fn a_store_begins_with_the_first_one(db: TestDatabase) {
    let all = read!(db, signing_keys::all());
    assert_eq!((all.len(), all[0].number, all[0].retired_at), (1, 1, None));
    let age = now().since(all[0].created_at);
    assert!(age < Duration::from_hours(1), "made when the tables were: {:?}", all[0]);
    assert_eq!(in_use(&db, at(0)).await, [1]);
}

fn now() -> Timestamp {
    use appgrant::service::environment::{Clock, SystemClock};
    SystemClock.now()
}

async fn the_first_one_is_as_old_as_the_store(db: TestDatabase) {
    make_user(&db, "max").await;
    let side = if db.is_sqlite() { "sqlite" } else { "postgres" };
    let root = env!("CARGO_MANIFEST_DIR");
    let folder = format!("{root}/migrations/{side}/2026-11-21-000002_signing_keys");
    for file in ["down.sql", "up.sql"] {
        db.execute(&std::fs::read_to_string(format!("{folder}/{file}")).unwrap()).await;
    }
    let all = read!(db, signing_keys::all());
    assert_eq!(all, [Generation { number: 1, created_at: at(0), retired_at: None }]);
}

async fn a_rotation_retires_the_one_before_later(db: TestDatabase) {
    assert_eq!(rotate(&db, 10, 1, 1000).await, Rotated::To(2));
    let all = read!(db, signing_keys::all());
    assert_eq!(all[0], Generation { number: 2, created_at: at(10), retired_at: None });
    assert_eq!((all.len(), all[1].number, all[1].retired_at), (2, 1, Some(at(1000))));
    assert_eq!((in_use(&db, at(999)).await, in_use(&db, at(1000)).await), (vec![2, 1], vec![2]));
    assert_eq!(rotate(&db, 20, 2, 2000).await, Rotated::To(3));
    assert_eq!(in_use(&db, at(999)).await, [3, 2, 1], "the first keeps its own end");
    assert_eq!(in_use(&db, at(1000)).await, [3, 2]);
}

async fn a_rotation_at_once_retires_all_before(db: TestDatabase) {
    rotate(&db, 10, 1, 1000).await;
    rotate(&db, 20, 2, 2000).await;
    assert_eq!(rotate(&db, 30, 3, 30).await, Rotated::To(4));
    assert_eq!(in_use(&db, at(30)).await, [4]);
    assert_eq!(db.count("signing_keys").await, 4, "what was stays listed");
}

async fn only_the_newest_can_be_rotated(db: TestDatabase) {
    rotate(&db, 10, 1, 1000).await;
    for gone in [0, 1, 3, u32::MAX] {
        assert_eq!(rotate(&db, 20, gone, 20).await, Rotated::LostRace, "{gone}");
    }
    assert_eq!(in_use(&db, at(20)).await, [2, 1], "nothing was retired by it");
}

async fn one_of_many_rotations_at_once_is_made(db: TestDatabase) {
    let retire_at = at(0).plus(OVERLAP);
    let outcomes = at_once(&db, 16, |db, number| async move {
        let retire_at = if number % 2 == 0 { at(0) } else { retire_at };
        write!(db, signing_keys::rotate(at(0), 1, retire_at))
    })
    .await;
    let made = outcomes.iter().filter(|outcome| **outcome == Rotated::To(2)).count();
    let lost = outcomes.iter().filter(|outcome| **outcome == Rotated::LostRace).count();
    assert_eq!((made, lost), (1, 15), "{outcomes:?}");
    assert_eq!(db.count("signing_keys").await, 2);
    assert_eq!(db.count("signing_keys WHERE retired_at IS NULL").await, 1);
}

async fn a_number_nobody_writes_is_told(db: TestDatabase) {
    use appgrant::db::{Backend, DbError, postgres, sqlite};
    db.execute("UPDATE signing_keys SET generation = -1").await;
    let read = match db.backend() {
        Backend::Sqlite(pools) => {
            sqlite::signing_keys::all(&mut pools.reader().await.unwrap()).await
        }
        Backend::Postgres(pools) => {
            postgres::signing_keys::all(&mut pools.reader().await.unwrap()).await
        }
    };
    assert!(matches!(read, Err(DbError::Corrupt("signing_keys.generation"))), "{read:?}");
}
