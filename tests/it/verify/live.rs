//! Keys in memory: changes count at once, uses are noted, hashes renewed.

use std::time::Duration;

use appgrant::{
    domain::{
        argon::{self, Cost},
        timestamp::Timestamp,
    },
    service::{
        caller::Caller,
        users::{self, KeysFate},
        verify::{KeyUse, last_use},
    },
};
use tokio::time::{Instant, sleep};

use super::ORDERS;
use crate::support::{Question, Received, TestApp, database, granted};

fn asks(received: &Received) -> Question {
    Question::forwarded("GET", ORDERS).keys(received)
}

/// What can happen to a key, and what it is answered from then on.
const CHANGES: [(&str, &str); 5] = [
    ("UPDATE keys SET permissions = 'write'", "method_not_permitted"),
    ("UPDATE keys SET permissions = 'read'", "allowed"),
    ("UPDATE keys SET expires_at = 1", "expired"),
    ("UPDATE keys SET expires_at = NULL", "allowed"),
    ("UPDATE keys SET state = 'revoked'", "revoked"),
];

/// Asks until the shortest way is taken: the first request proves the secret, the second leaves the
/// header in memory, the third is answered by it.
async fn in_use(app: &TestApp, received: &Received) {
    for _ in 0..3 {
        assert_eq!(asks(received).ask(app).await.word(), "allowed");
    }
}

/// Changes the database as a use case of this process does.
async fn change_here(app: &TestApp, sql: &str) {
    assert_eq!(app.alter(sql).await, 1);
    app.services().verifier.changes.changed_here(app.services()).await;
}

#[tokio::test]
async fn a_revoked_key_in_use_is_refused_by_the_very_next_request() {
    let app = TestApp::start().await;
    let received = granted(&app, "read_write").await;
    for (sql, word) in CHANGES {
        if word != "allowed" {
            in_use(&app, &received).await;
        }
        change_here(&app, sql).await;
        for _ in 0..2 {
            assert_eq!(asks(&received).ask(&app).await.word(), word, "{sql}");
        }
    }
}

#[tokio::test]
async fn while_the_database_is_away_keys_in_use_pass_for_a_minute() {
    let app = TestApp::start().await;
    let received = granted(&app, "read").await;
    in_use(&app, &received).await;
    app.alter("ALTER TABLE key_changes RENAME TO key_changes_away").await;
    app.clock.advance(Duration::from_secs(50));
    assert_eq!(asks(&received).ask(&app).await.word(), "allowed");
    app.clock.advance(Duration::from_secs(15));
    let said = asks(&received).ask(&app).await;
    assert_eq!((said.status, said.word()), (503, "unavailable"));
    assert_eq!(said.header("retry-after"), "2");
    app.alter("ALTER TABLE key_changes_away RENAME TO key_changes").await;
    assert_eq!(asks(&received).ask(&app).await.word(), "allowed", "no restart is needed");
}

#[tokio::test]
async fn a_disabled_owner_takes_the_keys_along_at_once_and_brings_them_back() {
    let app = TestApp::start().await;
    let received = granted(&app, "read").await;
    in_use(&app, &received).await;
    let (caller, max) = (Caller::command_line(), app.user("max").await.id);
    users::disable(app.services(), &caller, max, KeysFate::Pause).await.unwrap();
    let said = asks(&received).ask(&app).await;
    assert_eq!((said.status, said.word()), (403, "owner_disabled"));
    users::enable(app.services(), &caller, max).await.unwrap();
    assert_eq!(asks(&received).ask(&app).await.word(), "allowed");
}

#[tokio::test]
async fn what_another_process_changes_counts_within_a_second() {
    let app = TestApp::start().await;
    let received = granted(&app, "read").await;
    for (sql, word) in CHANGES {
        assert_eq!(app.alter(sql).await, 1);
        let deadline = Instant::now() + Duration::from_secs(10);
        while asks(&received).ask(&app).await.word() != word {
            assert!(Instant::now() < deadline, "{sql} was not heard of");
            sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test]
async fn a_key_expires_while_it_is_in_memory() {
    let app = TestApp::start().await;
    let received = granted(&app, "read").await;
    let soon = Timestamp::from_millis(i64::MAX / 2);
    assert_eq!(app.alter(&format!("UPDATE keys SET expires_at = {}", soon.as_millis())).await, 1);
    assert_eq!(asks(&received).ask(&app).await.word(), "allowed");
    app.clock.advance(Duration::from_millis(u64::try_from(soon.as_millis()).unwrap()));
    assert_eq!(asks(&received).ask(&app).await.word(), "expired");
}

#[tokio::test]
async fn a_right_secret_passes_while_others_guess() {
    let app = TestApp::start().await;
    let received = granted(&app, "read").await;
    let key = received.text("consumer_key");
    let mut guesses = tokio::task::JoinSet::new();
    for n in 0..60 {
        let (url, guess) = (app.url.clone(), Question::forwarded("GET", ORDERS));
        let guess = guess.basic(&key, &format!("cs_{n}"));
        guesses.spawn(async move { guess.ask_at(&url).await.word().to_owned() });
    }
    assert_eq!(asks(&received).ask(&app).await.word(), "allowed");
    while let Some(word) = guesses.join_next().await {
        assert_eq!(word.unwrap(), "wrong_secret");
    }
    assert_eq!(asks(&received).ask(&app).await.word(), "allowed");
}

#[tokio::test]
async fn a_hundred_first_requests_all_pass() {
    let app = TestApp::start().await;
    let received = granted(&app, "read").await;
    let mut first = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let (url, question) = (app.url.clone(), asks(&received));
        first.spawn(async move { question.ask_at(&url).await.status });
    }
    while let Some(status) = first.join_next().await {
        assert_eq!(status.unwrap(), 204);
    }
}

#[tokio::test]
async fn the_last_use_is_noted_once_a_minute_and_written_at_the_end() {
    let app = TestApp::start().await;
    let received = granted(&app, "read").await;
    let from = |address: &str| {
        asks(&received).with("X-Forwarded-For", address).with("User-Agent", "Shipper/1.0  (tea)")
    };
    assert_eq!(from("203.0.113.9").ask(&app).await.word(), "allowed");
    assert_eq!(from("203.0.113.10").ask(&app).await.word(), "allowed");
    let used = wait_for_use(&app, |_| true).await;
    assert_eq!(used.address.to_string(), "203.0.113.9", "the first of that minute");
    assert_eq!(used.client.as_deref(), Some("Shipper/1.0 (tea)"));

    app.clock.advance(Duration::from_secs(61));
    assert_eq!(from("203.0.113.11").ask(&app).await.word(), "allowed");
    let refused = Question::forwarded("POST", ORDERS).keys(&received);
    assert_eq!(refused.ask(&app).await.word(), "method_not_permitted");
    let services = app.services().clone();
    let _folder = app.stop().await;
    let used = last_use(&services, used.key_id).await.unwrap().unwrap();
    assert_eq!(used.address.to_string(), "203.0.113.11", "stopping loses nothing");
}

async fn wait_for_use(app: &TestApp, is_it: impl Fn(&KeyUse) -> bool) -> KeyUse {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let used = last_use(app.services(), 1).await.unwrap();
        if let Some(used) = used.filter(&is_it) {
            return used;
        }
        assert!(Instant::now() < deadline, "no use was written");
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_hash_of_another_cost_is_renewed_on_the_first_use() {
    let app = TestApp::start().await;
    let received = granted(&app, "read").await;
    let made_dear = Cost { memory: 16, passes: 2 };
    let secret = received.text("consumer_secret");
    let pepper = app.services().keyring.pepper();
    let dear = argon::hash(pepper, secret.as_bytes(), [3; 16], made_dear).unwrap();
    assert_eq!(app.alter(&format!("UPDATE keys SET secret_hash = '{dear}'")).await, 1);
    app.services().verifier.changes.catch_up(app.services()).await.unwrap();
    assert_eq!(stored_hash(&app), dear);
    assert_eq!(asks(&received).ask(&app).await.word(), "allowed");
    let renewed = stored_hash(&app);
    assert!(renewed.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{renewed}");
    for _ in 0..2 {
        assert_eq!(asks(&received).ask(&app).await.word(), "allowed");
    }
    assert_eq!(stored_hash(&app), renewed, "once is enough");
}

fn stored_hash(app: &TestApp) -> String {
    database::texts(&app.database, "SELECT secret_hash AS text FROM keys").remove(0)
}
