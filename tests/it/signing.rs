//! The signing key is exchanged while the service runs: what apps see of it, and what operators type.

use std::time::Duration;

use appgrant::{
    domain::signature::{self, JwkSet, NotSigned},
    service::{
        caller::Caller,
        environment::{Clock, SystemClock},
        signing,
    },
};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use crate::{
    approve::request,
    support::{Manager, PASSWORD, Process, Received, Receiver, TestApp, own_address},
};

const JWKS: &str = "/.well-known/jwks.json";
const DAY: Duration = Duration::from_hours(24);

/// The published keys, each as a set of its own.
async fn published(browser: &Manager) -> Vec<JwkSet> {
    let answer = browser.get(JWKS).await;
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    let keys: Value = serde_json::from_str(&answer.body).unwrap();
    let keys = keys["keys"].as_array().unwrap().iter();
    keys.map(|key| serde_json::from_value(json!({ "keys": [key] })).unwrap()).collect()
}

/// Approves; gives what the app received.
async fn deliver(manager: &Manager, receiver: &Receiver) -> Received {
    let before = receiver.received().len();
    let query = format!("{}&state={before}", request(receiver));
    manager.approve(&manager.consent(&query).await).await;
    receiver.wait_for(before + 1).await.pop().unwrap()
}

/// The signatures, each alone, as an app that knows `keys` judges them now.
fn judged(received: &Received, keys: &JwkSet) -> Vec<Result<(), NotSigned>> {
    let headers = received.signature();
    let now = SystemClock.now();
    let judge = |one: &str| {
        let alone = signature::SignatureHeaders { signature: one.to_owned(), ..headers.clone() };
        signature::verify(keys, &alone, now, received.body.as_bytes())
    };
    headers.signature.split(' ').map(judge).collect()
}

const FITS: Result<(), NotSigned> = Ok(());
const OTHER: Result<(), NotSigned> = Err(NotSigned::NoKeyFits);

/// A store in a folder, with a manager `max`.
fn store() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let add = ["user", "add", "max", "--role", "manager", "--password-stdin"];
    assert_eq!(Process::run(folder.path(), &add, PASSWORD).0, 0);
    folder
}

fn signing_key(folder: &tempfile::TempDir, arguments: &[&str]) -> (i32, String, String) {
    Process::run(folder.path(), &[&["signing-key"], arguments].concat(), "")
}

fn listed(folder: &tempfile::TempDir) -> Value {
    let (code, list, error) = signing_key(folder, &["list", "--json"]);
    assert_eq!(code, 0, "{error}");
    serde_json::from_str(&list).unwrap()
}

#[tokio::test]
async fn a_running_service_follows_a_rotation() {
    let (folder, receiver) = (store(), Receiver::start().await);
    let process = Process::start(folder.path(), &own_address(), &[]).await;
    let manager = process.browser();
    manager.post("/login", &[("username", "max"), ("password", PASSWORD)]).await;
    let first = deliver(&manager, &receiver).await;
    let old = published(&manager).await;
    assert_eq!((old.len(), judged(&first, &old[0])), (1, vec![FITS]));

    let (code, said, error) = signing_key(&folder, &["rotate"]);
    assert_eq!((code, error.as_str()), (0, ""));
    assert!(
        said.starts_with("signing key 2 made; the key before goes on signing beside it until ")
    );
    let second = deliver(&manager, &receiver).await;
    let both = published(&manager).await;
    assert_eq!((both.len(), &both[1]), (2, &old[0]), "newest first");
    assert_eq!(judged(&second, &both[0]), [FITS, OTHER]);
    assert_eq!(judged(&second, &both[1]), [OTHER, FITS]);

    let (code, said, _) = signing_key(&folder, &["rotate", "--at-once"]);
    assert_eq!(code, 0);
    assert_eq!(
        said,
        "signing key 3 made; the keys before no longer sign and are no longer published\n"
    );
    let third = deliver(&manager, &receiver).await;
    let new = published(&manager).await;
    assert_eq!((new.len(), judged(&third, &new[0])), (1, vec![FITS]));
    for old in both {
        assert_eq!(judged(&third, &old), [OTHER]);
        assert!(old != new[0]);
    }
}

#[tokio::test]
async fn after_thirty_days_the_old_key_is_gone() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    let old = published(&app.browser()).await.remove(0);
    signing::rotate(app.services(), &Caller::command_line(), false).await.unwrap();
    app.clock.advance(DAY * 29);
    let during = deliver(&app.logged_in("max").await, &receiver).await;
    let both = published(&app.browser()).await;
    assert_eq!((both.len(), during.signature().signature.matches("v1a,").count()), (2, 2));
    assert_eq!(both[1], old);

    app.clock.advance(DAY * 2);
    let after = deliver(&app.logged_in("max").await, &receiver).await;
    assert_eq!(published(&app.browser()).await, [both[0].clone()]);
    let headers = after.signature();
    let (now, body) = (app.clock.now(), after.body.as_bytes());
    assert_eq!(headers.signature.matches("v1a,").count(), 1);
    assert_eq!(signature::verify(&both[0], &headers, now, body), FITS);
    assert_eq!(signature::verify(&old, &headers, now, body), OTHER);
}

#[tokio::test]
async fn keys_are_listed_with_the_ids_they_are_published_under() {
    let folder = store();
    let process = Process::start(folder.path(), &own_address(), &[]).await;
    assert_eq!(signing_key(&folder, &["rotate"]).0, 0);
    let list = listed(&folder);
    let jwks: Value = serde_json::from_str(&process.browser().get(JWKS).await.body).unwrap();
    for (row, (generation, state)) in [(2, "current"), (1, "retiring")].into_iter().enumerate() {
        assert_eq!(
            (&list[row]["generation"], &list[row]["state"]),
            (&generation.into(), &state.into())
        );
        assert_eq!(list[row]["kid"], jwks["keys"][row]["kid"]);
    }
    assert_eq!(list[0]["retired_at"], Value::Null);
    assert_eq!(signing_key(&folder, &["rotate", "--at-once"]).0, 0);
    let text = signing_key(&folder, &["list"]).1;
    let words: Vec<_> = text.lines().map(|line| line.split('\t').nth(1).unwrap()).collect();
    assert_eq!(words, ["current", "retired", "retired"]);
    assert_eq!(text.lines().next().unwrap().split('\t').count(), 5, "{text}");
}

#[tokio::test]
async fn rotating_from_many_sides_at_once_harms_nothing() {
    let folder = store();
    let all = (0..4).map(|_| {
        let path = folder.path().to_owned();
        spawn_blocking(move || Process::run(&path, &["signing-key", "rotate"], ""))
    });
    let mut made = 0;
    for one in all.collect::<Vec<_>>() {
        match one.await.unwrap() {
            (0, said, _) if said.starts_with("signing key ") => made += 1,
            (1, _, error) if error.contains("somebody else rotated") => {}
            other => panic!("{other:?}"),
        }
    }
    let list = listed(&folder);
    let current = |row: &&Value| row["state"] == "current";
    assert!(made >= 1);
    assert_eq!(list.as_array().unwrap().len(), made + 1, "{list}");
    assert_eq!(list.as_array().unwrap().iter().filter(current).count(), 1, "{list}");
}

#[tokio::test]
async fn the_header_is_kept_short() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    for made in 2..=8 {
        assert_eq!(
            signing::rotate(app.services(), &Caller::command_line(), false)
                .await
                .ok()
                .unwrap()
                .made,
            made
        );
    }
    let refused = signing::rotate(app.services(), &Caller::command_line(), false)
        .await
        .err()
        .unwrap()
        .to_string();
    assert!(refused.starts_with("8 signing keys are in use already; wait until"), "{refused}");
    let manager = app.logged_in("max").await;
    let received = deliver(&manager, &receiver).await;
    let keys = published(&manager).await;
    assert_eq!(keys.len(), 8);
    for (number, key) in keys.iter().enumerate() {
        assert_eq!(judged(&received, key)[number], FITS);
    }
    assert_eq!(
        signing::rotate(app.services(), &Caller::command_line(), true).await.ok().unwrap().made,
        9
    );
    assert_eq!(published(&manager).await.len(), 1);
}

/// The database fails between the claim and the signature.
#[tokio::test]
async fn a_claimed_delivery_is_signed_with_the_keys_seen_last() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    signing::rotate(app.services(), &Caller::command_line(), true).await.unwrap();
    let manager = app.logged_in("max").await;
    deliver(&manager, &receiver).await;
    let keys = published(&manager).await;
    app.alter("ALTER TABLE signing_keys RENAME TO away").await;
    assert_eq!(judged(&deliver(&manager, &receiver).await, &keys[0]), [FITS]);
    let unknown = manager.get(JWKS).await;
    assert_eq!(unknown.status, 503);
    assert!(unknown.header("cache-control").contains("no-store"), "better none than an old one");
    app.alter("ALTER TABLE away RENAME TO signing_keys").await;
    assert_eq!(published(&manager).await, keys);
}
