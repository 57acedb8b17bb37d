//! A consent page decides once, for the session and the parameters it was shown for.

use std::{collections::BTreeSet, time::Duration};

use crate::{
    approve::{RETURNED, request},
    support::{ConsentPage, Manager, Receiver, TestApp},
};

#[tokio::test]
async fn pressing_approve_twice_makes_one_key() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    let manager = app.logged_in("max").await;
    let page = manager.consent(&request(&receiver)).await;
    for _ in 0..3 {
        assert_eq!(manager.approve(&page).await.location(), RETURNED);
    }
    assert_eq!(manager.deny(&page).await.location(), RETURNED, "the outcome of the first is shown");
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn pressing_approve_at_the_same_moment_makes_one_key() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    let manager = app.logged_in("max").await;
    for round in 1..=50 {
        let page = manager.consent(&format!("{}&state={round}", request(&receiver))).await;
        let (one, two) = tokio::join!(manager.approve(&page), manager.approve(&page));
        assert_eq!(one.location(), two.location());
        assert!(one.location().contains("success=1"), "{}", one.location());
        assert_eq!(receiver.received().len(), round, "one delivery a page");
    }
    let received = receiver.received();
    let keys: BTreeSet<_> = received.iter().map(|r| r.text("consumer_key")).collect();
    let numbers: BTreeSet<_> =
        received.iter().map(|r| r.json()["key_id"].as_i64().unwrap()).collect();
    assert_eq!((keys.len(), numbers.len()), (50, 50));
    assert_eq!(numbers.last(), Some(&50), "no key was made besides");
}

#[tokio::test]
async fn the_same_question_in_two_tabs_makes_one_key() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    let manager = app.logged_in("max").await;
    let one = manager.consent(&request(&receiver)).await;
    let two = manager.consent(&request(&receiver)).await;
    let (first, second) = tokio::join!(manager.approve(&one), manager.approve(&two));
    assert_eq!((first.location(), second.location()), (RETURNED, RETURNED));
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn going_back_or_reloading_shows_what_was_done() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    let manager = app.logged_in("max").await;
    let path = format!("/wc-auth/v1/authorize?{}", request(&receiver));
    manager.approve(&manager.consent(&request(&receiver)).await).await;
    let back = manager.get(&path).await;
    assert_eq!(back.text("h1"), "My App is connected");
    assert_eq!(back.attribute("a.button", "href"), RETURNED);

    let again = back.attribute(".small-print a", "href");
    let page = manager.consent(again.split_once('?').unwrap().1).await;
    assert!(
        page.body.contains("already has access") && page.body.contains("Read/Write access, since")
    );
    manager.approve(&page).await;
    assert_eq!(receiver.received().len(), 2, "asked for on purpose");
    assert_eq!(manager.approve(&page).await.location(), RETURNED);
    assert_eq!(manager.get(&again).await.text("h1"), "My App is connected", "that link works once");
    for forged in ["1", "x", ""] {
        let page = manager.get(&format!("{path}&appgrant_again={forged}")).await;
        assert_eq!(page.text("h1"), "My App is connected", "an app cannot ask for it");
    }
    assert_eq!(receiver.received().len(), 2);

    let other = app.logged_in("ada").await;
    assert_eq!(other.get(&path).await.text("h1"), "My App would like to connect to your store");
    app.clock.advance(Duration::from_mins(16));
    assert_eq!(manager.get(&path).await.text("h1"), "My App would like to connect to your store");
}

#[tokio::test]
async fn a_decision_stands() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    let manager = app.logged_in("max").await;
    let page = manager.consent(&request(&receiver)).await;
    let denied = RETURNED.replace("success=1", "success=0");
    assert_eq!(manager.deny(&page).await.location(), denied);
    assert_eq!(manager.approve(&page).await.location(), denied);
    let fresh = manager.consent(&request(&receiver)).await;
    assert_eq!(
        manager.approve(&fresh).await.location(),
        RETURNED,
        "asked anew, it can be approved"
    );
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn the_buttons_hold_for_this_session_these_parameters_and_this_day() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    let manager = app.logged_in("max").await;
    let page = manager.consent(&request(&receiver)).await;
    let nonce = "Error: Invalid nonce verification.";
    for (name, value) in [
        ("app_name", "Other"),
        ("user_id", "124"),
        ("scope", "read"),
        ("state", "x"),
        ("return_url", "http://evil.example/"),
        ("callback_url", "https://evil.example/"),
        ("wc_auth_nonce", ""),
        ("wc_auth_nonce", "AAAA"),
    ] {
        let mut changed = page.clone();
        changed.approve.insert(name.into(), value.into());
        changed.deny.insert(name.into(), value.into());
        assert_eq!(manager.approve(&changed).await.error(), nonce, "{name}");
        assert_eq!(manager.deny(&changed).await.error(), nonce, "{name}");
    }
    assert_eq!(app.logged_in("max").await.approve(&page).await.error(), nonce, "another session");
    let anonymous = app.browser().approve(&page).await;
    assert_eq!(anonymous.error(), "Error: You do not have permission to access this page.");
    assert_eq!(foreign(&manager, &page).await, nonce, "another site’s form");
    let query: Vec<_> = page.approve.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let link = format!("{}&{}", page.approve_to, crate::support::query(&query));
    assert_eq!(manager.get(&link).await.error(), nonce, "a link");
    app.clock.advance(Duration::from_mins(719));
    let still = app.logged_in("max").await;
    let old = still.consent(&request(&receiver)).await;
    app.clock.advance(Duration::from_hours(12));
    assert!(receiver.received().is_empty());
    assert_eq!(still.approve(&old).await.status, 401, "too old");
    assert!(receiver.received().is_empty());
}

async fn foreign(manager: &Manager, page: &ConsentPage) -> String {
    let fields: Vec<_> = page.approve.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let header = ("sec-fetch-site", "cross-site");
    manager.post_with(&page.approve_to, &fields, header).await.error()
}
