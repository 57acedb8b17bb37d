//! Two services on one database: whichever sees an imported key first, both hear what becomes of it.

use std::time::Duration;

use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{Exported, import, run};
use crate::{
    support::{Process, TestApp, own_address},
    verify::ORDERS,
};

/// A second service on the same database.
async fn second(app: &TestApp) -> Process {
    let settings = [("APPGRANT_SECRET_HASH", "m=8,t=1")];
    Process::start(app.folder.path(), &own_address(), &settings).await
}

#[tokio::test]
async fn both_hear_of_a_revocation() {
    let app = TestApp::start().await;
    let other = second(&app).await;
    let keys: Vec<_> = (1..=3).map(|id| Exported::new(id, "read")).collect();
    import(&app, &keys).await;
    let word = async |key: &Exported, url: &str| {
        key.asks("GET", ORDERS).ask_at(url).await.word().to_owned()
    };
    // One is first seen here, one there, one nowhere.
    for (key, order) in [(&keys[0], [&app.url, &other.url]), (&keys[1], [&other.url, &app.url])] {
        for url in order.into_iter().cycle().take(6) {
            assert_eq!(word(key, url).await, "allowed");
        }
    }
    for id in ["1", "2", "3"] {
        assert_eq!(run(&app, &["key", "revoke", id]).await.0, 0);
    }
    for url in [&app.url, &other.url] {
        for key in &keys {
            let deadline = Instant::now() + Duration::from_secs(10);
            while word(key, url).await != "revoked" {
                assert!(Instant::now() < deadline, "{} did not hear of key {}", url, key.id);
                sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

#[tokio::test]
async fn of_many_first_requests_at_both_all_pass() {
    let app = TestApp::start().await;
    let other = second(&app).await;
    let keys: Vec<_> = (1..=4).map(|id| Exported::new(id, "read")).collect();
    import(&app, &keys).await;
    let mut first = JoinSet::new();
    for n in 0..80 {
        let url = if n % 2 == 0 { app.url.clone() } else { other.url.clone() };
        let question = keys[n / 2 % 4].asks("GET", ORDERS);
        first.spawn(async move { question.ask_at(&url).await.word().to_owned() });
    }
    for word in first.join_all().await {
        assert_eq!(word, "allowed");
    }
}
