//! What a received key opens: the use case that guards the store's API.

use appgrant::{
    domain::credential::Credential,
    service::{
        users,
        verify::{self, Identity, Refusal},
    },
};
use data_encoding::BASE64;

use crate::support::{Received, Receiver, TestApp, query};

async fn grant(app: &TestApp, scope: &str) -> Received {
    let receiver = Receiver::start().await;
    let manager = app.logged_in("max").await;
    let request = query(&[
        ("app_name", "My App"),
        ("user_id", "1"),
        ("return_url", "http://app.example/"),
        ("callback_url", &receiver.url()),
        ("scope", scope),
    ]);
    manager.approve(&manager.consent(&request).await).await;
    receiver.received().remove(0)
}

async fn judge(app: &TestApp, query: &str, header: Option<&str>) -> Result<Identity, Refusal> {
    let presented = Credential::presented(query, header);
    verify::verify(app.services(), presented, "GET").await.unwrap()
}

fn reason(judged: Result<Identity, Refusal>) -> &'static str {
    judged.map_or_else(Refusal::reason, |_| "allowed")
}

#[tokio::test]
async fn basic_and_query_pairs_open_and_the_query_goes_first() {
    let app = TestApp::start().await;
    let received = grant(&app, "read").await;
    let (key, secret) = (received.text("consumer_key"), received.text("consumer_secret"));
    let basic =
        |secret: &str| format!("Basic {}", BASE64.encode(format!("{key}:{secret}").as_bytes()));
    let pair = |secret: &str| format!("consumer_key={key}&consumer_secret={secret}");
    for (query, header, expected) in [
        (String::new(), Some(basic(&secret)), "allowed"),
        (pair(&secret), None, "allowed"),
        (pair(&secret), Some(basic("wrong")), "allowed"),
        (pair("wrong"), Some(basic(&secret)), "wrong_secret"),
        (format!("consumer_key={key}"), Some(basic(&secret)), "allowed"),
        (String::new(), Some(basic("cs_wrong")), "wrong_secret"),
        (String::new(), Some(basic(&secret).replace("Basic", "bASIC")), "allowed"),
        (String::new(), Some(basic(&secret).replace("Basic", "Bearer")), "no_credentials"),
        (pair(&secret).replace("ck_", "ck_0"), None, "unknown_key"),
        (pair(&secret.to_uppercase()), None, "wrong_secret"),
        (String::new(), None, "no_credentials"),
    ] {
        assert_eq!(
            reason(judge(&app, &query, header.as_deref()).await),
            expected,
            "{query} {header:?}"
        );
    }
}

#[tokio::test]
async fn scopes_open_what_they_say() {
    let app = TestApp::start().await;
    for (scope, get, post) in [
        ("read", "allowed", "method_not_permitted"),
        ("write", "method_not_permitted", "allowed"),
        ("read_write", "allowed", "allowed"),
    ] {
        let received = grant(&app, scope).await;
        for (method, expected) in [
            ("GET", get),
            ("HEAD", get),
            ("POST", post),
            ("DELETE", post),
            ("OPTIONS", "allowed"),
            ("TRACE", "method_not_permitted"),
        ] {
            assert_eq!(
                reason(received.judged(app.services(), method).await),
                expected,
                "{scope} {method}"
            );
        }
    }
}

#[tokio::test]
async fn a_disabled_owner_takes_the_keys_along_and_brings_them_back() {
    let app = TestApp::start().await;
    let received = grant(&app, "read").await;
    users::set_disabled(app.services(), "max", true).await.unwrap();
    assert_eq!(reason(received.judged(app.services(), "GET").await), "owner_disabled");
    users::set_disabled(app.services(), "max", false).await.unwrap();
    assert_eq!(reason(received.judged(app.services(), "GET").await), "allowed");
}
