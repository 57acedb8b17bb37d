//! A key gets a new pair: what people see, what the app is sent, what opens when.

use std::time::Duration;

use appgrant::{
    domain::{key_view::ShownState, permissions::Permissions},
    service::{
        audit::{self, AuditFilter},
        caller::Caller,
        keys::{self, KeyChange, KeyError, NewKeyRequest, Rotated},
    },
};
use tokio::task::JoinSet;

use crate::support::{Answer, Manager, Question, Reaction, Received, Receiver, TestApp, request};

const ORDERS: &str = "/wp-json/wc/v3/orders";
const HOUR: Duration = Duration::from_hours(1);
const PAGE: &str = "/admin/keys/1/rotate";

/// A store with an app's key.
struct Scene {
    app: TestApp,
    receiver: Receiver,
    manager: Manager,
    old: Received,
}

impl Scene {
    async fn set(settings: &[(&str, &str)]) -> Self {
        let (app, receiver) = (TestApp::with(settings).await, Receiver::start().await);
        let manager = app.logged_in("max").await;
        manager.approve(&manager.consent(&request(&receiver.url())).await).await;
        let old = receiver.wait_for(1).await.remove(0);
        Self { app, receiver, manager, old }
    }

    /// Fills in the form and sends it.
    async fn rotate(&self, hours: &str) -> Answer {
        rotate(&self.manager, PAGE, hours).await
    }

    /// The pair that was sent as the callback of that number.
    async fn sent(&self, number: usize) -> Received {
        self.receiver.wait_for(number).await.remove(number - 1)
    }

    /// What the old pair and another are answered.
    async fn words(&self, new: &Received) -> (String, String) {
        (word(&self.app, &self.old).await, word(&self.app, new).await)
    }

    async fn audit(&self, event: &str) -> Vec<String> {
        rows(&self.app, event).await
    }

    /// Lets an attempt that is due begin, and waits for its end.
    async fn wait(&self, seconds: u64) {
        self.app.clock.advance(Duration::from_secs(seconds));
        self.app.services().signals.wake_worker();
        let caller = Caller::command_line();
        keys::wait_for_rotation(self.app.services(), &caller, 1).await.unwrap();
    }
}

async fn rotate(manager: &Manager, page: &str, hours: &str) -> Answer {
    let asked = manager.get(page).await;
    assert_eq!(asked.status, 200, "{}", asked.body);
    let mut fields = asked.fields(&format!("form[action$='{page}']"));
    assert_eq!(fields.len(), 2, "{}", asked.body);
    fields.insert("overlap".to_owned(), hours.to_owned());
    manager.press(page, &fields).await
}

async fn press(manager: &Manager, page: &str, what: &str) -> Answer {
    let shown = manager.get(page).await;
    let form = format!("form[action$='{page}/{what}']");
    let fields = shown.fields(&form);
    assert!(!fields.is_empty(), "no {what} in {}", shown.body);
    manager.press(&format!("{page}/{what}"), &fields).await
}

async fn word(app: &TestApp, pair: &Received) -> String {
    Question::forwarded("GET", ORDERS).keys(pair).ask(app).await.word().to_owned()
}

async fn rows(app: &TestApp, event: &str) -> Vec<String> {
    let event = appgrant::domain::audit::Event::parse(event);
    let filter = AuditFilter { event, ..AuditFilter::default() };
    let page = audit::page(app.services(), &filter, None, 50).await.unwrap();
    page.rows.into_iter().map(|row| row.details).collect()
}

const fn pair<'a>(old: &'a str, new: &'a str) -> (&'a str, &'a str) {
    (old, new)
}

fn as_strs(words: &(String, String)) -> (&str, &str) {
    (&words.0, &words.1)
}

#[tokio::test]
async fn an_app_is_sent_a_new_pair_and_the_old_ends_with_its_first_use() {
    let scene = Scene::set(&[]).await;
    for _ in 0..3 {
        assert_eq!(word(&scene.app, &scene.old).await, "allowed");
    }
    let asked = scene.manager.get(PAGE).await;
    assert!(asked.text("main").contains("My App is sent a new consumer key and secret"));
    let answer = scene.rotate("168").await;
    assert_eq!(answer.location(), format!("{}{PAGE}", scene.app.url), "{}", answer.body);
    let new = scene.sent(2).await;
    for member in ["key_id", "user_id", "key_permissions", "grant_id", "store_url"] {
        assert_eq!(new.json()[member], scene.old.json()[member], "{member}");
    }
    for member in ["consumer_key", "consumer_secret"] {
        assert_ne!(new.text(member), scene.old.text(member));
    }
    assert_ne!(new.header("webhook-id"), scene.old.header("webhook-id"));
    let page = scene.manager.get(PAGE).await.text("main");
    let ending = &scene.old.text("consumer_key")[36..];
    assert!(page.contains("My App has its new pair") && page.contains(ending), "{page}");
    assert!(page.contains("took the keys"), "the timeline is there: {page}");

    assert_eq!(word(&scene.app, &scene.old).await, "allowed", "until the new one is used");
    assert_eq!(word(&scene.app, &new).await, "allowed");
    for _ in 0..3 {
        assert_eq!(as_strs(&scene.words(&new).await), pair("replaced", "allowed"));
    }
    assert_eq!(scene.audit("key.old_secret_ended").await, [r#"{"why":"new_pair_used"}"#]);
    assert_eq!(scene.audit("key.rotated").await.len(), 2, "sent, and taken");
    let key = keys::show(scene.app.services(), &Caller::command_line(), 1).await.unwrap();
    assert_eq!(
        (key.ending.as_str(), key.state),
        (&new.text("consumer_key")[36..], ShownState::Active)
    );
    // The standing clock would give both deliveries one time, and which is newer would be chance.
    scene.app.clock.advance(Duration::from_secs(1));
    assert_eq!(scene.rotate("0").await.status, 303, "and once more");
    let newest = scene.sent(3).await;
    assert_eq!(word(&scene.app, &new).await, "replaced", "at once");
    assert_eq!(word(&scene.app, &newest).await, "allowed");
}

#[tokio::test]
async fn the_old_pair_ends_with_the_overlap_and_by_hand() {
    let scene = Scene::set(&[]).await;
    scene.rotate("168").await;
    scene.app.clock.advance((HOUR * 168).saturating_sub(Duration::from_millis(1)));
    assert_eq!(word(&scene.app, &scene.old).await, "allowed");
    assert_eq!(keys::end_overdue(scene.app.services()).await.unwrap(), 0);
    scene.app.clock.advance(Duration::from_millis(1));
    assert_eq!(word(&scene.app, &scene.old).await, "replaced", "to the millisecond");
    assert_eq!(keys::end_overdue(scene.app.services()).await.unwrap(), 1);
    assert_eq!(scene.audit("key.old_secret_ended").await, [r#"{"why":"overlap_over"}"#]);
    assert_eq!(word(&scene.app, &scene.old).await, "replaced");

    let manager = scene.app.logged_in("max").await;
    rotate(&manager, PAGE, "24").await;
    let second = scene.sent(2).await;
    assert_eq!(word(&scene.app, &second).await, "allowed");
    press(&manager, PAGE, "end-old").await;
    assert_eq!(word(&scene.app, &second).await, "replaced");
    let caller = Caller::command_line();
    let services = scene.app.services();
    let longer = keys::rotate(services, &caller, 1, HOUR * 168 + Duration::from_millis(1)).await;
    assert!(matches!(longer, Err(KeyError::Overlap)));
}

#[tokio::test]
async fn an_app_may_try_the_new_pair_inside_its_callback() {
    let scene = Scene::set(&[]).await;
    scene.receiver.will([Reaction::Held(200)]);
    let manager = scene.manager.clone();
    let pressing = tokio::spawn(async move { rotate(&manager, PAGE, "24").await });
    let new = scene.sent(2).await;
    for _ in 0..2 {
        assert_eq!(as_strs(&scene.words(&new).await), pair("allowed", "allowed"));
    }
    let refused = keys::rotate(scene.app.services(), &Caller::command_line(), 1, HOUR).await;
    assert!(matches!(refused, Err(KeyError::Rotating)), "one at a time");
    scene.receiver.let_go();
    pressing.await.unwrap();
    assert_eq!(word(&scene.app, &scene.old).await, "allowed", "trying was no use");
    assert_eq!(as_strs(&scene.words(&new).await), pair("allowed", "allowed"));
    assert_eq!(word(&scene.app, &scene.old).await, "replaced");
}

#[tokio::test]
async fn if_the_app_does_not_take_it_nothing_changes() {
    let scene = Scene::set(&[]).await;
    scene.receiver.will((0..5).map(|_| Reaction::Status(500)));
    scene.rotate("24").await;
    let new = scene.sent(2).await;
    let page = scene.manager.get(PAGE).await;
    assert!(
        page.text("p[role=status]").contains("has not taken the new pair yet"),
        "{}",
        page.body
    );
    assert!(!page.header("refresh").is_empty());
    assert_eq!(as_strs(&scene.words(&new).await), pair("allowed", "allowed"));
    press(&scene.manager, PAGE, "retry").await;
    assert_eq!(scene.sent(3).await.body, new.body, "the same pair on every attempt");
    for seconds in [30, 120, 600] {
        scene.wait(seconds).await;
    }
    assert_eq!(scene.receiver.received().len(), 6);
    assert_eq!(as_strs(&scene.words(&new).await), pair("allowed", "unknown_key"));
    let page = scene.manager.get(PAGE).await;
    assert!(page.text("main").contains("The last new pair was not taken. Nothing changed"));
    assert!(page.text("ol.timeline").contains("Attempt 5"), "{}", page.body);
    assert_eq!(scene.audit("delivery.failed").await.len(), 1);
    assert_eq!(scene.rotate("24").await.status, 303, "it can be tried again");
    assert_eq!(word(&scene.app, &scene.sent(7).await).await, "allowed");
}

#[tokio::test]
async fn calling_it_off_leaves_the_old_pair() {
    let scene = Scene::set(&[]).await;
    scene.receiver.will([Reaction::Status(500)]);
    scene.rotate("24").await;
    let new = scene.sent(2).await;
    press(&scene.manager, PAGE, "cancel").await;
    assert_eq!(as_strs(&scene.words(&new).await), pair("allowed", "unknown_key"));
    let page = scene.manager.get(PAGE).await.text("main");
    assert!(page.contains("The last change was cancelled. Nothing changed"), "{page}");
    assert_eq!(scene.audit("delivery.cancelled").await.len(), 1);
}

#[tokio::test]
async fn what_happens_to_the_key_happens_to_both_pairs() {
    let scene = Scene::set(&[]).await;
    scene.receiver.will([Reaction::Held(200)]);
    let manager = scene.manager.clone();
    let pressing = tokio::spawn(async move { rotate(&manager, PAGE, "24").await });
    let new = scene.sent(2).await;
    let (services, caller) = (scene.app.services(), Caller::command_line());
    let change = async |permissions| {
        let permissions = Some(permissions);
        let change = KeyChange { permissions, ..KeyChange::default() };
        keys::change(services, &caller, 1, change).await.unwrap();
    };
    for (permissions, word) in
        [(Permissions::Write, "method_not_permitted"), (Permissions::Read, "allowed")]
    {
        change(permissions).await;
        assert_eq!(as_strs(&scene.words(&new).await), pair(word, word));
    }
    keys::revoke(services, &caller, 1, "lost").await.unwrap();
    assert_eq!(as_strs(&scene.words(&new).await), pair("revoked", "unknown_key"));
    scene.receiver.let_go();
    pressing.await.unwrap();
    assert_eq!(as_strs(&scene.words(&new).await), pair("revoked", "unknown_key"), "late or not");
    let over = keys::rotate(services, &caller, 1, HOUR).await;
    assert!(matches!(over, Err(KeyError::Over(ShownState::Revoked))));
}

/// A key that Max made by hand: its page, and its pair as an app would hold it.
async fn made_by_hand(app: &TestApp) -> (String, Received) {
    let request = NewKeyRequest {
        owner_id: app.user("max").await.id,
        description: "Two scripts".to_owned(),
        permissions: Permissions::Read,
        expires_at: None,
    };
    let made = keys::create(app.services(), &app.caller("max").await, request).await.unwrap();
    let pair = as_received(made.credential.key.as_str(), made.credential.secret.expose());
    (format!("/admin/keys/{}/rotate", made.id), pair)
}

fn as_received(key: &str, secret: &str) -> Received {
    let body = serde_json::json!({ "consumer_key": key, "consumer_secret": secret }).to_string();
    Received { target: String::new(), headers: Vec::new(), body }
}

/// The pair that a page shows.
fn pair_on(page: &Answer) -> Received {
    let value = |id: &str| page.text(id);
    as_received(&value("#consumer-key"), &value("#consumer-secret"))
}

#[tokio::test]
async fn a_key_made_by_hand_shows_its_new_pair_once() {
    let app = TestApp::start().await;
    let manager = app.logged_in("max").await;
    let (page, old) = made_by_hand(&app).await;
    assert_eq!(word(&app, &old).await, "allowed");
    let asked = manager.get(&page).await;
    let mut fields = asked.fields("form[action$=rotate]");
    fields.insert("overlap".to_owned(), "1".to_owned());
    let shown = manager.press(&page, &fields).await;
    let new = pair_on(&shown);
    for _ in 0..3 {
        assert_eq!(word(&app, &new).await, "allowed");
        assert_eq!(word(&app, &old).await, "allowed", "it may be used in several places");
    }
    let again = manager.press(&page, &fields).await;
    assert_eq!(again.status, 409, "sent again, it exchanges nothing: {}", again.body);
    assert!(!again.body.contains("cs_"));
    assert!(!manager.get(&page).await.body.contains(&new.text("consumer_secret")));
    app.clock.advance(HOUR);
    assert_eq!(
        (word(&app, &old).await, word(&app, &new).await),
        ("replaced".into(), "allowed".into())
    );

    let shown = rotate(&manager, &page, "0").await;
    let newest = pair_on(&shown);
    assert_eq!(word(&app, &new).await, "replaced", "at once");
    assert_eq!(word(&app, &newest).await, "allowed");
    for hours in ["2", "-1", "", "169"] {
        let refused = rotate(&manager, &page, hours).await;
        assert_eq!(refused.status, 409, "{hours:?}");
    }
    assert_eq!(word(&app, &newest).await, "allowed");
}

#[tokio::test]
async fn sixteen_at_once_give_one() {
    let scene = Scene::set(&[]).await;
    made_by_hand(&scene.app).await;
    for (id, overlap) in [(1, HOUR), (2, Duration::ZERO)] {
        let mut presses = JoinSet::new();
        for _ in 0..16 {
            let (services, caller) = (scene.app.services().clone(), scene.app.caller("max").await);
            presses.spawn(async move { keys::rotate(&services, &caller, id, overlap).await });
        }
        let mut done = Vec::new();
        for outcome in presses.join_all().await {
            match outcome {
                Ok(rotated) => done.push(rotated),
                Err(KeyError::Rotating | KeyError::Changed) => {}
                Err(other) => panic!("{other}"),
            }
        }
        if id == 1 {
            assert!(matches!(done[..], [Rotated::Sent { .. }]));
            continue;
        }
        // Who asks after one was done rotates anew, so there may be more than one; the last one works.
        assert!(!done.is_empty());
        let mut working = 0;
        for rotated in &done {
            let Rotated::Shown(made) = rotated else { panic!("made by hand") };
            let shown = as_received(made.credential.key.as_str(), made.credential.secret.expose());
            working += usize::from(word(&scene.app, &shown).await == "allowed");
        }
        assert_eq!(working, 1);
    }
    scene.wait(0).await;
    assert_eq!(scene.receiver.received().len(), 2, "the app was sent one new pair");
}

#[tokio::test]
async fn strangers_see_and_change_nothing() {
    let scene = Scene::set(&[]).await;
    scene.app.add_user("mia", appgrant::domain::user::Role::Manager).await;
    assert!(scene.app.browser().get(PAGE).await.location().ends_with("/login"));
    for login in ["mia", "vera"] {
        let other = scene.app.logged_in(login).await;
        let answer = other.get(PAGE).await;
        assert_eq!(answer.status, 403, "{}", answer.body);
        assert!(!answer.body.contains("overlap"));
    }
    assert_eq!(scene.manager.get("/admin/keys/99/rotate").await.status, 404);
    assert_eq!(scene.manager.get("/admin/keys/x/rotate").await.status, 404);
    let ending = scene.old.text("consumer_key")[36..].to_owned();
    let forged = [("overlap", "0"), ("ending", ending.as_str()), ("form_token", "x")];
    let answer = scene.manager.post(PAGE, &forged).await;
    assert!(answer.status >= 400, "{}", answer.status);
    assert_eq!(scene.receiver.received().len(), 1);
    assert_eq!(word(&scene.app, &scene.old).await, "allowed");
}
