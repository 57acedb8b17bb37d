//! A manager approves: what the app receives and what it can do with it.

use std::time::Duration;

use crate::support::{Reaction, Receiver, TestApp, encode, query};

/// A request of an app whose callback is `receiver`.
pub fn request(receiver: &Receiver) -> String {
    query(&[
        ("app_name", "My App"),
        ("user_id", "123"),
        ("return_url", "http://app.example/return?x=1#frag"),
        ("callback_url", &receiver.url()),
        ("scope", "read_write"),
    ])
}

/// Where the browser goes after that request was approved.
pub const RETURNED: &str = "http://app.example/return?x=1&success=1&user_id=123#frag";

#[tokio::test]
async fn approving_sends_the_keys_and_the_browser_back() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    let manager = app.logged_in("max").await;
    let page = manager.consent(&request(&receiver)).await;
    let answer = manager.approve(&page).await;
    assert_eq!((answer.status, answer.location()), (303, RETURNED));

    let received = receiver.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].target, "/callback?a=1");
    let identity = received[0].judged(app.services(), "GET").await.unwrap();
    assert_eq!((&*identity.owner.text(), &*identity.app.text()), ("max", "My App"));
    assert_eq!(identity.key_id, received[0].json()["key_id"].as_i64().unwrap());
}

#[tokio::test]
async fn the_body_and_headers_are_those_apps_know_and_then_ours() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    let manager = app.logged_in("max").await;
    let page = manager.consent(&format!("{}&state={}", request(&receiver), encode("a/é"))).await;
    let answer = manager.approve(&page).await;
    assert!(
        answer.location().ends_with("&success=1&user_id=123&state=a%2F%C3%A9#frag"),
        "{}",
        answer.location()
    );

    let received = &receiver.received()[0];
    let (key, secret) = (received.text("consumer_key"), received.text("consumer_secret"));
    let start = format!(
        r#"{{"key_id":1,"user_id":"123","consumer_key":"{key}","consumer_secret":"{secret}","key_permissions":"read_write","store_url":"{}","grant_id":""#,
        app.url.replace('/', "\\/")
    );
    assert!(received.body.starts_with(&start), "{}", received.body);
    assert!(
        received.body.ends_with(r#""expires_at":null,"state":"a\/\u00e9"}"#),
        "{}",
        received.body
    );
    assert!(received.body.is_ascii());
    assert_eq!((key.len(), secret.len()), (43, 43));
    assert_eq!(received.header("content-type"), "application/json;charset=UTF-8");
    assert_eq!(
        received.header("user-agent"),
        format!("AppGrant/{}; {}", env!("CARGO_PKG_VERSION"), app.url)
    );
    assert_eq!(received.header("accept"), "*/*");
    for unwanted in ["cookie", "referer", "authorization", "accept-encoding"] {
        assert_eq!(received.header(unwanted), "", "{unwanted}");
    }
}

#[tokio::test]
async fn the_signature_holds_with_the_published_key() {
    use ed25519_dalek::{Signature, Verifier, VerifyingKey};
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    let manager = app.logged_in("max").await;
    manager.approve(&manager.consent(&request(&receiver)).await).await;

    let received = &receiver.received()[0];
    let jwks: serde_json::Value =
        serde_json::from_str(&manager.get("/.well-known/jwks.json").await.body).unwrap();
    let x = data_encoding::BASE64URL_NOPAD
        .decode(jwks["keys"][0]["x"].as_str().unwrap().as_bytes())
        .unwrap();
    let key = VerifyingKey::from_bytes(&x.try_into().unwrap()).unwrap();
    let (id, timestamp) = (received.header("webhook-id"), received.header("webhook-timestamp"));
    let signature = received.header("webhook-signature").strip_prefix("v1a,").unwrap();
    let signature = data_encoding::BASE64.decode(signature.as_bytes()).unwrap();
    let signature = Signature::from_slice(&signature).unwrap();
    let signed = |body: &str| format!("{id}.{timestamp}.{body}");
    assert!(key.verify(signed(&received.body).as_bytes(), &signature).is_ok());
    assert!(key.verify(signed(&format!("{} ", received.body)).as_bytes(), &signature).is_err());
    assert!(id.starts_with("msg_"));
}

#[tokio::test]
async fn the_key_lives_as_long_as_was_chosen() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    let manager = app.logged_in("max").await;
    for (days, value) in [(1, "1"), (30, "30"), (365, "365")] {
        let mut page = manager.consent(&format!("{}&state={days}", request(&receiver))).await;
        page.approve.insert("lifetime".into(), value.into());
        manager.approve(&page).await;
        let received = receiver.received().pop().unwrap();
        let (issued, expires) = (received.text("issued_at"), received.text("expires_at"));
        assert_eq!((issued.len(), expires.len()), (20, 20), "{issued} {expires}");
        assert!(received.judged(app.services(), "GET").await.is_ok());
        app.clock.advance(Duration::from_secs(days * 86_400 + 1));
        assert_eq!(received.judged(app.services(), "GET").await.unwrap_err().reason(), "expired");
        let relogin = [("username", "max"), ("password", crate::support::PASSWORD)];
        manager.post("/login", &relogin).await;
    }
    let mut page = manager.consent(&request(&receiver)).await;
    page.approve.insert("lifetime".into(), "7".into());
    assert_eq!(manager.approve(&page).await.error(), "Error: Invalid parameter lifetime.");
}

#[tokio::test]
async fn a_key_works_inside_the_first_callback_already() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    receiver.will([Reaction::Held(200)]);
    let manager = app.logged_in("max").await;
    let page = manager.consent(&request(&receiver)).await;
    let pressing = tokio::spawn({
        let manager = manager.clone();
        async move { manager.approve(&page).await }
    });
    let received = receiver.wait_for(1).await.remove(0);
    assert!(
        received.judged(app.services(), "GET").await.is_ok(),
        "the app tests it before it answers"
    );
    receiver.let_go();
    assert_eq!(pressing.await.unwrap().location(), RETURNED);
}
