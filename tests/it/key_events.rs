//! Apps are told what becomes of their keys: asked for at authorize, signed, tried again, in the timeline;
//! and warned before a key ends.

use std::time::Duration;

use appgrant::{
    domain::{delivery::Kind, signature},
    service::{
        audit::{self, AuditFilter},
        deliveries, expiring,
        keys::{self, KeyChange},
    },
};

use crate::support::{
    Answers, Manager, Question, Reaction, Received, Receiver, TestApp, encode, query,
};

const ORDERS: &str = "/wp-json/wc/v3/orders";
const DAY: Duration = Duration::from_hours(24);

fn ask(callback: &str, events: &str) -> String {
    query(&[
        ("app_name", "My App"),
        ("user_id", "123"),
        ("return_url", "http://localhost/return"),
        ("callback_url", callback),
        ("scope", "read"),
        ("events_url", events),
    ])
}

/// A store with an app's key, and where the app hears of it.
struct Scene {
    app: TestApp,
    manager: Manager,
    callback: Receiver,
    events: Receiver,
    key: Received,
}

impl Scene {
    async fn set(lifetime: &str) -> Self {
        let app = TestApp::start().await;
        let (callback, events) = (Receiver::start().await, Receiver::start().await);
        let manager = app.logged_in("max").await;
        let mut page = manager.consent(&ask(&callback.url(), &events.url())).await;
        assert!(page.body.contains("wc-auth-events"), "another origin is shown");
        page.approve.insert("lifetime".to_owned(), lifetime.to_owned());
        manager.approve(&page).await;
        let key = callback.wait_for(1).await.remove(0);
        Self { app, manager, callback, events, key }
    }

    async fn word(&self) -> String {
        Question::forwarded("GET", ORDERS).keys(&self.key).ask(&self.app).await.word().to_owned()
    }

    /// The event of that number, whose signature holds.
    async fn event(&self, number: usize) -> Received {
        let event = self.events.wait_for(number).await.remove(number - 1);
        let answer = self.manager.get("/.well-known/jwks.json").await;
        let keys = serde_json::from_str(&answer.body).unwrap();
        let now = self.app.services().now();
        signature::verify(&keys, &event.signature(), now, event.body.as_bytes()).unwrap();
        for secret in ["consumer_key", "consumer_secret"] {
            assert!(!event.body.contains(&self.key.text(secret)) && !event.body.contains(secret));
        }
        event
    }

    async fn warned(&self) -> usize {
        expiring::warn(self.app.services()).await.unwrap()
    }
}

#[tokio::test]
async fn an_app_hears_that_its_key_was_revoked() {
    let scene = Scene::set("none").await;
    scene.events.will([Reaction::Status(500)]);
    let caller = scene.app.caller("max").await;
    scene.app.clock.advance(Duration::from_secs(1));
    keys::revoke(scene.app.services(), &caller, 1, "no longer used").await.unwrap();
    scene.app.services().signals.wake_worker();
    let first = scene.event(1).await;
    let json = first.json();
    assert_eq!(json["type"], "key.revoked");
    assert_eq!(json["data"]["reason"], "no longer used");
    for member in ["key_id", "user_id", "grant_id", "store_url"] {
        assert_eq!(json["data"][member], scene.key.json()[member], "{member}");
    }
    let id = wait_for_state(&scene.app, "waiting").await;
    scene.app.clock.advance(Duration::from_secs(5));
    scene.app.services().signals.wake_worker();
    let second = scene.event(2).await;
    assert_eq!(
        (&first.body, first.header("webhook-id")),
        (&second.body, second.header("webhook-id"))
    );
    assert_eq!(wait_for_state(&scene.app, "delivered").await, id);
    let (view, attempts) = deliveries::show(scene.app.services(), &id).await.unwrap().unwrap();
    assert_eq!((view.kind, view.event.as_deref()), (Kind::Event, Some("key.revoked")));
    assert_eq!(view.host, scene.events.host());
    assert_eq!(attempts.len(), 2);
    assert!(
        attempts[0].failure.is_some() && !attempts[1].timeline.as_ref().unwrap().steps.is_empty()
    );
    assert_eq!(scene.callback.received().len(), 1, "nothing of it goes to the callback");
}

/// Waits until the newest event is in that state; gives its id.
async fn wait_for_state(app: &TestApp, state: &str) -> String {
    for _ in 0..500 {
        let filter = deliveries::DeliveryFilter::default();
        let page = deliveries::list(app.services(), &filter, None, 10).await.unwrap();
        let newest = &page.deliveries[0];
        if newest.kind == Kind::Event && newest.state.as_str() == state {
            return newest.id.clone();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no event is {state}");
}

#[tokio::test]
async fn an_app_hears_of_its_rotation() {
    let scene = Scene::set("none").await;
    let caller = scene.app.caller("max").await;
    let hour = Duration::from_hours(1);
    let at = scene.app.services().now();
    keys::rotate(scene.app.services(), &caller, 1, hour).await.unwrap();
    let json = scene.event(1).await.json();
    assert_eq!(json["type"], "key.rotated");
    assert_eq!(json["data"]["previous_ends_at"], at.plus(hour).to_string());
    let (new, old) = (scene.callback.received().remove(1), scene.key.text("consumer_key"));
    assert!(!json.to_string().contains(&new.text("consumer_secret")) && old.len() == 43);
}

#[tokio::test]
async fn a_key_is_warned_of_twice_and_ends_to_the_millisecond() {
    let scene = Scene::set("30").await;
    assert_eq!(scene.word().await, "allowed");
    scene.app.clock.advance((DAY * 16).saturating_sub(Duration::from_millis(1)));
    assert_eq!(scene.warned().await, 0);
    scene.app.clock.advance(Duration::from_millis(1));
    let (first, second) = tokio::join!(scene.warned(), scene.warned());
    assert_eq!(first + second, 1, "once, whoever looks");
    let json = scene.event(1).await.json();
    assert_eq!(json["type"], "key.expiring");
    assert_eq!(json["data"]["expires_at"], scene.key.json()["expires_at"]);
    scene.app.clock.advance(DAY * 12);
    assert_eq!(scene.warned().await, 1, "two days before");
    assert_eq!(scene.warned().await, 0);
    assert_eq!(scene.event(2).await.json()["type"], "key.expiring");

    let caller = scene.app.caller("max").await;
    let later = scene.app.services().now().plus(DAY * 10);
    let change = KeyChange { expires_at: Some(Some(later)), ..KeyChange::default() };
    keys::change(scene.app.services(), &caller, 1, change).await.unwrap();
    assert_eq!(scene.warned().await, 1, "another end begins anew");
    assert_eq!(scene.event(3).await.json()["data"]["expires_at"], later.to_string());
    scene.app.clock.advance((DAY * 10).saturating_sub(Duration::from_millis(1)));
    assert_eq!(scene.word().await, "allowed");
    scene.app.clock.advance(Duration::from_millis(1));
    assert_eq!(scene.word().await, "expired");
    assert_eq!(scene.warned().await, 0);
    let event = appgrant::domain::audit::Event::parse("key.expiring");
    let filter = AuditFilter { event, ..AuditFilter::default() };
    let rows = audit::page(scene.app.services(), &filter, None, 10).await.unwrap().rows;
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|row| row.actor == "system"));
}

#[tokio::test]
async fn a_short_life_is_enforced_and_not_warned_of() {
    let scene = Scene::set("1").await;
    assert_eq!(scene.warned().await, 0);
    scene.app.clock.advance(DAY.saturating_sub(Duration::from_millis(1)));
    assert_eq!((scene.warned().await, scene.word().await.as_str()), (0, "allowed"));
    scene.app.clock.advance(Duration::from_millis(1));
    assert_eq!(scene.word().await, "expired");
}

#[tokio::test]
async fn slow_apps_events_hold_nobody_up() {
    let scene = Scene::set("none").await;
    let held = 40;
    scene.events.will((0..held).map(|_| Reaction::After(Duration::from_secs(20))));
    let many = format!(
        "INSERT INTO deliveries (id, kind, grant_id, key_id, state, event, details, attempts, failures, \
         due_at, give_up_at, created_at) \
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {held}) \
         SELECT 'msg_' || i, 'event', grant_id, key_id, 'waiting', 'key.expiring', '{{}}', 0, 0, \
         created_at, give_up_at * 2, created_at FROM deliveries, n WHERE kind = 'keys'"
    );
    assert_eq!(scene.app.alter(&many).await, held);
    scene.app.services().signals.wake_worker();
    scene.events.wait_for(32).await;
    let other = Receiver::start().await;
    let page = scene.manager.consent(&ask(&other.url(), "")).await;
    let answer = scene.manager.approve(&page).await;
    assert!(answer.location().contains("success=1"), "{}", answer.location());
}

#[tokio::test]
async fn the_address_for_events_is_checked_as_the_callbacks() {
    let app = TestApp::start().await;
    let browser = app.browser();
    for (url, says) in [
        ("http://app.example/e", "Error: The events_url needs to be over SSL."),
        (
            "https://a:b@app.example/",
            "Error: The events_url must not contain a user name or password.",
        ),
        ("nowhere", "Error: The https://nowhere is not a valid URL."),
    ] {
        let link = format!("/wc-auth/v1/authorize?{}", ask("https://app.example/cb", url));
        let answer = browser.get(&link).await;
        if url == "nowhere" {
            assert_eq!(answer.status, 302, "read as https, as a callback is");
            continue;
        }
        assert_eq!((answer.status, answer.error().as_str()), (401, says));
    }
    let odd = "https://app.example/e?a=%2B+1&b=100%25#x";
    let link = format!("/wc-auth/v1/authorize?{}", ask("https://app.example/cb", odd));
    let login = browser.get(&link).await.location().to_owned();
    assert!(login.ends_with(&format!("&events_url={}", percent(odd))), "{login}");
}

/// As the store writes a value into its own addresses.
fn percent(value: &str) -> String {
    let encoded = encode(value);
    [("%2D", "-"), ("%2E", "."), ("%5F", "_"), ("%7E", "~")]
        .iter()
        .fold(encoded, |text, (code, plain)| text.replace(code, plain))
}

#[tokio::test]
async fn the_consent_page_tells_of_an_address_for_events_that_cannot_be_reached() {
    let app = TestApp::start().await;
    app.names.set("inside.example", Answers::of(&["10.0.0.1"]));
    let (manager, receiver) = (app.logged_in("max").await, Receiver::start().await);
    let page = manager.consent(&ask(&receiver.url(), "https://inside.example/e")).await;
    assert!(page.body.contains("wc-auth-events-problem"), "{}", page.body);
    let page = manager.consent(&ask(&receiver.url(), &receiver.url())).await;
    assert!(!page.body.contains("wc-auth-events"), "the callback's own origin is shown anyway");
}
