//! Signed requests (OAuth 1.0a), as clients send them over plain http.

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::ORDERS;
use crate::support::{Question, Received, TestApp, database, encode, granted};

const ON: &[(&str, &str)] = &[("OAUTH1", "true")];

/// A client that signs as RFC 5849 says; for a query without arrays and duplicates that is the same.
pub struct Client {
    key: String,
    secret: String,
    base: String,
    at: i64,
}

impl Client {
    fn of(app: &TestApp, received: &Received) -> Self {
        Self::new(app, &received.text("consumer_key"), &received.text("consumer_secret"))
    }

    /// With that key and secret.
    pub fn new(app: &TestApp, key: &str, secret: &str) -> Self {
        Self {
            key: key.to_owned(),
            secret: secret.to_owned(),
            base: app.url.clone(),
            at: app.services().now().as_seconds(),
        }
    }

    /// The same, whose clock says that many seconds since 1970.
    pub fn at(self, at: i64) -> Self {
        Self { at, ..self }
    }

    /// A signed question.
    pub fn signs(&self, method: &str, query: &[(&str, &str)], nonce: &str) -> Question {
        let at = self.at.to_string();
        let oauth = [
            ("oauth_consumer_key", self.key.as_str()),
            ("oauth_nonce", nonce),
            ("oauth_signature_method", "HMAC-SHA256"),
            ("oauth_timestamp", &at),
        ];
        let mut pairs: Vec<String> = query.iter().chain(&oauth).map(|(k, v)| pair(k, v)).collect();
        pairs.sort();
        let (url, params) = (rfc3986(&format!("{}{ORDERS}", self.base)), pairs.join("&"));
        let base_string = format!("{method}&{url}&{}", rfc3986(&params));
        let mac = Hmac::<Sha256>::new_from_slice(format!("{}&", self.secret).as_bytes()).unwrap();
        let code = mac.chain_update(base_string.as_bytes()).finalize().into_bytes();
        let signature = encode(&BASE64.encode(&code));
        let uri = format!("{ORDERS}?{params}&oauth_signature={signature}");
        Question::forwarded(method, &uri).without("X-Forwarded-Proto")
    }
}

#[tokio::test]
async fn both_pairs_of_a_rotation_sign_until_the_new_one_is_used() {
    use appgrant::service::{caller::Caller, keys};
    let app = TestApp::with(ON).await;
    let receiver = crate::support::Receiver::start().await;
    let manager = app.logged_in("max").await;
    let page = manager.consent(&crate::support::request(&receiver.url())).await;
    manager.approve(&page).await;
    let old = receiver.wait_for(1).await.remove(0);
    let old = Client::of(&app, &old);
    assert_eq!(old.signs("GET", &[], "a").ask(&app).await.word(), "allowed");
    let overlap = std::time::Duration::from_hours(1);
    keys::rotate(app.services(), &Caller::command_line(), 1, overlap).await.unwrap();
    let new = receiver.wait_for(2).await.remove(1);
    keys::wait_for_rotation(app.services(), &Caller::command_line(), 1).await.unwrap();
    let new = Client::of(&app, &new);
    assert_eq!(old.signs("GET", &[], "b").ask(&app).await.word(), "allowed");
    assert_eq!(new.signs("GET", &[], "c").ask(&app).await.word(), "allowed");
    assert_eq!(old.signs("GET", &[], "d").ask(&app).await.word(), "secret_not_kept");
    for nonce in ["e", "f"] {
        assert_eq!(new.signs("GET", &[], nonce).ask(&app).await.word(), "allowed");
    }
    assert_eq!(new.signs("GET", &[], "a").ask(&app).await.word(), "nonce_used", "one key");
}

fn pair(name: &str, value: &str) -> String {
    format!("{}={}", rfc3986(name), rfc3986(value))
}

fn rfc3986(text: &str) -> String {
    let encoded = encode(text);
    [("%2D", "-"), ("%2E", "."), ("%5F", "_"), ("%7E", "~")]
        .iter()
        .fold(encoded, |text, (code, plain)| text.replace(code, plain))
}

#[tokio::test]
async fn a_signed_request_passes_once() {
    let app = TestApp::with(ON).await;
    let client = Client::of(&app, &granted(&app, "read").await);
    let query = [("search", "a b+c~ü"), ("per_page", "2")];
    let question = client.signs("GET", &query, "nonce-1");
    assert_eq!(question.ask(&app).await.word(), "allowed");
    let again = question.ask(&app).await;
    assert_eq!((again.status, again.word()), (401, "nonce_used"));
    assert_eq!(again.json()["message"], "Invalid nonce - nonce has already been used.");
    assert_eq!(client.signs("GET", &query, "nonce-2").ask(&app).await.word(), "allowed");
    let writes = client.signs("POST", &[], "nonce-3").ask(&app).await;
    assert_eq!(writes.word(), "method_not_permitted");
}

#[tokio::test]
async fn a_nonce_may_be_anything() {
    let app = TestApp::with(ON).await;
    let client = Client::of(&app, &granted(&app, "read").await);
    for nonce in ["a\0b", "\0", "é'\"\\", "\u{fffd}\u{10ffff}"] {
        let question = client.signs("GET", &[], nonce);
        assert_eq!(question.ask(&app).await.word(), "allowed", "{nonce:?}");
        assert_eq!(question.ask(&app).await.word(), "nonce_used", "{nonce:?}");
    }
}

#[tokio::test]
async fn of_many_with_one_nonce_one_passes() {
    let app = TestApp::with(ON).await;
    let client = Client::of(&app, &granted(&app, "read").await);
    let question = client.signs("GET", &[], "the same");
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (question, url) = (question.clone(), app.url.clone());
        asked.spawn(async move { question.ask_at(&url).await.word().to_owned() });
    }
    let words = asked.join_all().await;
    assert_eq!(words.iter().filter(|word| *word == "allowed").count(), 1, "{words:?}");
    assert_eq!(words.iter().filter(|word| *word == "nonce_used").count(), 19, "{words:?}");
}

#[tokio::test]
async fn the_address_the_client_used_counts_and_the_public_one() {
    let app = TestApp::with(ON).await;
    let received = granted(&app, "read").await;
    let mut client = Client::of(&app, &received);
    client.base = "http://www.shop.example:8088".to_owned();
    let question = client.signs("GET", &[], "1").with("X-Forwarded-Host", "www.shop.example:8088");
    assert_eq!(question.ask(&app).await.word(), "allowed");
    let elsewhere = client.signs("GET", &[], "2").with("X-Forwarded-Host", "other.example");
    assert_eq!(elsewhere.ask(&app).await.word(), "bad_signature");
    client.base = "https://www.shop.example:8088".to_owned();
    let over_tls = client.signs("GET", &[], "3").with("X-Forwarded-Proto", "https");
    let over_tls = over_tls.with("X-Forwarded-Host", "www.shop.example:8088");
    assert_eq!(over_tls.ask(&app).await.word(), "allowed");
}

#[tokio::test]
async fn what_is_wrong_with_a_signature_is_told_in_woocommerces_words() {
    let settings = [ON, &[("OAUTH1_DEBUG", "true")]].concat();
    let app = TestApp::with(&settings).await;
    let received = granted(&app, "read").await;
    let client = || Client::of(&app, &received);
    let wrong = Client { secret: "cs_wrong".into(), ..client() }.signs("GET", &[], "1");
    let said = wrong.ask(&app).await.json();
    assert_eq!(said["message"], "Invalid signature - provided signature does not match.");
    let expected = said["data"]["expected_base_string"].as_str().unwrap();
    let orders = rfc3986(&format!("{}{ORDERS}", app.url));
    assert!(expected.starts_with(&format!("GET&{orders}&oauth_consumer_key%3Dck_")), "{expected}");
    assert!(!said.to_string().contains(&received.text("consumer_secret")));

    let old = Client { at: client().at - 901, ..client() }.signs("GET", &[], "2");
    let unknown = Client { key: "ck_x".into(), ..client() }.signs("GET", &[], "3");
    let part = Question::forwarded("GET", &format!("{ORDERS}?oauth_consumer_key=a&oauth_nonce=b"));
    for (question, code, message, reason) in [
        (old, "authentication_error", "Invalid timestamp.", "bad_timestamp"),
        (unknown, "authentication_error", "Consumer key is invalid.", "unknown_key"),
        (
            part,
            "authentication_missing_parameter",
            "Missing OAuth parameters oauth_timestamp, oauth_signature, oauth_signature_method",
            "missing_oauth_parameter",
        ),
    ] {
        let said = question.ask(&app).await.json();
        assert_eq!(said["code"], format!("woocommerce_rest_{code}"));
        assert_eq!(said["message"], message);
        assert_eq!(said["data"]["reason"], reason);
        assert_eq!(said["data"]["expected_base_string"], serde_json::Value::Null);
    }
}

#[tokio::test]
async fn it_is_off_unless_asked_for_and_then_no_secret_is_kept() {
    let app = TestApp::start().await;
    let received = granted(&app, "read").await;
    let client = Client::of(&app, &received);
    assert_eq!(client.signs("GET", &[], "1").ask(&app).await.word(), "no_credentials");
    assert_eq!(kept_secrets(&app), 0);

    let on = TestApp::with(ON).await;
    let received = granted(&on, "read").await;
    assert_eq!(kept_secrets(&on), 1);
    let secret = received.text("consumer_secret");
    database::assert_holds_no(&on.database, &secret);
    assert_eq!(on.alter("DELETE FROM key_secrets").await, 1);
    on.services().verifier.changes.catch_up(on.services()).await.unwrap();
    let client = Client::of(&on, &received);
    assert_eq!(client.signs("GET", &[], "1").ask(&on).await.word(), "secret_not_kept");
}

fn kept_secrets(app: &TestApp) -> usize {
    database::texts(&app.database, "SELECT 'one' AS text FROM key_secrets").len()
}
