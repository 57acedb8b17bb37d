//! What proxies and clients are told.

use serde_json::json;

use super::ORDERS;
use crate::support::{Question, TestApp, granted};

#[tokio::test]
async fn an_allowed_request_is_told_whose_it_is() {
    let app = TestApp::start().await;
    let received = granted(&app, "read").await;
    for question in [Question::forwarded("GET", ORDERS), Question::original("GET", ORDERS)] {
        let said = question.keys(&received).ask(&app).await;
        assert_eq!((said.status, said.body.as_str()), (204, ""));
        assert_eq!(said.header("x-appgrant-key-id"), received.json()["key_id"].to_string());
        assert_eq!(said.header("x-appgrant-permissions"), "read");
        assert_eq!(said.header("x-appgrant-owner"), "max");
        assert_eq!(said.header("x-appgrant-app"), "M%C3%B6bel & Co");
        assert_eq!(said.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn a_refusal_is_woocommerces_json_and_says_why() {
    let app = TestApp::start().await;
    let received = granted(&app, "read").await;
    let wrong = |q: Question| q.basic(&received.text("consumer_key"), "cs_wrong");
    let said = wrong(Question::forwarded("GET", ORDERS)).ask(&app).await;
    assert_eq!(said.status, 401);
    assert_eq!(said.header("content-type"), "application/json; charset=UTF-8");
    assert_eq!(said.header("cache-control"), "no-store");
    let mut body = said.json();
    assert_eq!(body["data"]["request_id"], said.header("x-request-id"));
    assert_eq!(said.header("x-request-id").len(), 16);
    body["data"]["request_id"] = json!("");
    assert_eq!(
        body,
        json!({
            "code": "woocommerce_rest_authentication_error",
            "message": "Consumer secret is invalid.",
            "data": {
                "status": 401,
                "reason": "wrong_secret",
                "request_id": "",
                "hint": "The key is known; the secret is not its own.",
            },
        })
    );
    assert_eq!(said.header("x-appgrant-error"), "woocommerce_rest_authentication_error");
    assert_eq!(said.header("x-appgrant-message"), "Consumer secret is invalid.");

    let nginx = wrong(Question::original("GET", ORDERS)).ask(&app).await;
    assert_eq!((nginx.status, nginx.body.as_str()), (401, ""), "nginx throws bodies away");
    assert_eq!(nginx.header("x-appgrant-reason"), "wrong_secret");
    assert_eq!(nginx.header("x-request-id").len(), 16);
}

#[tokio::test]
async fn each_refusal_has_woocommerces_code_message_and_status() {
    let app = TestApp::start().await;
    let (read, write) = (granted(&app, "read").await, granted(&app, "write").await);
    let item = format!("{ORDERS}/7");
    let ask = Question::forwarded;
    for (question, status, code, message) in [
        (ask("GET", ORDERS), 401, "cannot_view", "Sorry, you cannot list resources."),
        (ask("GET", &item), 401, "cannot_view", "Sorry, you cannot view this resource."),
        (
            ask("POST", ORDERS),
            401,
            "cannot_create",
            "Sorry, you are not allowed to create resources.",
        ),
        (
            ask("DELETE", &item).basic("ck_unknown", "cs_x"),
            401,
            "cannot_delete",
            "Sorry, you are not allowed to delete this resource.",
        ),
        (
            ask("POST", ORDERS).keys(&read),
            401,
            "authentication_error",
            "The API key provided does not have write permissions.",
        ),
        (
            ask("GET", ORDERS).keys(&write),
            401,
            "authentication_error",
            "The API key provided does not have read permissions.",
        ),
        (ask("TRACE", ORDERS).keys(&read), 401, "authentication_error", "Unknown request method."),
        (
            ask("GET", "/wp-json/wp/v2/users").keys(&read),
            401,
            "authentication_error",
            "The provided API key cannot be used to access this endpoint.",
        ),
    ] {
        let body = question.ask(&app).await.json();
        assert_eq!(body["code"], format!("woocommerce_rest_{code}"), "{message}");
        assert_eq!(body["message"], message);
        assert_eq!(body["data"]["status"], status);
    }
}
