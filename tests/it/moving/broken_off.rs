//! A copy that is killed, or whose target goes away: nothing is left, and the next try succeeds.

use std::{process::Stdio, time::Duration};

use tokio::time::{Instant, sleep};

use super::{
    Store,
    store::{execute, number},
};
use crate::support::{killed_at, postgres};

#[tokio::test]
async fn killed_at_any_point_before_the_end_nothing_is_left() {
    let Some(url) = postgres::empty_database().await else { return };
    let store = Store::fill().await;
    for point in ["copied-keys", "copied-users", "copy-compared"] {
        killed_at(point, store.folder.path(), &store.settings(), &["copy", "--to", &url]).await;
        let audit = "SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM audit)";
        assert_eq!(number(&url, audit).await, 0, "{point}");
        let sleeping = "SELECT count(*) FROM pg_trigger WHERE tgenabled <> 'O'";
        assert_eq!(number(&url, sleeping).await, 0, "{point}");
    }
    let (code, _, error) = store.copy_to(&url);
    assert_eq!(code, 0, "{error}");
}

#[tokio::test]
async fn killed_after_the_commit_the_next_try_says_that_it_is_there() {
    let Some(url) = postgres::empty_database().await else { return };
    let store = Store::fill().await;
    killed_at("copy-committed", store.folder.path(), &store.settings(), &["copy", "--to", &url])
        .await;
    let (code, _, error) = store.copy_to(&url);
    assert!(code == 1 && error.contains("holds something already"), "{error}");
    let mut process = store.serve(&url).await;
    assert_eq!(process.browser().get("/readyz").await.status, 200);
    assert_eq!(process.terminate(), Some(0));
}

#[tokio::test]
async fn a_connection_that_breaks_in_the_middle_leaves_nothing() {
    let Some(url) = postgres::migrated_database().await else { return };
    let store = Store::fill().await;
    let slow = "ALTER TABLE audit ADD CONSTRAINT slow CHECK (pg_sleep(2) IS NOT NULL)";
    execute(&url, slow).await.unwrap();
    let settings = store.settings();
    let mut command = crate::support::command(store.folder.path(), "127.0.0.1:1");
    command.envs(settings.iter().map(|(name, value)| (name, value)));
    let child = command.args(["copy", "--to", &url]).stdout(Stdio::null()).stderr(Stdio::piped());
    let child = child.spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
               WHERE datname = current_database() AND query LIKE 'INSERT INTO \"audit\"%'";
    while number(&url, cut).await == 0 {
        assert!(Instant::now() < deadline, "it never wrote to the log");
        sleep(Duration::from_millis(20)).await;
    }
    let done = child.wait_with_output().unwrap();
    let error = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(1), "{error}");
    let line = error.lines().last().unwrap();
    assert!(line.contains("the target: ") && line.contains("can be given again"), "{error}");
    assert_eq!(number(&url, "SELECT count(*) FROM users").await, 0);
    execute(&url, "ALTER TABLE audit DROP CONSTRAINT slow").await.unwrap();
    let (code, _, error) = store.copy_to(&url);
    assert_eq!(code, 0, "{error}");
}
