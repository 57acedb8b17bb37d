//! The timeline of an attempt: which steps were done, where it went wrong, what comes next.

use std::net::TcpListener;

use serde_json::Value;

use crate::support::{
    Answers, Reaction, Receiver, TestApp, approve_in_vain, database, request, server_config,
};

#[tokio::test]
async fn a_refused_delivery_shows_each_step() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    receiver.will([Reaction::Status(500)]);
    let manager = app.logged_in("max").await;
    let (_, page) = approve_in_vain(&manager, &receiver.url()).await;
    let steps = page.texts("ol.steps li span:first-child");
    let port = receiver.port();
    assert_eq!(steps.len(), 6, "{steps:?}");
    assert_eq!(steps[0], "Name found: 127.0.0.1");
    assert_eq!(steps[1], format!("Connected to 127.0.0.1:{port}"));
    assert!(steps[2].starts_with("Certificate issued by ") && steps[2].contains(", ends "));
    assert_eq!(steps[3], "Secured by TLS 1.3");
    assert_eq!(steps[4], "Keys sent");
    assert!(steps[5].starts_with("Answered with status 500 (22 bytes, "), "{}", steps[5]);
    let took = page.texts("ol.steps .took");
    assert!(took.iter().all(|took| took.ends_with("ms") || took.ends_with(" s")), "{took:?}");
    assert!(page.text("li.next").contains("by itself"), "{}", page.text("li.next"));
    assert!(!page.body.contains("the app says something"), "the app’s answer is never kept");
}

#[tokio::test]
async fn older_attempts_are_folded_and_the_last_is_open() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    receiver.will([Reaction::Status(500), Reaction::Status(502)]);
    let manager = app.logged_in("max").await;
    let (path, page) = approve_in_vain(&manager, &receiver.url()).await;
    let token = page.attribute("form[action$=retry] input[name=form_token]", "value");
    manager.post(&format!("{path}/retry"), &[("form_token", &token)]).await;
    let page = manager.get(&path).await;
    assert_eq!(page.texts("ol.timeline > li details").len(), 2);
    assert_eq!(page.texts("ol.timeline > li details[open]").len(), 1);
    assert!(page.text("ol.timeline > li:nth-child(2) details[open]").contains("status 502"));
}

/// A name with several addresses: those that cannot be reached are passed over, and that is told.
#[tokio::test]
async fn the_next_address_is_tried_if_one_is_dead() {
    let app = TestApp::start().await;
    let receiver = Receiver::with_names(&["many.example"]).await;
    app.names.set("many.example", Answers::of(&["127.9.9.9", "::1", "127.0.0.1"]));
    receiver.will([Reaction::Status(500)]);
    let url = format!("https://many.example:{}/callback", receiver.port());
    let manager = app.logged_in("max").await;
    let (path, page) = approve_in_vain(&manager, &url).await;
    let steps = page.texts("ol.steps li span:first-child");
    assert_eq!(steps[0], "Name found: 127.9.9.9, ::1, 127.0.0.1");
    assert!(steps[1].starts_with("No connection to 127.9.9.9:"), "{steps:?}");
    assert!(steps[2].starts_with("No connection to [::1]:"), "{steps:?}");
    assert!(steps[3].starts_with("Connected to 127.0.0.1:"), "{steps:?}");
    assert_eq!(page.texts("ol.steps li.wrong").len(), 3, "two addresses and the answer");
    assert_eq!(receiver.received()[0].header("host"), format!("many.example:{}", receiver.port()));
    let token = page.attribute("form[action$=retry] input[name=form_token]", "value");
    manager.post(&format!("{path}/retry"), &[("form_token", &token)]).await;
    assert!(manager.get(&path).await.location().contains("success=1"));
}

#[tokio::test]
async fn no_more_than_four_addresses_are_dialled() {
    let app = TestApp::start().await;
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let addresses: Vec<_> = (1..=60).map(|last| format!("127.9.8.{last}")).collect();
    let addresses: Vec<_> = addresses.iter().map(String::as_str).collect();
    app.names.set("crowd.example", Answers::of(&addresses));
    let url = format!("https://crowd.example:{closed}/");
    let (_, page) = approve_in_vain(&app.logged_in("max").await, &url).await;
    let steps = page.texts("ol.steps li.wrong span:first-child");
    assert_eq!(steps.len(), 4, "{steps:?}");
}

/// What an app's certificate and answer say is a stranger's text.
#[tokio::test]
async fn a_strangers_text_is_shortened_and_shown_as_text() {
    let app = TestApp::start().await;
    let answer = format!(
        "HTTP/1.1 500 No\r\nContent-Type: <script>alert(1)</script>\u{202e}{}\r\nContent-Length: 0\r\n\r\n",
        "x".repeat(2000)
    );
    let manner = crate::support::Manner::says(&answer);
    let rough = crate::support::RoughApp::start(Some(server_config(&["localhost"])), manner).await;
    let (_, page) = approve_in_vain(&app.logged_in("max").await, &rough.url()).await;
    assert!(!page.body.contains("<script>") && !page.body.contains('\u{202e}'), "{}", page.body);
    let steps = page.texts("ol.steps li span:first-child");
    assert!(steps.iter().all(|step| step.len() < 300), "{steps:?}");
}

#[tokio::test]
async fn it_is_kept_with_the_attempt() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    let manager = app.logged_in("max").await;
    let page = manager.consent(&request(&receiver.url())).await;
    assert!(manager.approve(&page).await.location().contains("success=1"));
    let stored = stored_timelines(&app);
    assert_eq!(stored.len(), 1);
    let events: Vec<_> =
        stored[0]["steps"].as_array().unwrap().iter().map(|step| &step["event"]).collect();
    assert_eq!(
        events,
        ["resolved", "connected", "certificate", "secured", "sent", "answered"],
        "{events:?}"
    );
    let text = stored[0].to_string();
    let keys = receiver.received().remove(0);
    for secret in ["consumer_key", "consumer_secret"] {
        assert!(!text.contains(&keys.text(secret)), "{text}");
    }
}

fn stored_timelines(app: &TestApp) -> Vec<Value> {
    let stored = "SELECT timeline AS text FROM delivery_attempts ORDER BY delivery_id, number";
    let texts = database::texts(&app.database, stored);
    texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect()
}
