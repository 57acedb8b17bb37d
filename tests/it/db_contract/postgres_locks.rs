//! What only PostgreSQL lets happen: a row changes between a query function's read and its update.

use appgrant::{
    db::{self, Backend, Db, DbError, postgres::Conn},
    domain::failure::{Failure, Phase},
};
use diesel_async::AsyncConnection;

use super::{
    TestDatabase,
    samples::{LEASE, approve_some, at, attempted, claim, outcome},
};

/// Connections to this database that wait for a row.
const WAITING: &str =
    "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";

/// A worker that reads an expired lease while its holder records a failure must not take it early.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_recorded_meanwhile_is_not_tried_again_at_once() {
    let Some(db) = TestDatabase::postgres().await else {
        return;
    };
    approve_some(&db, 1).await;
    let slow = claim(&db, at(0)).await;
    let Backend::Postgres(pools) = db.backend() else { panic!("it is PostgreSQL") };
    let mut conn = pools.writer().await.unwrap();
    let conn: &mut Conn = &mut conn;
    let other = db.open_again();
    let claiming = conn
        .transaction(async |conn: &mut Conn| {
            let (now, failure) = (at(20), attempted(Some(Failure::Timeout(Phase::Answer))));
            db::postgres::deliveries::record(conn, now, &slow.id, 1, &failure).await?;
            let claiming = tokio::spawn(claim_outcome(other));
            while db.count(WAITING).await == 0 {
                assert!(!claiming.is_finished(), "it must wait for the row");
            }
            Ok::<_, DbError>(claiming)
        })
        .await
        .unwrap();
    assert_eq!(claiming.await.unwrap(), "lost race");
    let next = write!(db, deliveries::claim(at(24), LEASE));
    assert_eq!(outcome(&next), "nothing before 25");
}

async fn claim_outcome(db: Db) -> String {
    outcome(&write!(db, deliveries::claim(at(20), LEASE)))
}
