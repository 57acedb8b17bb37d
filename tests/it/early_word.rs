//! The early word: what is wrong with a callback's address is named before anybody approves, and the
//! app hears nothing of it.

use std::time::Duration;

use tokio::time::Instant;

use crate::support::{Answers, Manner, Receiver, RoughApp, TestApp, query, request, server_config};

const NOTICE: &str = "section.wc-auth-callback-problem";

#[tokio::test]
async fn what_is_wrong_is_named_before_anybody_approves() {
    let app = TestApp::start().await;
    app.names.set("inside.example", Answers::of(&["192.168.1.7"]));
    app.names.set("half.example", Answers::of(&["93.184.216.34", "fd00::7"]));
    app.names.set("silent.example", Answers::none());
    app.names.set("nas.local", Answers::of(&["93.184.216.34"]));
    let manager = app.logged_in("max").await;
    for (host, words) in [
        ("nowhere.example", "was not found on the internet"),
        ("inside.example", "leads to 192.168.1.7"),
        ("half.example", "leads to fd00::7"),
        ("silent.example", "could not be found out where"),
        ("nas.local", "a name for the inside"),
        ("169.254.169.254", "169.254.169.254 is an address inside"),
        ("[fe80::1]", "[fe80::1] is an address inside"),
        ("0x0a000001", "10.0.0.1 is an address inside"),
    ] {
        let page = manager.consent(&request(&format!("https://{host}/cb"))).await;
        let notice = text_of(&page.body, NOTICE);
        assert!(notice.contains(words) && notice.contains("For the app’s developer"), "{notice}");
        assert!(page.body.contains("wc-auth-approve"), "a verdict stops nobody");
    }
}

#[tokio::test]
async fn a_good_address_gets_no_word_and_the_app_no_visit() {
    let app = TestApp::start().await;
    let silent = RoughApp::start(Some(server_config(&["localhost"])), Manner::Silent).await;
    let receiver = Receiver::start().await;
    let manager = app.logged_in("max").await;
    for url in [silent.url(), receiver.url()] {
        let page = manager.consent(&request(&url)).await;
        assert!(!page.body.contains("wc-auth-callback-problem"), "{}", page.body);
    }
    assert!(receiver.received().is_empty());
    assert_eq!(silent.heard(), 0);
}

#[tokio::test]
async fn a_slow_name_service_holds_the_page_two_seconds_and_no_longer() {
    let app = TestApp::start().await;
    app.names.set("slow.example", Answers::of(&["10.0.0.1"]).slowly(Duration::from_mins(5)));
    let manager = app.logged_in("max").await;
    let began = Instant::now();
    let page = manager.consent(&request("https://slow.example/")).await;
    assert!(began.elapsed() < Duration::from_secs(20), "it did not wait for the answer");
    assert!(page.body.contains("could not be found out in time whether"), "{}", page.body);
}

#[tokio::test]
async fn a_verdict_holds_for_a_minute() {
    let app = TestApp::start().await;
    app.names.set("new.example", Answers::of(&["10.0.0.1"]).then(&["93.184.216.34"]));
    let manager = app.logged_in("max").await;
    let ask = async |path: &str| {
        let page = manager.consent(&request(&format!("https://new.example/{path}"))).await;
        page.body.contains("wc-auth-callback-problem")
    };
    assert!(ask("a").await && ask("b").await, "one host, one question");
    assert_eq!(app.names.asked("new.example"), 1);
    app.clock.advance(Duration::from_secs(61));
    assert!(!ask("a").await, "mended meanwhile");
    assert_eq!(app.names.asked("new.example"), 2);
}

/// Whoever is not logged in makes the store ask nobody anything.
#[tokio::test]
async fn strangers_cause_no_look_ups() {
    let app = TestApp::start().await;
    let stranger = app.browser();
    let path = format!("/wc-auth/v1/authorize?{}", request("https://victim.example/"));
    assert_eq!(stranger.get(&path).await.status, 302);
    let viewer = app.logged_in("vera").await;
    assert_eq!(viewer.get(&path).await.status, 401);
    assert_eq!(app.names.asked("victim.example"), 0);
}

#[tokio::test]
async fn many_questions_at_once_are_answered() {
    let app = TestApp::start().await;
    let manager = app.logged_in("max").await;
    let pages = (0..60).map(|number| {
        let manager = manager.clone();
        let host = format!("h{number}.example");
        app.names.set(&host, Answers::of(&["10.0.0.1"]).slowly(Duration::from_millis(300)));
        tokio::spawn(async move { manager.consent(&request(&format!("https://{host}/"))).await })
    });
    let pages: Vec<_> = pages.collect();
    for page in pages {
        let body = page.await.unwrap().body;
        assert!(body.contains("wc-auth-callback-problem"), "{body}");
    }
}

#[tokio::test]
async fn a_strangers_host_is_shown_as_text() {
    let app = TestApp::start().await;
    let manager = app.logged_in("max").await;
    let page = manager
        .consent(&query(&[
            ("app_name", "<b>App</b>"),
            ("user_id", "1"),
            ("return_url", "https://app.example/"),
            ("callback_url", "https://xn--bcher-kva.example/"),
            ("scope", "read"),
        ]))
        .await;
    assert!(text_of(&page.body, NOTICE).contains("xn--bcher-kva.example"));
    assert!(!page.body.contains("<b>App"));
}

fn text_of(body: &str, selector: &str) -> String {
    let html = scraper::Html::parse_document(body);
    let selector = scraper::Selector::parse(selector).unwrap();
    let found = html.select(&selector).next();
    found.map(|element| element.text().collect()).unwrap_or_default()
}
