//! Licenses over the API: made, looked at, changed, taken back, given again; by whom; where they are used.

use appgrant::domain::user::Role;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::seller::{asked, made, sent, text};
use crate::{
    api::{Program, Told},
    support::{TestApp, database},
};

async fn named(program: &Program, name: &str, body: &Value) -> Told {
    let request = program.request(Method::POST, "/api/v1/licenses").header("idempotency-key", name);
    Told::by(request.json(body)).await
}

#[tokio::test]
async fn a_license_is_made_and_its_key_is_shown_this_once() {
    let app = TestApp::start().await;
    let max = Program::of(&app, "max").await;
    let body = json!({
        "sku": "pro",
        "product": { "name": "Pro", "download_name": "v1", "download_url": "https://d.example/1" },
        "customer": "Ada Lovelace", "email": "Ada@Customer.example", "cart_token": "c-1",
        "expires_at": "2100-01-31", "activation_limit": 5, "domain_limit": 1,
        "offline_interval": "days", "offline_value": 7.0,
    });
    let told = max.post("/api/v1/licenses", body).await;
    let license = told.is(201);
    assert_eq!(told.header("location"), format!("{}/api/v1/licenses/1", app.url));
    let key = text(&license, "license_key").to_owned();
    let (code, number) = key.split_once('-').unwrap();
    assert_eq!((code.len(), number), (26, "1"));
    let shown = max.get("/api/v1/licenses/1").await.is(200);
    assert_eq!(text(&shown, "license_key"), format!("{}…-1", &key[..4]));
    let mut expected = license.clone();
    expected["license_key"] = shown["license_key"].clone();
    assert_eq!(shown, expected, "nothing but the key differs");
    let members = "id license_key number state sku product customer email cart_token expires_at \
                   activation_limit domain_limit offline_interval offline_value activations domains \
                   created_at revoked_at version";
    let found: Vec<_> = shown.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(found.join(" "), members);
    assert_eq!(shown["product"]["desktop"], false);
    assert_eq!(
        [&shown["email"], &shown["expires_at"]],
        ["ada@customer.example", "2100-02-01T00:00:00Z"]
    );
    assert_eq!((&shown["offline_value"], &shown["state"]), (&json!(7), &json!("active")));
    database::assert_holds_no(&app.database, &key);
    max.post("/api/v1/licenses/1/key", json!({})).await.is_problem(409, "key_not_kept");
    let bare = made(&max, json!({ "product": { "name": "Pro" } })).await;
    for name in ["customer", "email", "expires_at", "activation_limit", "offline_interval"] {
        assert_eq!(bare[name], Value::Null, "{name}");
    }
    assert_eq!(bare["product"]["download_name"], "v1", "the product that is there");
}

#[tokio::test]
async fn all_that_is_wrong_is_told_at_once() {
    let app = TestApp::start().await;
    let max = Program::of(&app, "max").await;
    let wrong = json!({
        "sku": 7, "customer": 1, "email": "nobody", "cart_token": "t".repeat(201),
        "expires_at": "2020-01-31", "activation_limit": 0, "domain_limit": "5",
        "offline_interval": "fortnights", "offline_value": 1, "licence_key": "x",
        "product": { "name": "n".repeat(201), "download_url": "javascript:1", "desktop": "no", "x": 1 },
    });
    let mut fields = max.post("/api/v1/licenses", wrong).await.wrong_fields();
    fields.sort();
    let expected = "activation_limit cart_token customer domain_limit email expires_at licence_key \
                    offline_interval product.desktop product.download_url product.name product.x sku";
    assert_eq!(fields.join(" "), expected);
    made(&max, json!({})).await;
    for (change, expected) in [
        (
            json!({ "sku": null, "email": "x", "version": -1, "domain_limit": 1.5 }),
            "domain_limit email sku version",
        ),
        (json!({ "sku": "other" }), "sku"),
        (json!({ "expires_at": "2020-01-31" }), "expires_at"),
        (json!({ "offline_interval": "days" }), "offline_value"),
        (json!({ "offline_value": 7 }), "offline_interval"),
        (json!({ "offline_interval": "unlimited", "offline_value": 7 }), "offline_value"),
        (json!({ "offline_interval": null, "offline_value": 0 }), "offline_value"),
        (json!({ "license_key": "abc-1" }), "license_key"),
    ] {
        let mut fields = max.patch("/api/v1/licenses/1", change.clone()).await.wrong_fields();
        fields.sort();
        assert_eq!(fields.join(" "), expected, "{change}");
    }
    let none = json!({ "sku": "unknown" });
    assert_eq!(max.post("/api/v1/licenses", none).await.wrong_fields(), ["sku"]);
    let other = json!({ "sku": "pro", "product": { "download_url": "https://d.example/" } });
    max.post("/api/v1/licenses", other).await.is_problem(409, "other_product");
}

#[tokio::test]
async fn what_was_bought_is_changed_on_what_somebody_saw() {
    let app = TestApp::start().await;
    let max = Program::of(&app, "max").await;
    made(&max, json!({ "expires_at": "2100-01-31", "activation_limit": 5 })).await;
    max.post("/api/v1/license-products", json!({ "sku": "team" })).await.is(201);
    let path = "/api/v1/licenses/1";
    let change = json!({
        "sku": "team", "customer": "Grace", "email": "grace@customer.example", "cart_token": "c",
        "expires_at": null, "activation_limit": null, "domain_limit": 3,
        "offline_interval": "weeks", "offline_value": 2, "version": 0,
    });
    let changed = max.patch(path, change.clone()).await.is(200);
    for (name, value) in change.as_object().unwrap() {
        let expected = if name == "version" { &json!(1) } else { value };
        assert_eq!(&changed[name], expected, "{name}");
    }
    max.patch(path, json!({ "customer": "Late", "version": 0 }))
        .await
        .is_problem(409, "changed_meanwhile");
    let same = max.patch(path, json!({ "customer": "Grace", "version": 1 })).await.is(200);
    assert_eq!(same, changed, "nothing changed");
    let endless = max.patch(path, json!({ "offline_interval": "unlimited" })).await.is(200);
    assert_eq!(
        (&endless["offline_interval"], &endless["offline_value"]),
        (&json!("unlimited"), &Value::Null)
    );
    let none = max.patch(path, json!({ "offline_interval": null, "email": null })).await.is(200);
    assert_eq!((&none["offline_interval"], &none["email"]), (&Value::Null, &Value::Null));
    max.patch(path, json!({ "expires_at": "2099-01-31" })).await.is(200);
    app.clock.advance(std::time::Duration::from_hours(24 * 365 * 90));
    let over = max.patch(path, json!({ "customer": "Still" })).await.is(200);
    assert_eq!(
        (&over["state"], &over["expires_at"]),
        (&json!("expired"), &json!("2099-02-01T00:00:00Z"))
    );
    let log = max.get(&format!("{path}/history")).await.is(200);
    let events: Vec<_> =
        log["data"].as_array().unwrap().iter().map(|row| text(row, "event")).collect();
    assert_eq!(events.len(), 6, "{events:?}");
    assert!(!log.to_string().contains("grace@"), "customers' data stands in the log");
}

#[tokio::test]
async fn a_license_is_taken_back_and_given_again() {
    let app = TestApp::start().await;
    let max = Program::of(&app, "max").await;
    let license = made(&max, json!({})).await;
    let fields = [("license_key", text(&license, "license_key")), ("domain", "customer.example")];
    let activated = asked(&app, "activate", &fields).await;
    let id = activated["data"]["activation_id"].to_string();
    let validate = [fields[0], fields[1], ("activation_id", id.as_str())];
    assert_eq!(asked(&app, "validate", &validate).await["error"], false);
    let revoked =
        max.post("/api/v1/licenses/1/revoke", json!({ "reason": "refunded" })).await.is(200);
    assert_eq!((&revoked["state"], &revoked["activations"]), (&json!("revoked"), &json!(1)));
    assert!(revoked["revoked_at"].is_string());
    max.post("/api/v1/licenses/1/revoke", json!({})).await.is_problem(409, "already_revoked");
    assert_eq!(asked(&app, "validate", &validate).await["error"], true);
    let nothing = max.request(Method::POST, "/api/v1/licenses/1/restore");
    assert_eq!(Told::by(nothing).await.is(200)["state"], "active");
    max.post("/api/v1/licenses/1/restore", json!({})).await.is_problem(409, "not_revoked");
    assert_eq!(asked(&app, "validate", &validate).await["error"], false, "its activations stand");
    let log = max.get("/api/v1/audit?event=license.revoked").await.is(200);
    assert_eq!(log["data"][0]["details"]["reason"], "refunded");
    let told = max.post("/api/v1/licenses/1/restore", json!({ "why": 1 })).await;
    assert_eq!(told.wrong_fields(), ["why"]);
}

#[tokio::test]
async fn activations_are_listed_and_taken_away() {
    let app = TestApp::start().await;
    let (max, vera) = (Program::of(&app, "max").await, Program::of(&app, "vera").await);
    let license = made(&max, json!({ "activation_limit": 3 })).await;
    let key = text(&license, "license_key");
    for domain in ["a.example", "b.example", "c.example"] {
        let told = asked(&app, "activate", &[("license_key", key), ("domain", domain)]).await;
        assert_eq!(told["error"], false, "{told}");
    }
    let path = "/api/v1/licenses/1/activations";
    let first = vera.get(&format!("{path}?limit=2")).await.is(200);
    assert_eq!(
        [&first["data"][0]["domain"], &first["data"][1]["domain"]],
        ["c.example", "b.example"]
    );
    assert_eq!(first["data"][0]["address"], Value::Null, "a viewer is not told where people are");
    let told = max.get(&format!("{path}?limit=1")).await.is(200);
    assert_eq!(told["data"][0]["address"], "127.0.0.1");
    let rest = format!("{path}?limit=2&cursor={}", text(&first, "next_cursor"));
    let rest = vera.get(&rest).await.is(200);
    assert_eq!(
        (&rest["data"][0]["domain"], &rest["next_cursor"]),
        (&json!("a.example"), &Value::Null)
    );
    let one = format!("{path}/{}", first["data"][0]["activation_id"]);
    vera.delete(&one).await.is_problem(403, "not_allowed");
    assert_eq!(max.delete(&one).await.status, 204);
    max.delete(&one).await.is_problem(404, "not_found");
    max.delete(&format!("{path}/x")).await.is_problem(404, "not_found");
    assert_eq!(max.get("/api/v1/licenses/1").await.is(200)["activations"], 2);
    let fourth = [("license_key", key), ("domain", "d.example")];
    assert_eq!(asked(&app, "activate", &fourth).await["error"], false, "its place is free");
    for domain in ["d.example", "nowhere.example"] {
        let found = max.get(&format!("/api/v1/licenses?domain={domain}")).await.is(200);
        let count = found["data"].as_array().unwrap().len();
        assert_eq!(count, usize::from(domain.starts_with('d')), "{domain}");
    }
}

#[tokio::test]
async fn lists_are_filtered_and_go_on() {
    let app = TestApp::start().await;
    let max = Program::of(&app, "max").await;
    for (name, sku) in [("Ada Lovelace", "pro"), ("Grace Hopper", "team"), ("Ada Yonath", "pro")] {
        let body = json!({ "sku": sku, "product": {}, "customer": name });
        max.post("/api/v1/licenses", body).await.is(201);
    }
    max.post("/api/v1/licenses/1/revoke", json!({})).await.is(200);
    for (query, expected) in [
        ("", vec![3, 2, 1]),
        ("q=ada", vec![3, 1]),
        ("q=ada&state=active", vec![3]),
        ("sku=team", vec![2]),
        ("q=2", vec![2]),
        ("q=abcd%E2%80%A6-3", vec![3]),
        ("state=revoked", vec![1]),
        ("state=expired", vec![]),
        ("q=%2C", vec![]),
        ("sku=none", vec![]),
    ] {
        let told = max.get(&format!("/api/v1/licenses?{query}")).await.is(200);
        let ids: Vec<_> = told["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["id"].as_i64().unwrap())
            .collect();
        assert_eq!(ids, expected, "{query}");
    }
    let first = max.get("/api/v1/licenses?limit=2").await.is(200);
    let on =
        max.get(&format!("/api/v1/licenses?cursor={}", text(&first, "next_cursor"))).await.is(200);
    assert_eq!((&on["data"][0]["id"], &on["next_cursor"]), (&json!(1), &Value::Null));
    for (query, field) in [
        ("q=a&domain=shop.example", "domain"),
        ("state=gone", "state"),
        ("limit=101", "limit"),
        ("cursor=x", "cursor"),
        ("skuu=pro", "skuu"),
        ("domain=%20", "domain"),
    ] {
        let told = max.get(&format!("/api/v1/licenses?{query}")).await;
        assert_eq!(told.wrong_fields(), [field], "{query}");
    }
}

#[tokio::test]
async fn a_named_request_makes_one_license_with_one_answer() {
    let app = TestApp::start().await;
    let (max, ada) = (Program::of(&app, "max").await, Program::of(&app, "ada").await);
    let body = json!({ "sku": "pro", "product": { "name": "Pro" }, "customer": "Ada" });
    let all = join_all((0..16).map(|_| named(&max, "order-7", &body))).await;
    for told in &all {
        assert_eq!(told.is(201), all[0].json());
    }
    let now = all.iter().filter(|told| told.header("idempotent-replayed").is_empty()).count();
    assert_eq!(now, 1);
    max.patch("/api/v1/licenses/1", json!({ "customer": "Grace" })).await.is(200);
    max.post("/api/v1/licenses/1/revoke", json!({})).await.is(200);
    let again = named(&max, "order-7", &body).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (201, "true"));
    assert_eq!(again.body, all[0].body, "whatever became of the license");
    assert_eq!(max.get("/api/v1/licenses").await.is(200)["data"].as_array().unwrap().len(), 1);
    let log = max.get("/api/v1/audit?event=license.created").await.is(200);
    assert_eq!(log["data"].as_array().unwrap().len(), 1);
    database::assert_holds_no(&app.database, text(&again.json(), "license_key"));
    let other = json!({ "sku": "pro", "customer": "Grace" });
    named(&max, "order-7", &other).await.is_problem(422, "idempotency_key_reused");
    let theirs = named(&ada, "order-7", &body).await;
    assert_eq!(
        (theirs.is(201)["id"].clone(), theirs.header("idempotent-replayed")),
        (json!(2), "")
    );
    named(&max, "order-8", &json!({ "sku": "none" })).await.is(422);
    assert_eq!(
        named(&max, "order-8", &body).await.is(201)["id"],
        3,
        "what was not made may be tried again"
    );
}

/// What is tried, and what admin, manager and viewer are told.
#[tokio::test]
async fn roles() {
    let app = TestApp::start().await;
    let mut programs = Vec::new();
    for role in Role::ALL {
        let login = match role {
            Role::Admin => "ada",
            Role::Manager => "max",
            Role::Viewer => "vera",
        };
        programs.push((login, Program::of(&app, login).await));
    }
    made(&programs[0].1, json!({})).await;
    let product = json!({ "name": "Pro edition" });
    let table: [(Method, &str, Value, [u16; 3]); 17] = [
        (Method::GET, "/licenses", Value::Null, [200, 200, 200]),
        (Method::GET, "/licenses/1", Value::Null, [200, 200, 200]),
        (Method::GET, "/licenses/1/history", Value::Null, [200, 200, 200]),
        (Method::GET, "/licenses/1/activations", Value::Null, [200, 200, 200]),
        (Method::GET, "/license-products", Value::Null, [200, 200, 200]),
        (Method::GET, "/license-products/pro", Value::Null, [200, 200, 200]),
        (Method::GET, "/license-settings", Value::Null, [200, 200, 200]),
        (Method::POST, "/licenses", json!({ "sku": "pro" }), [201, 201, 403]),
        (Method::PATCH, "/licenses/1", json!({ "customer": "C" }), [200, 200, 403]),
        (Method::POST, "/licenses/1/key", json!({}), [409, 409, 403]),
        (Method::POST, "/licenses/1/restore", json!({}), [409, 409, 403]),
        (Method::POST, "/licenses/99/revoke", json!({}), [404, 404, 403]),
        (Method::DELETE, "/licenses/1/activations/7", Value::Null, [404, 404, 403]),
        (Method::GET, "/licenses/export", Value::Null, [200, 200, 403]),
        (Method::POST, "/license-products", json!({ "sku": "pro" }), [409, 409, 403]),
        (Method::PATCH, "/license-products/pro", product, [200, 200, 403]),
        (Method::PATCH, "/license-settings", json!({ "needs_token": false }), [200, 403, 403]),
    ];
    for (method, path, body, expected) in table {
        for ((login, program), status) in programs.iter().zip(expected) {
            let request = program.request(method.clone(), &format!("/api/v1{path}"));
            let request = if body.is_null() { request } else { request.json(&body) };
            let told = Told::by(request).await;
            assert_eq!(told.status, status, "{login}: {method} {path}: {}", told.body);
            if status == 403 {
                told.is_problem(403, "not_allowed");
            }
        }
    }
    let refused = sent(&programs[2].1, "", "license_key,sku\nabc-1,pro\n").await;
    refused.is_problem(403, "not_allowed");
    let log = programs[0].1.get("/api/v1/audit?outcome=refused&limit=100").await.is(200);
    assert_eq!(log["data"].as_array().unwrap().len(), 12, "each refusal is written down");
    let nobody = Told::by(programs[0].1.bare(Method::GET, "/api/v1/licenses")).await;
    nobody.is_problem(401, "no_credentials");
}

#[tokio::test]
async fn a_store_that_keeps_keys_shows_them_and_notes_who_looked() {
    let app = TestApp::with(&[("LICENSE_KEYS", "readable")]).await;
    let (max, vera) = (Program::of(&app, "max").await, Program::of(&app, "vera").await);
    let license = made(&max, json!({})).await;
    let key = text(&license, "license_key");
    let told = Told::by(max.request(Method::POST, "/api/v1/licenses/1/key")).await;
    assert_eq!(told.is(200), json!({ "license_key": key }));
    vera.post("/api/v1/licenses/1/key", json!({})).await.is_problem(403, "not_allowed");
    max.get("/api/v1/licenses/1/key").await.is_problem(405, "method_not_allowed");
    assert!(!max.get("/api/v1/licenses").await.body.contains(key), "lists show it shortened");
    database::assert_holds_no(&app.database, key);
    let log = max.get("/api/v1/audit?event=license.key_seen").await.is(200);
    let rows: Vec<_> = log["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (text(row, "actor"), text(row, "outcome")))
        .collect();
    assert_eq!(rows, [("vera (token 2)", "refused"), ("max (token 1)", "done")]);
    assert!(!log.to_string().contains(key));
}
