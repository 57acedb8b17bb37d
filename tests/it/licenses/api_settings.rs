//! Products and settings of licenses over the API.

use std::time::Duration;

use serde_json::{Value, json};

use super::seller::{asked, made, text};
use crate::{api::Program, support::TestApp};

#[tokio::test]
async fn a_product_is_one_thing_for_all_its_licenses() {
    let app = TestApp::start().await;
    let max = Program::of(&app, "max").await;
    let body =
        json!({ "sku": "pro", "download_name": "v1", "download_url": "https://d.example/1" });
    let told = max.post("/api/v1/license-products", body.clone()).await;
    assert_eq!(told.is(201)["name"], "pro", "its SKU, unless somebody says more");
    max.post("/api/v1/license-products", body).await.is_problem(409, "taken");
    let license = made(&max, json!({ "product": {} })).await;
    let path = "/api/v1/license-products/pro";
    let change = json!({ "name": "Pro", "download_name": "v2", "desktop": true, "version": 0 });
    let changed = max.patch(path, change).await.is(200);
    assert_eq!(
        (&changed["version"], &changed["download_url"]),
        (&json!(1), &json!("https://d.example/1"))
    );
    assert_eq!(max.get(path).await.is(200), changed);
    assert_eq!(max.get("/api/v1/licenses/1").await.is(200)["product"]["download_name"], "v2");
    max.patch(path, json!({ "name": "X", "version": 0 }))
        .await
        .is_problem(409, "changed_meanwhile");
    let key = [("license_key", text(&license, "license_key")), ("domain", "box")];
    let told = asked(&app, "activate", &key).await;
    assert_eq!(told["data"]["downloadable"], json!({ "name": "v2", "url": "https://d.example/1" }));
    let none =
        max.patch(path, json!({ "download_url": null, "download_name": null })).await.is(200);
    assert_eq!(none["download_url"], Value::Null);
    let wrong =
        json!({ "sku": "", "name": null, "download_url": "ftp://x", "desktop": 1, "url": "" });
    let mut fields = max.post("/api/v1/license-products", wrong).await.wrong_fields();
    fields.sort();
    assert_eq!(fields, ["desktop", "download_url", "name", "sku", "url"]);
    assert_eq!(max.patch(path, json!({ "sku": "x" })).await.wrong_fields(), ["sku"]);
    max.patch("/api/v1/license-products/none", json!({})).await.is_problem(404, "not_found");
}

#[tokio::test]
async fn a_product_goes_while_no_license_is_of_it() {
    let app = TestApp::start().await;
    let (max, vera) = (Program::of(&app, "max").await, Program::of(&app, "vera").await);
    let path = "/api/v1/license-products/pro";
    max.delete(path).await.is_problem(404, "not_found");
    max.post("/api/v1/license-products", json!({ "sku": "pro" })).await.is(201);
    vera.delete(path).await.is_problem(403, "not_allowed");
    assert_eq!(max.delete(path).await.status, 204);
    max.get(path).await.is_problem(404, "not_found");
    max.delete(path).await.is_problem(404, "not_found");
    made(&max, json!({ "product": {} })).await;
    max.delete(path).await.is_problem(409, "product_in_use");
    max.post("/api/v1/licenses/1/revoke", json!({})).await.is(200);
    max.delete(path).await.is_problem(409, "product_in_use");
    // Its last license became another product's.
    max.post("/api/v1/license-products", json!({ "sku": "lite" })).await.is(201);
    max.patch("/api/v1/licenses/1", json!({ "sku": "lite" })).await.is(200);
    assert_eq!(max.delete(path).await.status, 204);
    let ada = Program::of(&app, "ada").await;
    let log = ada.get("/api/v1/audit?event=license_product.deleted").await.is(200);
    let outcomes: Vec<_> = log["data"].as_array().unwrap().iter().collect();
    assert_eq!(outcomes.len(), 3, "two done, one refused: {log}");
    assert_eq!(outcomes[0]["object"]["id"], "pro");
}

#[tokio::test]
async fn a_sku_may_have_any_signs_and_its_address_leads_back() {
    let app = TestApp::start().await;
    let max = Program::of(&app, "max").await;
    let skus = ["100%2F", "a+b", "a/b", "a?b#c", "tea ü", "x;y=1"];
    for sku in skus {
        let told = max.post("/api/v1/license-products", json!({ "sku": sku })).await;
        told.is(201);
        let path = told.header("location").strip_prefix(&app.url).unwrap();
        assert_eq!(max.get(path).await.is(200)["sku"], sku);
        max.patch(path, json!({ "name": "Changed" })).await.is(200);
    }
    for path in ["%00", "a%00", "%ff", "missing"] {
        let told = max.get(&format!("/api/v1/license-products/{path}")).await;
        told.is_problem(404, "not_found");
    }
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = max.get(&format!("/api/v1/license-products?limit=2{cursor}")).await.is(200);
        found
            .extend(page["data"].as_array().unwrap().iter().map(|one| text(one, "sku").to_owned()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    found.sort();
    assert_eq!(found, skus);
}

#[tokio::test]
async fn a_new_store_code_lets_the_old_one_live_on_for_a_while() {
    let app = TestApp::start().await;
    let ada = Program::of(&app, "ada").await;
    let license = made(&ada, json!({})).await;
    let path = "/api/v1/license-settings";
    let old = ada.get(path).await.is(200);
    assert_eq!((text(&old, "store_code").len(), &old["keys_readable"]), (15, &json!(false)));
    let change = json!({ "store_code": "another-code", "overlap_days": 3 });
    let new = ada.patch(path, change).await.is(200);
    assert_eq!(
        (&new["store_code"], &new["previous_store_code"]),
        (&json!("another-code"), &old["store_code"])
    );
    let fields = [
        ("license_key", text(&license, "license_key")),
        ("domain", "customer.example"),
        ("store_code", text(&old, "store_code")),
    ];
    assert_eq!(asked(&app, "activate", &fields).await["error"], false);
    app.clock.advance(Duration::from_hours(72));
    assert_eq!(asked(&app, "activate", &fields).await["error"], true);
    assert_eq!(ada.get(path).await.is(200)["previous_store_code"], Value::Null);
    let fresh = ada.patch(path, json!({ "store_code": null, "overlap_days": 9 })).await.is(200);
    assert_eq!(
        (text(&fresh, "store_code").len(), &fresh["previous_store_code"]),
        (15, &json!("another-code"))
    );
    let ended = ada.patch(path, json!({ "end_previous": true })).await.is(200);
    assert_eq!(ended["previous_store_code"], Value::Null);
}

#[tokio::test]
async fn settings_are_changed_one_by_one_and_all_that_is_wrong_is_told() {
    let app = TestApp::start().await;
    let ada = Program::of(&app, "ada").await;
    let path = "/api/v1/license-settings";
    let change = json!({
        "needs_token": true, "token_seconds": -5, "errors": "code", "errors_in_status": true,
        "localhost_is_free": false, "origins": ["https://B.example", "http://a.example"],
        "page_url": "https://shop.example/license/?key={key}",
    });
    let changed = ada.patch(path, change.clone()).await.is(200);
    for (name, value) in change.as_object().unwrap() {
        let expected = match name.as_str() {
            "token_seconds" => &json!(-1),
            "origins" => &json!(["http://a.example", "https://b.example"]),
            _ => value,
        };
        assert_eq!(&changed[name], expected, "{name}");
    }
    let same = ada.patch(path, json!({ "needs_token": true })).await.is(200);
    assert_eq!(same, changed);
    let none = ada.patch(path, json!({ "page_url": null, "origins": [] })).await.is(200);
    assert_eq!((&none["page_url"], &none["origins"]), (&Value::Null, &json!([])));
    let wrong = json!({
        "store_code": "short", "overlap_days": 732, "needs_token": 1, "token_seconds": 59,
        "errors": "words", "errors_in_status": "yes", "localhost_is_free": null,
        "origins": ["https://a.example/secret-path"], "page_url": "javascript:{key}", "version": 1,
    });
    let told = ada.patch(path, wrong).await;
    let mut fields = told.wrong_fields();
    fields.sort();
    let expected = "errors errors_in_status localhost_is_free needs_token origins overlap_days page_url \
                    store_code token_seconds version";
    assert_eq!(fields.join(" "), expected);
    assert!(!told.body.contains("secret-path"), "no value in a message: {}", told.body);
    for (change, field) in [
        (json!({ "store_code": "long-enough" }), "overlap_days"),
        (json!({ "overlap_days": 1 }), "store_code"),
    ] {
        assert_eq!(ada.patch(path, change).await.wrong_fields(), [field]);
    }
}
