//! PostgreSQL tells whoever listens that keys changed, when that is committed and not before.

use std::time::Duration;

use tokio::time::timeout;

use super::{TestDatabase, samples::approve_some};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_committed_change_is_told_once_and_a_rolled_back_one_never() {
    let Some(db) = TestDatabase::postgres().await else { return };
    approve_some(&db, 2).await;
    let mut listener = db.listen().await.unwrap().unwrap();

    db.try_execute("UPDATE keys SET permissions = 'read'; SELECT 1 / 0").await.unwrap_err();
    timeout(Duration::from_millis(300), listener.changed()).await.unwrap_err();

    db.execute("UPDATE keys SET permissions = 'read'").await;
    timeout(Duration::from_secs(20), listener.changed()).await.unwrap().unwrap();
    timeout(Duration::from_millis(300), listener.changed()).await.unwrap_err();

    let own = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    db.execute(own).await;
    timeout(Duration::from_secs(20), listener.changed()).await.unwrap().unwrap_err();
}

#[tokio::test]
async fn a_file_tells_nobody() {
    assert!(TestDatabase::sqlite().await.listen().await.unwrap().is_none());
}
