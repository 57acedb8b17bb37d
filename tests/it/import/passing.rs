//! An imported key at `/verify`: it opens what it opened, by every means, until it is ended.

use std::time::Duration;

use appgrant::{
    domain::permissions::Permissions,
    service::{
        caller::Caller,
        keys::{self, KeyChange, Rotated},
        users::{self, KeysFate},
    },
};

use super::{Exported, import, run};
use crate::{
    support::{Question, TestApp, database},
    verify::{ORDERS, oauth::Client},
};

#[tokio::test]
async fn it_opens_what_it_opened() {
    let app = TestApp::start().await;
    let keys = [(1, "read"), (2, "write"), (3, "read_write")].map(|(id, p)| Exported::new(id, p));
    assert_eq!(import(&app, &keys).await, "3 rows: 3 taken, 0 already here, 0 skipped\n");
    let refused = "method_not_permitted";
    for (key, get, post) in [
        (&keys[0], "allowed", refused),
        (&keys[1], refused, "allowed"),
        (&keys[2], "allowed", "allowed"),
    ] {
        for _ in 0..3 {
            assert_eq!(key.asks("GET", ORDERS).ask(&app).await.word(), get);
            assert_eq!(key.asks("POST", ORDERS).ask(&app).await.word(), post);
        }
        let uri = format!("{ORDERS}?consumer_key={}&consumer_secret={}", key.key, key.secret);
        assert_eq!(Question::forwarded("GET", &uri).ask(&app).await.word(), get);
        let wrong = Question::forwarded("GET", ORDERS).basic(&key.key, "cs_wrong");
        assert_eq!(wrong.ask(&app).await.word(), "wrong_secret");
    }
    let said = keys[2].asks("GET", ORDERS).ask(&app).await;
    assert_eq!(said.header("x-appgrant-owner"), "max");
    assert_eq!(said.header("x-appgrant-permissions"), "read_write");
    assert_eq!((said.header("x-appgrant-key-id"), said.header("x-appgrant-app")), ("3", ""));
}

/// Whoever has an old export has hash and secret, and WooCommerce let nobody in with these.
#[tokio::test]
async fn the_hash_in_the_export_opens_nothing() {
    let app = TestApp::start().await;
    let key = Exported::new(1, "read");
    import(&app, std::slice::from_ref(&key)).await;
    for _ in 0..2 {
        for name in [key.hash(), format!("woocommerce:{}", key.hash()), key.key.to_uppercase()] {
            let uri = format!("{ORDERS}?consumer_key={name}&consumer_secret={}", key.secret);
            assert_eq!(Question::forwarded("GET", &uri).ask(&app).await.word(), "unknown_key");
        }
        // Before and after its first use.
        assert_eq!(key.asks("GET", ORDERS).ask(&app).await.word(), "allowed");
    }
}

#[tokio::test]
async fn it_signs() {
    let app = TestApp::with(&[("OAUTH1", "true")]).await;
    let keys = [Exported::new(1, "read"), Exported::new(2, "read")];
    import(&app, &keys).await;
    let client = |key: &Exported| Client::new(&app, &key.key, &key.secret);
    assert_eq!(client(&keys[0]).signs("GET", &[], "1").ask(&app).await.word(), "allowed");
    assert_eq!(client(&keys[0]).signs("GET", &[], "1").ask(&app).await.word(), "nonce_used");
    let wrong = Client::new(&app, &keys[1].key, &keys[0].secret);
    assert_eq!(wrong.signs("GET", &[], "2").ask(&app).await.word(), "bad_signature");
    assert_eq!(keys[1].asks("GET", ORDERS).ask(&app).await.word(), "allowed");
    database::assert_holds_no(&app.database, &keys[0].secret);
}

/// Each change, before the first use and after the shortest way was taken.
#[tokio::test]
async fn what_becomes_of_it_counts_at_once() {
    for uses in [0, 3] {
        let app = TestApp::start().await;
        let keys = [1, 2, 3, 4].map(|id| Exported::new(id, "read_write"));
        import(&app, &keys).await;
        let word =
            async |key: &Exported| key.asks("POST", ORDERS).ask(&app).await.word().to_owned();
        for _ in 0..uses {
            for key in &keys {
                assert_eq!(word(key).await, "allowed");
            }
        }
        let (services, caller) = (app.services(), Caller::command_line());
        keys::revoke(services, &caller, 1, "lost").await.unwrap();
        let narrower = KeyChange { permissions: Some(Permissions::Read), ..KeyChange::default() };
        keys::change(services, &caller, 2, narrower).await.unwrap();
        app.alter("UPDATE keys SET expires_at = 1 WHERE id = 3").await;
        services.verifier.changes.changed_here(services).await;
        for _ in 0..2 {
            assert_eq!(word(&keys[0]).await, "revoked", "{uses} uses");
            assert_eq!(word(&keys[1]).await, "method_not_permitted", "{uses} uses");
            assert_eq!(word(&keys[2]).await, "expired", "{uses} uses");
            assert_eq!(word(&keys[3]).await, "allowed");
        }
        let max = app.user("max").await.id;
        users::disable(services, &caller, max, KeysFate::Pause).await.unwrap();
        assert_eq!(word(&keys[3]).await, "owner_disabled", "{uses} uses");
    }
}

/// Whoever moves in may exchange what stood in the export, before and after the app came.
#[tokio::test]
async fn its_secret_can_be_exchanged_with_an_overlap() {
    for uses in [0, 3] {
        let app = TestApp::start().await;
        let key = Exported::new(1, "read");
        import(&app, std::slice::from_ref(&key)).await;
        let old = async || key.asks("GET", ORDERS).ask(&app).await.word().to_owned();
        for _ in 0..uses {
            assert_eq!(old().await, "allowed");
        }
        let (services, caller) = (app.services(), Caller::command_line());
        let hour = Duration::from_hours(1);
        let Rotated::Shown(made) = keys::rotate(services, &caller, 1, hour).await.unwrap() else {
            panic!("it has no app to send a new pair to");
        };
        let new = &made.credential;
        let new = Question::forwarded("GET", ORDERS).basic(new.key.as_str(), new.secret.expose());
        for _ in 0..3 {
            assert_eq!(old().await, "allowed", "{uses} uses before");
            assert_eq!(new.ask(&app).await.word(), "allowed");
        }
        assert_eq!(
            import(&app, std::slice::from_ref(&key)).await,
            "1 row: nothing to take, 1 already here, 0 skipped\n"
        );
        app.clock.advance(hour);
        assert_eq!(old().await, "replaced", "{uses} uses before");
        assert_eq!(new.ask(&app).await.word(), "allowed");
    }
}

#[tokio::test]
async fn what_was_taken_is_not_taken_again_whatever_became_of_it() {
    let app = TestApp::start().await;
    let keys = [1, 2, 3].map(|id| Exported::new(id, "read"));
    import(&app, &keys).await;
    assert_eq!(keys[0].asks("GET", ORDERS).ask(&app).await.word(), "allowed");
    keys::revoke(app.services(), &Caller::command_line(), 1, "lost").await.unwrap();
    keys::revoke(app.services(), &Caller::command_line(), 2, "lost").await.unwrap();
    let said = import(&app, &keys).await;
    assert_eq!(said, "3 rows: nothing to take, 3 already here, 0 skipped\n");
    for (key, word) in keys.iter().zip(["revoked", "revoked", "allowed"]) {
        assert_eq!(key.asks("GET", ORDERS).ask(&app).await.word(), word);
    }
}

#[tokio::test]
async fn it_is_found_by_its_consumer_key_before_and_after_its_first_use() {
    let app = TestApp::start().await;
    let keys = [Exported::new(1, "read"), Exported::new(2, "write")];
    import(&app, &keys).await;
    for _ in 0..2 {
        let (_, listed, _) = run(&app, &["key", "list", "--search", &keys[1].key]).await;
        assert_eq!(listed.lines().count(), 1, "{listed}");
        assert!(listed.starts_with("2\tactive\twrite\tmax\t…0000002\t"), "{listed}");
        assert_eq!(keys[1].asks("POST", ORDERS).ask(&app).await.word(), "allowed");
    }
}
