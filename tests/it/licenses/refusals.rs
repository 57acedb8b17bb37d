//! What a program is told when something is wrong: the published numbers and words, in their order.

use std::time::Duration;

use appgrant::domain::licenses::{ErrorFormat, LicenseDraft, SettingsChange};
use reqwest::Method;
use serde_json::json;

use super::program::{Program, customer, set_up};
use crate::support::{Manager, TestApp, query};

/// What is asked, and what it is answered by property and by number.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str, &'a str);

const CASES: [Case<'_>; 16] = [
    (
        "activate",
        &[("store_code", ""), ("license_key", ""), ("sku", "")],
        "store_code: Required.",
        "102",
    ),
    (
        "activate",
        &[("store_code", "x"), ("license_key", " "), ("sku", "")],
        "license_key: Required.",
        "101",
    ),
    ("activate", &[("store_code", "x"), ("sku", "")], "store_code: Invalid code.", "1"),
    ("activate", &[("sku", "")], "sku: Required.", "100"),
    ("validate", &[("license_key", "x")], "activation_id: Required.", "103"),
    ("deactivate", &[("activation_id", "0")], "activation_id: Required.", "103"),
    ("activate", &[("license_key", "abc")], "license_key: Invalid license key.", "4"),
    ("activate", &[("license_key", "ab c-1")], "license_key: Invalid license key.", "2"),
    ("activate", &[("license_key", "abc-1-2")], "license_key: Invalid license key.", "2"),
    ("activate", &[("license_key", "abc-1")], "license_key: Invalid license key.", "5"),
    ("activate", &[("sku", "PRO")], "license_key: Invalid license key.", "3"),
    ("activate", &[], "domain: Required.", "104"),
    ("validate", &[("activation_id", "9")], "domain: Required.", "104"),
    (
        "validate",
        &[("activation_id", "9"), ("domain", "a.example")],
        "activation_id: Invalid activation.",
        "203",
    ),
    (
        "validate",
        &[("activation_id", "x"), ("domain", "a.example")],
        "activation_id: Invalid activation.",
        "203",
    ),
    (
        "deactivate",
        &[("activation_id", "404"), ("domain", "a.example")],
        "activation_id: Invalid activation.",
        "203",
    ),
];

#[tokio::test]
async fn each_broken_rule_has_its_number_and_words() {
    let app = TestApp::start().await;
    let program = customer(&app, LicenseDraft::default()).await;
    for (question, fields, expected, _) in CASES {
        for told in [program.ask(question, fields).await, program.ask_ajax(question, fields).await]
        {
            assert_eq!((told.status, &told.body["status"]), (200, &json!(500)), "{fields:?}");
            assert_eq!(told.body["error"], true);
            assert!(told.errors()[0] == expected, "{fields:?} {:?}", told.errors());
        }
    }
    let change = SettingsChange {
        errors: Some(ErrorFormat::Code),
        errors_in_status: Some(true),
        ..SettingsChange::default()
    };
    set_up(&app, change).await;
    // Some of these are guesses, too.
    app.clock.advance(Duration::from_hours(1));
    for (question, fields, expected, code) in CASES {
        let told = program.ask(question, fields).await;
        let message = expected.split_once(": ").unwrap().1;
        assert_eq!(told.errors(), [format!("{code}: {message}")], "{fields:?}");
        assert!((400..500).contains(&told.status) && told.body["status"] == told.status);
    }
}

#[tokio::test]
async fn a_token_is_refused_in_the_same_envelope() {
    let app = TestApp::start().await;
    let program = customer(&app, LicenseDraft::default()).await;
    let path = "/wp-json/woo-license-keys/v1/token";
    let ask = async |fields: &[(&str, &str)]| {
        let path = format!("{path}?{}", query(fields));
        program.send(program.browser.request(Method::GET, &path)).await.errors()
    };
    assert_eq!(ask(&[]).await, ["grant_type: Required."]);
    assert_eq!(ask(&[("grant_type", "password")]).await, ["grant_type: Invalid grant type."]);
    assert_eq!(ask(&[("grant_type", "license_key")]).await, ["license_key: Required."]);
    let wrong = [("grant_type", "license_key"), ("license_key", "abc-1")];
    assert_eq!(ask(&wrong).await, ["license_key: Invalid license key."]);
}

#[tokio::test]
async fn what_is_no_request_is_told_so_and_harms_nothing() {
    let app = TestApp::start().await;
    let program = customer(&app, LicenseDraft::default()).await;
    let path = "/wp-json/woo-license-keys/v1/activate";
    let post = |kind: &'static str, body: Vec<u8>| {
        let request = program.browser.request(Method::POST, path);
        let request = request.header("content-type", kind).body(body);
        let program = program.clone();
        async move { program.send(request).await }
    };
    for (kind, body) in [
        ("application/json", b"{".to_vec()),
        ("application/json", b"[1]".to_vec()),
        ("application/json", "[".repeat(10_000).into_bytes()),
        ("text/xml", b"<a/>".to_vec()),
        ("multipart/form-data", b"--x".to_vec()),
        ("multipart/form-data; boundary=x", b"--x\r\nrubbish".to_vec()),
        ("application/x-www-form-urlencoded", vec![b'a'; 17 * 1024]),
        ("application/x-www-form-urlencoded", vec![0xff; 9]),
    ] {
        let told = post(kind, body).await;
        assert!(
            told.errors()[0].starts_with("request: The body must be"),
            "{kind} {:?}",
            told.body
        );
    }
    let odd = post("application/x-www-form-urlencoded", b"sku[]=1&store_code=%00&%ff=1".to_vec());
    assert_eq!(odd.await.errors(), ["store_code: Required."]);
    program.activate("shop.example").await;
}

#[tokio::test]
async fn addresses_methods_and_actions() {
    let app = TestApp::start().await;
    let browser = app.browser();
    let program = Program {
        browser: browser.clone(),
        store_code: String::new(),
        sku: String::new(),
        key: String::new(),
        license_id: 0,
        token: None,
    };
    for question in ["activate", "validate", "deactivate"] {
        let answer = browser.get(&format!("/wp-json/woo-license-keys/v1/{question}")).await;
        assert_eq!((answer.status, answer.header("allow")), (405, "POST"));
    }
    let put = browser.request(Method::PUT, "/wp-json/woo-license-keys/v1/token");
    let answer = browser.send(put).await;
    assert_eq!((answer.status, answer.header("allow")), (405, "GET, POST"));
    for path in ["/wp-admin/admin-ajax.php", "/wp-admin/admin-ajax.php?action=heartbeat"] {
        let answer = browser.get(path).await;
        assert_eq!((answer.status, answer.body.as_str()), (400, "0"), "as WordPress does");
    }
    let told = program.post("/wp-admin/admin-ajax.php?action=license_key_token", &[]).await;
    assert_eq!(told.errors(), ["grant_type: Required."]);
    let answer = browser.get("/wp-json/woo-license-keys/v1").await;
    let routes: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(routes["namespace"], "woo-license-keys/v1");
    assert_eq!(routes["routes"]["/woo-license-keys/v1/activate"]["methods"], json!(["POST"]));
}

/// As curl sends JSON unless it is told otherwise: nobody is told that all he sent is missing.
#[tokio::test]
async fn json_that_is_sent_as_a_form_is_told_so() {
    let app = TestApp::start().await;
    let program = customer(&app, LicenseDraft::default()).await;
    let body =
        json!({ "store_code": program.store_code, "sku": "pro", "license_key": program.key });
    let body = body.to_string();
    for (errors, name) in [(ErrorFormat::Property, "request"), (ErrorFormat::Code, "7")] {
        set_up(&app, SettingsChange { errors: Some(errors), ..SettingsChange::default() }).await;
        for path in [
            "/wp-json/woo-license-keys/v1/activate",
            "/wp-admin/admin-ajax.php?action=license_key_activate",
        ] {
            let request = program.browser.request(Method::POST, path).body(body.clone());
            let kind = "application/x-www-form-urlencoded";
            let told = program.send(request.header("Content-Type", kind)).await.errors();
            assert!(
                told.len() == 1 && told[0].starts_with(&format!("{name}: The body must")),
                "{told:?}"
            );
        }
    }
}

/// Where the store has TLS, a license key is not taken off a request without.
#[tokio::test]
async fn keys_are_taken_over_tls_alone() {
    let app = TestApp::with(&[("PUBLIC_URL", "https://shop.example")]).await;
    let program = customer(&app, LicenseDraft::default()).await;
    let program = Program { browser: Manager::new(app.url.clone()), ..program };
    let told = program.ask("activate", &[("domain", "shop.example")]).await;
    let body = &told.answer.body;
    assert_eq!(told.status, 403, "{body}");
    assert!(body.contains("https") && body.contains("X-Forwarded-Proto"), "{body}");
    let path = "/wp-json/woo-license-keys/v1/activate";
    let request = program.browser.request(Method::POST, path);
    let request = request.form(&program.fields(&[("domain", "shop.example")]));
    let told = program.send(request.header("x-forwarded-proto", "https")).await;
    assert_eq!(told.body["error"], false, "{}", told.body);
}
