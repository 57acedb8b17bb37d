//! Which credentials open what.

use super::ORDERS;
use crate::support::{Question, TestApp, granted};

#[tokio::test]
async fn basic_and_query_pairs_open_and_the_query_goes_first() {
    let app = TestApp::start().await;
    let received = granted(&app, "read").await;
    let (key, secret) = (received.text("consumer_key"), received.text("consumer_secret"));
    let none = || Question::forwarded("GET", ORDERS);
    let pair = |secret: &str| {
        let uri = format!("{ORDERS}?per_page=1&consumer_key={key}&consumer_secret={secret}");
        Question::forwarded("GET", &uri)
    };
    let half = Question::forwarded("GET", &format!("{ORDERS}?consumer_key={key}"));
    let twice = format!("{ORDERS}?consumer_key={key}&consumer_secret=x&consumer_secret={secret}");
    let lower = none().with("Authorization", "bASIC Y2tfYTpjc19i");
    for (question, word) in [
        (none().basic(&key, &secret), "allowed"),
        (none().basic(&format!(" {key} "), &secret), "allowed"),
        (pair(&secret), "allowed"),
        (pair(&secret).basic(&key, "wrong"), "allowed"),
        (pair("wrong").basic(&key, &secret), "wrong_secret"),
        (half.basic(&key, &secret), "allowed"),
        (none().basic(&key, "cs_wrong"), "wrong_secret"),
        (none().basic(&key, &secret.to_uppercase()), "wrong_secret"),
        (none().basic(&key.to_uppercase(), &secret), "unknown_key"),
        (lower, "unknown_key"),
        (none().with("Authorization", "Bearer abc"), "no_credentials"),
        (none().with("Authorization", "Basic !!!"), "no_credentials"),
        (none().basic(&key, ""), "no_credentials"),
        (none(), "no_credentials"),
        (Question::forwarded("GET", &twice), "ambiguous_credentials"),
        (none().basic(&key, &secret).basic(&key, "x"), "ambiguous_credentials"),
    ] {
        assert_eq!(question.ask(&app).await.word(), word);
    }
}

#[tokio::test]
async fn scopes_open_what_they_say_by_the_effective_method() {
    let app = TestApp::start().await;
    for (scope, get, post) in [
        ("read", "allowed", "method_not_permitted"),
        ("write", "method_not_permitted", "allowed"),
        ("read_write", "allowed", "allowed"),
    ] {
        let received = granted(&app, scope).await;
        for (method, query, expected) in [
            ("GET", "", get),
            ("HEAD", "", get),
            ("POST", "", post),
            ("PUT", "", post),
            ("PATCH", "", post),
            ("DELETE", "", post),
            ("OPTIONS", "", "allowed"),
            ("TRACE", "", "method_not_permitted"),
            ("POST", "?_method=GET", get),
            ("GET", "?_method=DELETE", post),
            ("GET", "?_method=delete&_method=GET", "method_not_permitted"),
        ] {
            let question = Question::original(method, &format!("{ORDERS}{query}")).keys(&received);
            let said = question.ask(&app).await;
            assert_eq!(said.word(), expected, "{scope} {method} {query}");
        }
        for name in ["X-HTTP-Method-Override", "X_HTTP_METHOD_OVERRIDE", "X-HTTP_Method.Override"] {
            for (method, by, expected) in [("POST", "GET", get), ("GET", "delete", post)] {
                let question = Question::forwarded(method, ORDERS).keys(&received).with(name, by);
                assert_eq!(question.ask(&app).await.word(), expected, "{scope} {name}: {by}");
                let twice = question.with("X-HTTP-Method-Override", by).ask(&app).await;
                assert_eq!(twice.word(), "method_not_permitted", "{scope} {name} twice");
            }
        }
    }
}

#[tokio::test]
async fn without_tls_a_key_is_not_read_unless_the_store_says_so() {
    let app = TestApp::start().await;
    let received = granted(&app, "read").await;
    let plain = Question::forwarded("GET", ORDERS).keys(&received).without("X-Forwarded-Proto");
    assert_eq!(plain.ask(&app).await.word(), "plain_http");
    for proto in ["http", "https, http", "", "HTTPS,"] {
        let said = plain.clone().with("X-Forwarded-Proto", proto).ask(&app).await;
        assert_eq!(said.word(), "plain_http", "{proto}");
    }
    let twice = plain.clone().with("X-Forwarded-Proto", "https").with("X-Forwarded-Proto", "http");
    assert_eq!(twice.ask(&app).await.word(), "plain_http");
    for proto in ["https", "HTTPS", "https, https"] {
        let said = plain.clone().with("X-Forwarded-Proto", proto).ask(&app).await;
        assert_eq!(said.word(), "allowed", "{proto}");
    }
    let open = TestApp::with(&[("ALLOW_PLAIN_HTTP_KEYS", "true")]).await;
    let received = granted(&open, "read").await;
    let plain = Question::forwarded("GET", ORDERS).keys(&received).without("X-Forwarded-Proto");
    assert_eq!(plain.ask(&open).await.word(), "allowed");
}

#[tokio::test]
async fn keys_open_the_protected_paths_only() {
    let app = TestApp::start().await;
    let received = granted(&app, "read").await;
    for (uri, word) in [
        ("/wp-json/wc/v3/products?search=a%20b&include[]=1", "allowed"),
        ("/wp-json/wc-analytics/reports", "allowed"),
        ("/?rest_route=/wc/v3/orders", "allowed"),
        ("/?rest_route=%2Fwp%2Fv2%2Fusers", "path_not_covered"),
        ("/wp-json/wc/v3/orders?rest_route=/wp/v2/users", "path_not_covered"),
        ("/wp-json/wp/v2/users", "path_not_covered"),
        ("/wp-admin/", "path_not_covered"),
        ("/wp-json/wc/../wp/v2/users", "ambiguous_path"),
        ("/wp-json/wc/%2e%2e/wp/v2/users", "ambiguous_path"),
        ("/wp-json//wc/v3/orders", "ambiguous_path"),
        ("/wp-json/wc%2fv3/orders", "ambiguous_path"),
        ("/wp-json/wc/v3;a=b/orders", "ambiguous_path"),
        ("https://shop.example/wp-json/wc/v3/orders", "ambiguous_path"),
    ] {
        let said = Question::forwarded("GET", uri).keys(&received).ask(&app).await;
        assert_eq!(said.word(), word, "{uri}");
    }
    let own = TestApp::with(&[("PROTECTED_PATHS", "/api/")]).await;
    let received = granted(&own, "read").await;
    for (method, uri, word) in [
        ("GET", "/api/orders", "allowed"),
        ("GET", ORDERS, "path_not_covered"),
        ("POST", "/api/orders?_method=GET", "method_not_permitted"),
    ] {
        let said = Question::forwarded(method, uri).keys(&received).ask(&own).await;
        assert_eq!(said.word(), word, "{method} {uri}");
    }
}

#[tokio::test]
async fn nobody_passes_unless_the_store_lets_nobody_pass() {
    let app = TestApp::start().await;
    let open = TestApp::with(&[("ANONYMOUS", "allow")]).await;
    let (key, other) = (granted(&app, "read").await, granted(&open, "read").await);
    let none = Question::forwarded("GET", ORDERS);
    let preflight = Question::forwarded("OPTIONS", ORDERS);
    let mistaken = |received, secret: &str| {
        let received: &crate::support::Received = received;
        none.clone().basic(&received.text("consumer_key"), secret)
    };
    for (question, denying, allowing) in [
        (none.clone(), "no_credentials", "allowed"),
        (none.clone().basic("ck_x", "cs_x"), "unknown_key", "allowed"),
        (preflight.clone(), "allowed", "allowed"),
        (Question::forwarded("POST", "/x?_method=OPTIONS"), "no_credentials", "allowed"),
        (Question::forwarded("GET", "/x//y"), "ambiguous_path", "ambiguous_path"),
    ] {
        assert_eq!(question.ask(&app).await.word(), denying);
        let said = question.ask(&open).await;
        assert_eq!(said.word(), allowing);
        if said.status == 204 {
            for name in ["key-id", "permissions", "owner", "app"] {
                let name = format!("x-appgrant-{name}");
                assert!(said.headers.contains_key(&name), "{name} overwrites a made-up one");
                assert_eq!(said.header(&name), "", "{name}");
            }
        }
    }
    assert_eq!(mistaken(&key, "wrong").ask(&app).await.word(), "wrong_secret");
    assert_eq!(mistaken(&other, "wrong").ask(&open).await.word(), "wrong_secret");
    let asks = preflight.basic(&key.text("consumer_key"), "wrong");
    assert_eq!(asks.ask(&app).await.word(), "wrong_secret", "even if it only asks");
}
