//! Traefik and Envoy, which no test can start here: what their documents say they ask.

use crate::support::{Question, TestApp, granted};

const ORDERS: &str = "/wp-json/wc/v3/orders?page=2";

#[tokio::test]
async fn traefik_asks_by_headers() {
    let app = TestApp::start().await;
    let received = granted(&app, "read").await;
    let asks = |method: &str, uri: &str| {
        Question::forwarded(method, uri)
            .with("X-Forwarded-Host", "shop.example")
            .with("X-Forwarded-For", "203.0.113.9")
            .with("X-Forwarded-Port", "443")
            .with("X-Forwarded-Server", "traefik")
            .keys(&received)
    };
    let said = asks("GET", ORDERS).ask(&app).await;
    assert_eq!((said.status, said.header("X-Appgrant-Owner")), (204, "max"));
    let said = asks("POST", ORDERS).ask(&app).await;
    assert_eq!(
        (said.status, said.json()["data"]["reason"].as_str()),
        (401, Some("method_not_permitted"))
    );
    let said = asks("GET", ORDERS).with("X-Original-URI", "/x").ask(&app).await;
    assert_eq!(said.word(), "ambiguous_request", "what Traefik’s middleware must take away");
}

#[tokio::test]
async fn envoy_asks_by_path() {
    let app = TestApp::start().await;
    let received = granted(&app, "read").await;
    let asks = |uri: &str| Question::path(uri).with("X-Forwarded-For", "203.0.113.9");
    let said = asks(ORDERS).keys(&received).ask(&app).await;
    assert_eq!((said.status, said.header("X-Appgrant-Permissions")), (204, "read"));
    let said = asks(ORDERS).ask(&app).await;
    assert_eq!(
        (said.status, said.json()["data"]["reason"].as_str()),
        (401, Some("no_credentials"))
    );
    let said = asks(ORDERS).keys(&received).without("X-Forwarded-Proto").ask(&app).await;
    assert_eq!(said.word(), "plain_http");
}
