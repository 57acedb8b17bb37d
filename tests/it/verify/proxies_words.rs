//! Which request it is about: said by the proxy, and not by the client behind it.

use reqwest::Method;

use super::ORDERS;
use crate::support::{Question, TestApp, granted};

#[tokio::test]
async fn each_way_of_asking_means_the_same() {
    let app = TestApp::start().await;
    let received = granted(&app, "read").await;
    for question in [
        Question::forwarded("GET", ORDERS),
        Question::original("GET", ORDERS),
        Question::path(ORDERS),
        Question::path(&format!("{ORDERS}?per_page=1")),
    ] {
        assert_eq!(question.keys(&received).ask(&app).await.word(), "allowed");
    }
    let client = reqwest::Client::new();
    for (method, status) in [(Method::GET, 204), (Method::POST, 401), (Method::DELETE, 401)] {
        let request = client
            .request(method.clone(), format!("{}/verify{ORDERS}", app.url))
            .header("X-Forwarded-Proto", "https")
            .basic_auth(received.text("consumer_key"), Some(received.text("consumer_secret")));
        assert_eq!(request.send().await.unwrap().status(), status, "{method}: the real method");
    }
}

#[tokio::test]
async fn what_a_client_smuggles_in_is_a_contradiction() {
    let app = TestApp::start().await;
    let received = granted(&app, "read").await;
    let forwarded = Question::forwarded("GET", ORDERS).keys(&received);
    let original = Question::original("GET", ORDERS).keys(&received);
    for question in [
        forwarded.clone().with("X-Original-URI", "/x").with("X-Original-Method", "GET"),
        forwarded.clone().with("X-Original-URI", "/x"),
        forwarded.clone().with("X-Forwarded-Uri", ORDERS),
        forwarded.clone().with("X-Forwarded-Method", "POST"),
        forwarded.clone().without("X-Forwarded-Method"),
        original.clone().with("X-Forwarded-Uri", ORDERS),
        original.clone().with("X-Forwarded-Method", "GET"),
        original.clone().without("X-Original-Method"),
        Question::path("/x").keys(&received).with("X-Forwarded-Uri", ORDERS),
        Question::path("/x").with("X-Forwarded-Uri", ORDERS).with("X-Forwarded-Method", "GET"),
        Question::path("/x").with("X-Original-URI", ORDERS).with("X-Original-Method", "GET"),
    ] {
        let said = question.ask(&app).await;
        assert_eq!((said.status, said.word()), (403, "ambiguous_request"));
    }
    let nothing = Question::path("").keys(&received).ask(&app).await;
    assert_eq!((nothing.status, nothing.word()), (403, "no_request"));
}

#[tokio::test]
async fn a_stranger_is_not_believed() {
    let app = TestApp::with(&[("TRUSTED_PROXIES", "192.0.2.1")]).await;
    let received = granted(&app, "read").await;
    let said = Question::forwarded("GET", ORDERS).keys(&received).ask(&app).await;
    assert_eq!((said.status, said.word()), (403, "no_request"));
    let said = Question::path(ORDERS).keys(&received).ask(&app).await;
    assert_eq!(said.word(), "plain_http", "nor is his word for TLS");
}

#[tokio::test]
async fn a_store_under_a_path_of_its_own_is_asked_about_there_too() {
    let app = TestApp::with(&[("PUBLIC_URL", "{url}/shop")]).await;
    for path in ["/verify", "/shop/verify"] {
        let client = reqwest::Client::new();
        let request = client
            .get(format!("{}{path}", app.url))
            .header("X-Forwarded-Method", "OPTIONS")
            .header("X-Forwarded-Uri", "/shop/wp-json/wc/v3/orders");
        assert_eq!(request.send().await.unwrap().status(), 204, "{path}");
        let request = client.get(format!("{}{path}{ORDERS}", app.url));
        assert_eq!(request.send().await.unwrap().status(), 401, "{path}");
    }
}
