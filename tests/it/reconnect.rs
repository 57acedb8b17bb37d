//! An app that asks again for the same connection: its key is shown, and replaced once the new one was
//! delivered.

use appgrant::{
    domain::key_view::ShownState,
    service::{
        audit::{self, AuditFilter},
        caller::Caller,
        keys,
    },
};

use crate::support::{Manager, Question, Reaction, Received, Receiver, TestApp, query};

fn ask(receiver: &Receiver, user: &str, state: &str) -> String {
    query(&[
        ("app_name", "My App"),
        ("user_id", user),
        ("return_url", "http://localhost/return"),
        ("callback_url", &receiver.url()),
        ("scope", "read"),
        ("state", state),
    ])
}

async fn connect(manager: &Manager, receiver: &Receiver, user: &str, state: &str) -> Received {
    let before = receiver.received().len();
    let answer = manager.approve(&manager.consent(&ask(receiver, user, state)).await).await;
    assert!(answer.location().contains("success=1"), "{}", answer.location());
    receiver.wait_for(before + 1).await.remove(before)
}

async fn word(app: &TestApp, pair: &Received) -> String {
    let question = Question::forwarded("GET", "/wp-json/wc/v3/orders").keys(pair);
    question.ask(app).await.word().to_owned()
}

#[tokio::test]
async fn approving_again_replaces_the_key_of_the_same_connection() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    let manager = app.logged_in("max").await;
    let old = connect(&manager, &receiver, "123", "a").await;
    let other = connect(&manager, &receiver, "456", "a").await;
    assert_eq!(word(&app, &old).await, "allowed");
    let page = manager.consent(&ask(&receiver, "123", "b")).await;
    assert!(page.body.contains("already has access for this connection"), "{}", page.body);
    assert!(page.body.contains("(key 1, “My App - API") && page.body.contains("It ends when"));
    assert!(page.body.contains("(key 2, as “My App”)"), "the other connection is shown apart");
    assert!(page.body.contains("Approving replaces this key"));
    let (first, second) = tokio::join!(manager.approve(&page), manager.approve(&page));
    assert!(first.location().contains("success=1") && second.location().contains("success=1"));
    let new = receiver.wait_for(3).await.remove(2);
    assert_eq!(receiver.received().len(), 3, "pressed twice, connected once");
    assert_eq!(word(&app, &new).await, "allowed");
    assert_eq!(word(&app, &old).await, "revoked", "at once");
    assert_eq!(word(&app, &other).await, "allowed");
    let key = keys::show(app.services(), &Caller::command_line(), 1).await.unwrap();
    assert_eq!(key.revoke_reason.as_deref(), Some("replaced by key 3"));
    let object = Some(("key".to_owned(), "1".to_owned()));
    let filter = AuditFilter { object, ..AuditFilter::default() };
    let rows = audit::page(app.services(), &filter, None, 10).await.unwrap().rows;
    assert_eq!(rows[0].event, "key.revoked");
    assert!(rows[0].details.contains("replaced by key 3"));
}

#[tokio::test]
async fn if_the_new_key_is_not_delivered_the_old_one_stays() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    let manager = app.logged_in("max").await;
    let old = connect(&manager, &receiver, "123", "a").await;
    receiver.will([Reaction::Status(500)]);
    let page = manager.consent(&ask(&receiver, "123", "b")).await;
    let waiting = manager.approve(&page).await.location().to_owned();
    assert_eq!(word(&app, &old).await, "allowed", "while it is tried");
    let shown = manager.get(&waiting).await;
    let fields = shown.fields("form[action$=cancel]");
    manager.press(&format!("{waiting}/cancel"), &fields).await;
    assert_eq!(word(&app, &old).await, "allowed");
    let key = keys::show(app.services(), &Caller::command_line(), 1).await.unwrap();
    assert_eq!(key.state, ShownState::Active);
}

#[tokio::test]
async fn only_what_the_manager_may_end_is_replaced() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    let (admin, manager) = (app.logged_in("ada").await, app.logged_in("max").await);
    let admins = connect(&admin, &receiver, "123", "a").await;
    let page = manager.consent(&ask(&receiver, "123", "b")).await;
    assert!(page.body.contains("It is not yours to end, and goes on working."), "{}", page.body);
    assert!(!page.body.contains("Approving replaces"));
    let managers = connect(&manager, &receiver, "123", "b").await;
    assert_eq!(word(&app, &admins).await, "allowed");
    assert_eq!(word(&app, &managers).await, "allowed");
    connect(&admin, &receiver, "123", "c").await;
    assert_eq!(word(&app, &admins).await, "revoked", "an admin may end both");
    assert_eq!(word(&app, &managers).await, "revoked");
}

#[tokio::test]
async fn two_tabs_of_two_questions_leave_one_key() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    let manager = app.logged_in("max").await;
    let first = manager.consent(&ask(&receiver, "123", "a")).await;
    let second = manager.consent(&ask(&receiver, "123", "b")).await;
    manager.approve(&first).await;
    manager.approve(&second).await;
    let received = receiver.wait_for(2).await;
    assert_eq!(word(&app, &received[0]).await, "revoked");
    assert_eq!(word(&app, &received[1]).await, "allowed");
}
