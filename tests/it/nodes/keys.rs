//! What one node does to a key, the others hear of within a second.

use std::time::Duration;

use appgrant::{
    domain::permissions::Permissions,
    service::{
        keys::{self, KeyChange, MadeKey},
        users::{self, KeysFate},
        verify::{last_use, purge_nonces},
    },
};
use tokio::time::{Instant, sleep};

use super::Nodes;
use crate::{
    admin::{come, made},
    support::TestApp,
    verify::oauth::Client,
};

#[derive(Clone, Copy, Debug)]
enum Change {
    Revoke,
    Narrow,
    Rotate,
    DisableOwner,
}

impl Change {
    /// What the key's pair is answered from then on.
    const fn word(self) -> &'static str {
        match self {
            Self::Revoke => "revoked",
            Self::Narrow => "method_not_permitted",
            Self::Rotate => "replaced",
            Self::DisableOwner => "owner_disabled",
        }
    }

    async fn make(self, app: &TestApp, id: i64) {
        let (services, ada) = (app.services(), app.caller("ada").await);
        match self {
            Self::Revoke => keys::revoke(services, &ada, id, "").await.unwrap(),
            Self::Narrow => {
                let permissions = Some(Permissions::Read);
                let change = KeyChange { description: None, permissions, expires_at: None };
                keys::change(services, &ada, id, change).await.unwrap();
            }
            Self::Rotate => {
                keys::rotate(services, &ada, id, Duration::ZERO).await.unwrap();
            }
            Self::DisableOwner => {
                let max = app.user("max").await.id;
                users::disable(services, &ada, max, KeysFate::Pause).await.unwrap();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_node_changes_counts_on_the_others_within_a_second() {
    let Some(nodes) = Nodes::start(&[]).await else { return };
    let changes = [Change::Revoke, Change::Narrow, Change::Rotate, Change::DisableOwner];
    for (number, change) in changes.into_iter().enumerate() {
        let by = &nodes.apps[number % 3];
        let key = made(by, "max", "Till", Permissions::ReadWrite).await;
        for _ in 0..3 {
            for app in &nodes.apps {
                assert_eq!(come(app, &key, "POST").await, "allowed", "{change:?}");
            }
        }
        change.make(by, key.id).await;
        let done = Instant::now();
        assert_eq!(come(by, &key, "POST").await, change.word(), "at once where it was done");
        for app in &nodes.apps {
            while come(app, &key, "POST").await != change.word() {
                assert!(done.elapsed() < Duration::from_secs(1), "{change:?} was not heard");
                sleep(Duration::from_millis(10)).await;
            }
        }
    }
}

async fn last_at(app: &TestApp, key: &MadeKey) -> i64 {
    let used = last_use(app.services(), key.id).await.unwrap();
    used.map_or(0, |used| used.at.as_millis())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_uses_on_several_nodes_the_newest_is_kept() {
    let Some(nodes) = Nodes::start(&[]).await else { return };
    let [behind, _, ahead] = &nodes.apps[..] else { unreachable!() };
    let key = made(behind, "max", "Till", Permissions::Read).await;
    let newest = ahead.services().now().as_millis();
    for app in [ahead, behind] {
        assert_eq!(come(app, &key, "GET").await, "allowed");
    }
    // Both nodes write within two seconds.
    let deadline = Instant::now() + Duration::from_secs(5);
    while Instant::now() < deadline {
        let at = last_at(behind, &key).await;
        assert!(at == newest || at == 0 || at == newest - 10_000, "{at}");
        sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(last_at(behind, &key).await, newest);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_nonce_is_used_up_on_all_nodes_for_as_long_as_any_would_take_it() {
    let Some(nodes) = Nodes::start(&[("OAUTH1", "true")]).await else { return };
    let [behind, middle, ahead] = &nodes.apps[..] else { unreachable!() };
    let key = made(behind, "max", "Till", Permissions::Read).await;
    let pair = (key.credential.key.as_str(), key.credential.secret.expose());
    // As far ahead as the node behind lets it be.
    let at = behind.services().now().as_seconds() + 900;
    let signed = Client::new(behind, pair.0, pair.1).at(at).signs("GET", &[], "n1");
    let word = async |app: &TestApp| signed.ask(app).await.word().to_owned();
    assert_eq!(word(behind).await, "allowed");
    for app in [middle, ahead, behind] {
        assert_eq!(word(app).await, "nonce_used");
    }
    nodes.advance(Duration::from_mins(30));
    purge_nonces(ahead.services()).await.unwrap();
    assert_eq!(word(behind).await, "nonce_used", "the last second in which it would be taken");
    nodes.advance(Duration::from_secs(2));
    assert_eq!(word(behind).await, "bad_timestamp");
    nodes.advance(Duration::from_mins(2));
    assert_eq!(purge_nonces(ahead.services()).await.unwrap(), 1);
}
