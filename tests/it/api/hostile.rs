//! Broken, huge and misleading requests: each is told what is wrong, and nothing breaks.

use reqwest::Method;
use serde_json::json;

use super::{Program, Told};
use crate::support::TestApp;

const KEYS: &str = "/api/v1/keys";

async fn posted(program: &Program, kind: &str, body: impl Into<reqwest::Body>) -> Told {
    let request = program.request(Method::POST, KEYS).header("content-type", kind);
    Told::by(request.body(body)).await
}

#[tokio::test]
async fn bodies_must_be_json_objects() {
    let app = TestApp::start().await;
    let ada = Program::of(&app, "ada").await;
    for body in ["", "{", "[]", "\"x\"", "null", "{\"a\":1,}", "{\"a\":NaN}", "\u{feff}{}", "{} {}"]
    {
        posted(&ada, "application/json", body).await.is_problem(400, "malformed_json");
    }
    posted(&ada, "application/json", vec![0xff, 0xfe, 0x00])
        .await
        .is_problem(400, "malformed_json");
    let deep = format!("{{\"description\":{}1{}}}", "[".repeat(20_000), "]".repeat(20_000));
    posted(&ada, "application/json", deep).await.is_problem(400, "malformed_json");
    let twice = r#"{"description":"a","permissions":"read","permissions":"read_write"}"#;
    posted(&ada, "application/json", twice).await.is_problem(400, "malformed_json");
    assert_eq!(ada.get(KEYS).await.is(200)["data"], json!([]));
}

#[tokio::test]
async fn other_kinds_of_bodies_are_refused() {
    let app = TestApp::start().await;
    let ada = Program::of(&app, "ada").await;
    let good = r#"{"description":"a","permissions":"read"}"#;
    for kind in ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"] {
        posted(&ada, kind, good).await.is_problem(415, "unsupported_media_type");
    }
    let bare = ada.request(Method::POST, KEYS).body(good);
    Told::by(bare).await.is_problem(415, "unsupported_media_type");
    posted(&ada, "Application/JSON; charset=utf-8", good).await.is(201);
}

#[tokio::test]
async fn a_body_has_64_kib() {
    let app = TestApp::start().await;
    let ada = Program::of(&app, "ada").await;
    let of = |length: usize| {
        let start = r#"{"permissions":"read","description":""#;
        format!("{start}{}\"}}", "a".repeat(length - start.len() - 2))
    };
    let told = posted(&ada, "application/json", of(64 * 1024)).await;
    assert_eq!(told.wrong_fields(), ["description"]);
    posted(&ada, "application/json", of(64 * 1024 + 1)).await.is_problem(413, "too_large");
}

#[tokio::test]
async fn everything_that_is_wrong_is_named_at_once() {
    let app = TestApp::start().await;
    let ada = Program::of(&app, "ada").await;
    let told =
        ada.post(KEYS, json!({ "permissions": "all", "expire_at": "x", "owner_id": "1" })).await;
    let mut fields = told.wrong_fields();
    fields.sort();
    assert_eq!(fields, ["description", "expire_at", "owner_id", "permissions"]);
    for (member, value) in [
        ("description", json!(1)),
        ("description", json!("")),
        ("description", json!(" \u{200b} ")),
        ("description", json!("a".repeat(201))),
        ("permissions", json!("READ")),
        ("permissions", json!(null)),
        ("owner_id", json!(0)),
        ("owner_id", json!(1.5)),
        ("owner_id", json!(9_223_372_036_854_775_807_u64)),
        ("owner_id", json!(18_446_744_073_709_551_615_u64)),
        ("expires_at", json!("yesterday")),
        ("expires_at", json!("2001-01-01")),
        ("expires_at", json!("9999-01-01")),
        ("expires_at", json!(1)),
        ("x", json!({ "y": [] })),
    ] {
        let mut body = json!({ "description": "d", "permissions": "read" });
        body[member] = value.clone();
        assert_eq!(ada.post(KEYS, body).await.wrong_fields(), [member], "{value}");
    }
}

/// PostgreSQL's texts cannot hold a NUL, and JSON can name one.
#[tokio::test]
async fn a_nul_is_dropped_or_refused_and_never_a_fault_of_ours() {
    let app = TestApp::start().await;
    let ada = Program::of(&app, "ada").await;
    let (users, max) = ("/api/v1/users", app.user("max").await.id);
    let made = ada.post(KEYS, json!({ "description": "a\0b", "permissions": "read" })).await;
    assert_eq!(made.is(201)["description"], "ab");
    let user = json!({ "login": "mo", "role": "viewer", "password": "long enough" });
    for (member, text) in [("login", "m\0o"), ("name", "M\0o"), ("email", "m\0o@shop.example")] {
        let mut body = user.clone();
        body[member] = json!(text);
        let told = ada.post(users, body).await;
        assert!(matches!(told.status, 201 | 422), "{member}: {} {}", told.status, told.body);
    }
    for (path, body) in [
        (format!("{users}/{max}"), json!({ "name": "M\0x" })),
        (format!("{users}/{max}"), json!({ "email": "m\0x@shop.example" })),
        (format!("{KEYS}/1"), json!({ "description": "a\0b" })),
    ] {
        let told = ada.patch(&path, body).await;
        assert!(matches!(told.status, 200 | 422), "{path}: {} {}", told.status, told.body);
    }
    let told = ada.post(&format!("{KEYS}/1/revoke"), json!({ "reason": "a\0b" })).await;
    assert!(matches!(told.status, 200 | 422), "{} {}", told.status, told.body);
    for path in ["deliveries/%00", "grants/%00", "deliveries/a%00b", "grants?callback_host=%00"] {
        let told = ada.get(&format!("/api/v1/{path}")).await;
        assert!(told.status < 500, "{path}: {} {}", told.status, told.body);
    }
}

#[tokio::test]
async fn parameters_that_nobody_knows_or_that_come_twice_are_refused() {
    let app = TestApp::start().await;
    let ada = Program::of(&app, "ada").await;
    for (query, field) in [
        ("stat=active", "stat"),
        ("state=alive", "state"),
        ("state=active&state=revoked", "state"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=-1", "limit"),
        ("limit=1e3", "limit"),
        ("limit=", "limit"),
        ("owner_id=abc", "owner_id"),
        ("owner_id=99999999999999999999", "owner_id"),
        ("never_used=yes", "never_used"),
        ("unused_for_days=0", "unused_for_days"),
        ("unused_for_days=99999999999", "unused_for_days"),
        ("unused_for_days=1&never_used=true", "never_used"),
        ("expires_before=soon", "expires_before"),
        ("order=random", "order"),
        ("q[]=x", "q[]"),
    ] {
        let told = ada.get(&format!("{KEYS}?{query}")).await;
        assert_eq!(told.wrong_fields(), [field], "{query}");
    }
    assert_eq!(ada.get("/api/v1/me?verbose=1").await.wrong_fields(), ["verbose"]);
    let odd = "/api/v1/keys?q=%00%ff%27%22%3Cscript%3E%5C%25_";
    assert_eq!(ada.get(odd).await.is(200)["data"], json!([]));
    let long = format!("{KEYS}?q={}", "a".repeat(20_000));
    ada.get(&long).await.is(200);
}

#[tokio::test]
async fn addresses_that_lead_nowhere_are_told_in_json() {
    let app = TestApp::start().await;
    let ada = Program::of(&app, "ada").await;
    for path in [
        "/api",
        "/api/",
        "/api/v1",
        "/api/v1/",
        "/api/v2/keys",
        "/api/v1/nothing",
        "/api/v1/keys/",
        "/api/v1/keys/x",
        "/api/v1/keys/0",
        "/api/v1/keys/-1",
        "/api/v1/keys/999",
        "/api/v1/keys/99999999999999999999",
        "/api/v1/keys/1%2F2",
        "/api/v1/keys/%00",
        "/api/v1/keys/1/x",
        "/api/v1/users/999",
        "/api/v1/deliveries/none",
        "/api/v1/grants/%27%20OR%201=1",
    ] {
        ada.get(path).await.is_problem(404, "not_found");
    }
}

#[tokio::test]
async fn methods_that_an_address_does_not_know_are_told_which_it_does() {
    let app = TestApp::start().await;
    let ada = Program::of(&app, "ada").await;
    for (method, path, allow) in [
        (Method::PUT, "/api/v1/keys", "GET, HEAD, POST"),
        (Method::DELETE, "/api/v1/keys/1", "GET, HEAD, PATCH"),
        (Method::GET, "/api/v1/keys/1/revoke", "POST"),
        (Method::OPTIONS, "/api/v1/users/1", "GET, HEAD, PATCH, DELETE"),
        (Method::TRACE, "/api/v1/me", "GET, HEAD"),
        (Method::from_bytes(b"BREW").unwrap(), "/api/v1/audit/export", "GET"),
    ] {
        let told = Told::by(ada.request(method, path)).await;
        told.is_problem(405, "method_not_allowed");
        assert_eq!(told.header("allow"), allow, "{path}");
    }
    let head = Told::by(ada.request(Method::HEAD, "/api/v1/keys")).await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
}

#[tokio::test]
async fn under_a_path_prefix_it_answers_with_and_without() {
    let app = TestApp::with(&[("PUBLIC_URL", "{url}/shop")]).await;
    let ada = Program::of(&app, "ada").await;
    for path in ["/api/v1/me", "/shop/api/v1/me"] {
        ada.get(path).await.is(200);
    }
    ada.get("/shop/api/v1/nothing").await.is_problem(404, "not_found");
    let body = json!({ "description": "d", "permissions": "read" });
    let told = ada.post("/shop/api/v1/keys", body).await;
    assert!(told.header("location").starts_with(&format!("{}/shop/api/v1/keys/", app.url)));
    let served = ada.get("/shop/openapi.json").await;
    assert_eq!(served.status, 200);
}
