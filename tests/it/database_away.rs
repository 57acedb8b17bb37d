//! While the database server is away: keys in use are answered for a while, everybody else is told to
//! come back, nothing piles up, and no restart is needed when it is there again.

use std::time::Duration;

use diesel_async::{AsyncConnection as _, AsyncPgConnection, SimpleAsyncConnection as _};
use serde_json::Value;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use crate::{
    support::{CutServer, Manager, Question, Received, TestApp, granted, postgres},
    verify::ORDERS,
};

/// A store whose way to its database can be cut, with a key in use and a manager who is logged in.
struct Store {
    app: TestApp,
    way: CutServer,
    /// The database, past that way.
    direct: String,
    key: Received,
    manager: Manager,
}

impl Store {
    async fn open(settings: &[(&str, &str)]) -> Option<Self> {
        let direct = postgres::migrated_database().await?;
        let way = CutServer::before(&direct).await;
        let mut all = vec![("DATABASE_URL", way.url.as_str())];
        all.extend(settings);
        let app = TestApp::with(&all).await;
        let key = granted(&app, "read").await;
        let manager = app.logged_in("max").await;
        let store = Self { app, way, direct, key, manager };
        for _ in 0..3 {
            assert_eq!(store.word().await, "allowed");
        }
        Some(store)
    }

    async fn word(&self) -> String {
        Question::forwarded("GET", ORDERS).keys(&self.key).ask(&self.app).await.word().to_owned()
    }

    async fn ready(&self) -> (u16, Value) {
        let answer = self.manager.get("/readyz").await;
        (answer.status, serde_json::from_str(&answer.body).unwrap())
    }

    async fn hears_of_the_revocation(&self) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while self.word().await != "revoked" {
            assert!(Instant::now() < deadline, "the revocation was not heard of");
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until everything works again.
    async fn recovered(&self) {
        let deadline = Instant::now() + Duration::from_mins(1);
        while self.ready().await.0 != 200 || self.manager.get("/admin/keys").await.status != 200 {
            assert!(Instant::now() < deadline, "it did not recover: {:?}", self.ready().await);
            sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(self.word().await, "allowed");
    }
}

#[tokio::test]
async fn keys_in_use_pass_for_a_minute_and_everybody_else_is_told_to_come_back() {
    let Some(store) = Store::open(&[]).await else { return };
    store.way.cut();
    assert_eq!(store.word().await, "allowed");

    for path in ["/admin/keys", "/api/v1/keys", "/.well-known/jwks.json"] {
        let answer = store.manager.get(path).await;
        assert_eq!((answer.status, answer.header("retry-after")), (503, "2"), "{path}");
    }
    let unknown = Question::forwarded("GET", ORDERS).basic(&format!("ck_{:040}", 7), "cs_x");
    let said = unknown.ask(&store.app).await;
    assert_eq!((said.status, said.word(), said.header("retry-after")), (503, "unavailable", "2"));
    let (status, body) = store.ready().await;
    assert!(
        status == 503 && body["reason"].as_str().unwrap().contains("cannot be reached"),
        "{body}"
    );
    assert_eq!(store.manager.get("/healthz").await.status, 200, "the process is up");

    store.app.clock.advance(Duration::from_secs(59));
    assert_eq!(store.word().await, "allowed");
    store.app.clock.advance(Duration::from_secs(2));
    assert_eq!(store.word().await, "unavailable", "a revocation may be unheard for too long");
    store.way.mend();
    store.recovered().await;
}

#[tokio::test]
async fn for_how_long_keys_pass_is_a_setting() {
    let seconds = [("VERIFY_WITHOUT_DATABASE_SECONDS", "0")];
    let Some(store) = Store::open(&seconds).await else { return };
    store.way.cut();
    store.app.clock.advance(Duration::from_secs(1));
    assert_eq!(store.word().await, "unavailable");
    store.way.mend();
    store.recovered().await;
}

#[tokio::test]
async fn what_changed_meanwhile_counts_as_soon_as_the_server_is_back() {
    let Some(store) = Store::open(&[]).await else { return };
    let mut elsewhere = AsyncPgConnection::establish(&store.direct).await.unwrap();
    store.way.cut();
    elsewhere.batch_execute("UPDATE keys SET state = 'revoked'").await.unwrap();
    assert_eq!(store.word().await, "allowed", "nobody could tell");
    store.way.mend();
    store.hears_of_the_revocation().await;
}

/// A backup was restored, or a replica took over that was behind: numbers of changes come again.
#[tokio::test]
async fn a_database_that_went_back_makes_every_process_forget_its_keys() {
    let Some(store) = Store::open(&[]).await else { return };
    let mut elsewhere = AsyncPgConnection::establish(&store.direct).await.unwrap();
    let back = "TRUNCATE key_changes RESTART IDENTITY; UPDATE keys SET state = 'revoked'";
    elsewhere.batch_execute(back).await.unwrap();
    store.hears_of_the_revocation().await;
}

/// A server that is stopped keeps its connections: nobody is told, and everybody must give up.
#[tokio::test]
async fn a_silent_server_makes_nobody_wait_for_ever_and_nothing_piles_up() {
    let Some(store) = Store::open(&[]).await else { return };
    store.way.silence();
    assert_eq!(store.word().await, "allowed");
    let (status, body) = store.ready().await;
    assert_eq!(
        (status, body["reason"].as_str()),
        (503, Some("the database did not answer in time"))
    );

    // The pool has 8 connections, and 512 may wait for one: the others are told at once.
    let mut pages = JoinSet::new();
    for _ in 0..700 {
        let request = store.manager.client.get(format!("{}/admin/keys", store.app.url));
        pages.spawn(async move { request.send().await.unwrap().status().as_u16() });
    }
    for _ in 0..150 {
        let answer = timeout(Duration::from_mins(1), pages.join_next()).await.unwrap();
        assert_eq!(answer.unwrap().unwrap(), 503);
    }
    assert_eq!(store.word().await, "allowed");
    pages.abort_all();
    store.way.mend();
    store.recovered().await;
}
