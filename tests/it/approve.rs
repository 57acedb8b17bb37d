//! A manager approves or denies: what the app receives, where the browser goes, what is made.

use appgrant::{
    domain::credential::Credential,
    service::verify::{self, Identity, Refusal},
};
use data_encoding::BASE64;

use crate::support::{Received, Receiver, TestApp, query};

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

/// What the store says to a GET with the received keys, as HTTP Basic.
pub async fn judge(app: &TestApp, received: &Received) -> Result<Identity, Refusal> {
    let pair = format!("{}:{}", received.text("consumer_key"), received.text("consumer_secret"));
    let header = format!("Basic {}", BASE64.encode(pair.as_bytes()));
    verify::verify(app.services(), Credential::presented("", Some(&header)), "GET").await.unwrap()
}

#[tokio::test]
async fn approving_sends_the_keys_and_the_browser_back() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    let manager = app.logged_in("max").await;
    let page = manager.consent(&request(&receiver)).await;
    let answer = manager.approve(&page).await;
    assert_eq!(answer.status, 303);
    assert_eq!(answer.location(), "http://app.example/return?x=1&success=1&user_id=123#frag");

    let received = receiver.received();
    assert_eq!(received.len(), 1);
    let identity = judge(&app, &received[0]).await.unwrap();
    assert_eq!((identity.owner.as_str(), identity.app.as_deref()), ("max", Some("My App")));
    assert_eq!(identity.key_id, received[0].json()["key_id"].as_i64().unwrap());
}
