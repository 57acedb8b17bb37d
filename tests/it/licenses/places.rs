//! Activate, validate, deactivate: what a program is told where its license is in order, and limits.

use std::{collections::BTreeSet, time::Duration};

use appgrant::{
    domain::licenses::{LicenseDraft, PageUrl, ProductDraft, SettingsChange},
    service::licenses,
};
use futures_util::future::join_all;
use serde_json::json;

use super::program::{Told, customer, set_up, sold};
use crate::support::{TestApp, query};

#[tokio::test]
async fn a_program_is_told_everything_about_its_license() {
    let app = TestApp::start().await;
    let page_url = PageUrl::parse("https://shop.example/my-account/license/?key={key}");
    set_up(&app, SettingsChange { page_url, ..SettingsChange::default() }).await;
    let draft = LicenseDraft {
        expires_at: "2036-02-25T18:57:34Z".to_owned(),
        offline_interval: "days".to_owned(),
        offline_value: "1".to_owned(),
        cart_token: "dsfejk8989".to_owned(),
        ..LicenseDraft::default()
    };
    let product = ProductDraft {
        download_name: "v1.1.5".to_owned(),
        download_url: "https://shop.example/product-1.1.5.zip".to_owned(),
        ..ProductDraft::default()
    };
    let program = sold(&app, draft, product).await;
    let told = program.ask("activate", &[("domain", "shop.example")]).await;
    let activation = told.activation();
    let now = app.services().now().as_seconds();
    assert_eq!(activation, now, "about when it was made");
    let data = json!({
        "expire": 2_087_578_654,
        "activation_id": activation,
        "expire_date": "2036-02-25 18:57",
        "timezone": "UTC",
        "the_key": program.key,
        "url": format!("https://shop.example/my-account/license/?key={}", program.key),
        "has_expired": false,
        "status": "active",
        "allow_offline": true,
        "offline_interval": "days",
        "offline_value": 1,
        "downloadable": { "name": "v1.1.5", "url": "https://shop.example/product-1.1.5.zip" },
        "ctoken": "dsfejk8989",
    });
    let envelope = json!({
        "error": false, "status": 200, "message": "License Key activated successfully.", "data": data,
    });
    assert_eq!(told.body, envelope);
    assert_eq!(told.answer.header("cache-control"), "no-store");
    let told = program.validate("https://Shop.example/wp", activation).await;
    assert_eq!((told.status, &told.body["message"]), (200, &json!("License Key is valid.")));
    assert_eq!(told.body["data"], data);
    let told = program.deactivate("shop.example", activation).await;
    let envelope =
        json!({ "error": false, "status": 200, "message": "Activation has been deactivated." });
    assert_eq!((told.status, told.body), (200, envelope));
    let told = program.validate("shop.example", activation).await;
    assert_eq!(
        told.errors(),
        ["activation_id: Invalid activation.", "license_key: Invalid license key."]
    );
}

#[tokio::test]
async fn a_license_without_an_end_or_anything_else_says_so() {
    let app = TestApp::start().await;
    let program = customer(&app, LicenseDraft::default()).await;
    let told = program.ask_ajax("activate", &[("domain", "shop.example")]).await;
    let data = &told.body["data"];
    for member in
        ["expire", "expire_date", "timezone", "offline_interval", "offline_value", "downloadable"]
    {
        assert!(
            data.as_object().unwrap().contains_key(member) && data[member].is_null(),
            "{member}"
        );
    }
    assert_eq!(
        (&data["allow_offline"], &data["url"], &data["ctoken"]),
        (&json!(false), &json!(""), &json!(""))
    );
}

/// The same question in all the ways programs ask it.
#[tokio::test]
async fn forms_and_json_at_both_addresses_are_one() {
    let app = TestApp::start().await;
    let program = customer(&app, LicenseDraft::default()).await;
    let first = program.activate("shop.example").await;
    let fields = program.fields(&[("domain", "http://shop.example")]);
    let json: serde_json::Map<_, _> =
        fields.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let mut in_body = fields.clone();
    in_body.push(("action", "license_key_activate"));
    let rest = "/wp-json/woo-license-keys/v1/activate";
    let ajax = "/wp-admin/admin-ajax.php?action=license_key_activate";
    let request = |path: &str| program.browser.request(reqwest::Method::POST, path);
    let boundary = "X-Y-Z";
    let part = |(name, value): &(&str, &str)| {
        format!(
            "--{boundary}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        )
    };
    let multipart: String = fields.iter().map(part).collect::<Vec<_>>().concat() + "--X-Y-Z--\r\n";
    let multipart = |path: &str| {
        let kind = format!("multipart/form-data; boundary={boundary}");
        request(path).header("content-type", kind).body(multipart.clone())
    };
    for request in [
        request(rest).form(&fields),
        request(rest).json(&json),
        request(&format!("{rest}?{}", query(&fields))),
        multipart(rest),
        request(ajax).form(&fields),
        request(ajax).json(&json),
        multipart(ajax),
        request("/wp-admin/admin-ajax.php").form(&in_body),
        request("/wp-admin/admin-ajax.php?action=license_key_validate").form(&in_body),
    ] {
        assert_eq!(program.send(request).await.activation(), first, "it is the same activation");
    }
    let numbered = json!({
        "store_code": program.store_code, "sku": program.sku, "license_key": program.key,
        "domain": "shop.example", "activation_id": first,
    });
    let request = request("/wp-json/woo-license-keys/v1/validate").json(&numbered);
    assert_eq!(program.send(request).await.status, 200, "an id may be a number");
}

#[tokio::test]
async fn a_limit_holds_and_a_place_that_is_free_again_is_free() {
    let app = TestApp::start().await;
    let draft = LicenseDraft { activation_limit: "2".to_owned(), ..LicenseDraft::default() };
    let program = customer(&app, draft).await;
    let first = program.activate("one.example").await;
    let second = program.activate("two.example").await;
    assert_ne!(first, second, "in the same second");
    assert_eq!(program.activate("one.example").await, first, "it is there already");
    let told = program.ask("activate", &[("domain", "three.example")]).await;
    let limit = "license_key: License key activation limit reached. Deactivate one of the registered activations to proceed.";
    assert_eq!(told.errors(), [limit]);
    assert_eq!(told.body["status"], 500);
    assert_eq!(program.deactivate("two.example", first).await.errors().len(), 2, "another’s");
    assert_eq!(program.deactivate("one.example", first).await.status, 200);
    let third = program.activate("three.example").await;
    assert!(third > second, "an id is not given twice");
}

#[tokio::test]
async fn a_limit_of_domains_is_one_of_domains() {
    let app = TestApp::start().await;
    let draft = LicenseDraft { domain_limit: "1".to_owned(), ..LicenseDraft::default() };
    let program = customer(&app, draft).await;
    program.activate("one.example").await;
    let told = program.ask("activate", &[("domain", "two.example")]).await;
    let limit = "license_key: License key domain activation limit reached. Deactivate one or more of the registered activations to proceed.";
    assert_eq!(told.errors(), [limit]);
}

/// The line of the issue, as programs meet it; `db_contract::licenses` has it on both databases.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_programs_at_once_leave_five_activations() {
    let app = TestApp::start().await;
    let draft = LicenseDraft { activation_limit: "5".to_owned(), ..LicenseDraft::default() };
    let program = customer(&app, draft).await;
    let asked = (0..100).map(|number| {
        let program = program.clone();
        async move {
            let domain = format!("{number}.example");
            program.ask("activate", &[("domain", &domain)]).await
        }
    });
    let told = join_all(asked).await;
    let won: BTreeSet<_> =
        told.iter().filter(|told| told.body["error"] == false).map(Told::activation).collect();
    assert_eq!(won.len(), 5);
    let lost = told.iter().filter(|told| told.errors().iter().any(|e| e.contains("limit reached")));
    assert_eq!(lost.count(), 95);
    let caller = app.caller("vera").await;
    let found =
        licenses::activations(app.services(), &caller, program.license_id, (None, 100)).await;
    assert_eq!(found.unwrap().0.len(), 5);
}

#[tokio::test]
async fn a_developers_machine_counts_against_no_limit() {
    let app = TestApp::start().await;
    let draft = LicenseDraft { activation_limit: "1".to_owned(), ..LicenseDraft::default() };
    let program = customer(&app, draft).await;
    program.activate("shop.example").await;
    for local in ["localhost", "http://localhost:3000/", "app.localhost", "127.0.0.1", "[::1]"] {
        assert_eq!(program.activate(local).await, 404, "{local}");
        assert_eq!(program.validate(local, 404).await.activation(), 404);
        assert_eq!(program.deactivate(local, 404).await.status, 200);
    }
    assert_eq!(
        program.validate("shop.example", 404).await.errors().len(),
        2,
        "no machine of that kind"
    );
    for other in ["localhost.shop.example", "mylocalhost.example"] {
        let told = program.ask("activate", &[("domain", other)]).await;
        assert!(told.errors()[0].contains("limit reached"), "{other}");
    }
    let change = SettingsChange { localhost_is_free: Some(false), ..SettingsChange::default() };
    set_up(&app, change).await;
    let told = program.ask("activate", &[("domain", "localhost")]).await;
    assert!(told.errors()[0].contains("limit reached"));
}

#[tokio::test]
async fn a_program_for_desktops_needs_no_domain() {
    let app = TestApp::start().await;
    let draft = LicenseDraft { activation_limit: "3".to_owned(), ..LicenseDraft::default() };
    let product = ProductDraft { desktop: true, ..ProductDraft::default() };
    let program = sold(&app, draft, product).await;
    let first = program.ask("activate", &[]).await.activation();
    let second = program.ask("activate", &[("domain", "localhost")]).await.activation();
    let named = program.ask("activate", &[("domain", "Ada’s Laptop")]).await.activation();
    assert_eq!(BTreeSet::from([first, second, named]).len(), 3);
    assert_eq!(program.ask("activate", &[("domain", "ada’s  laptop")]).await.activation(), named);
    assert!(program.ask("activate", &[]).await.errors()[0].contains("limit reached"));
    let id = first.to_string();
    assert_eq!(program.ask("validate", &[("activation_id", &id)]).await.activation(), first);
}

#[tokio::test]
async fn a_license_that_is_over_or_taken_back_opens_nothing() {
    let app = TestApp::start().await;
    let end = app.services().now().plus(Duration::from_secs(100)).to_string();
    let draft = LicenseDraft { expires_at: end, ..LicenseDraft::default() };
    let program = customer(&app, draft).await;
    let activation = program.activate("shop.example").await;
    app.clock.advance(Duration::from_secs(101));
    let expired = ["license_key: License key has expired."];
    assert_eq!(program.ask("activate", &[("domain", "b.example")]).await.errors(), expired);
    assert_eq!(program.validate("shop.example", activation).await.errors(), expired);
    assert_eq!(program.deactivate("shop.example", activation).await.errors(), expired);
    assert_eq!(
        program.validate("shop.example", activation + 1).await.errors(),
        [
            "activation_id: Invalid activation.",
            "license_key: License key has expired.",
            "license_key: Invalid license key."
        ]
    );
    let program = customer(&app, LicenseDraft::default()).await;
    let activation = program.activate("shop.example").await;
    let caller = app.caller("max").await;
    licenses::revoke(app.services(), &caller, program.license_id, "").await.unwrap();
    let unknown = ["license_key: Invalid license key."];
    assert_eq!(program.validate("shop.example", activation).await.errors(), unknown);
    licenses::restore(app.services(), &caller, program.license_id).await.unwrap();
    assert_eq!(program.validate("shop.example", activation).await.activation(), activation);
}

#[tokio::test]
async fn what_a_program_did_is_noted() {
    let app = TestApp::start().await;
    let program = customer(&app, LicenseDraft::default()).await;
    let activation = program.activate("shop.example").await;
    app.clock.advance(Duration::from_secs(90));
    program.validate("shop.example", activation).await;
    let caller = app.caller("max").await;
    let id = program.license_id;
    let found = licenses::activations(app.services(), &caller, id, (None, 10)).await.unwrap().0;
    let seen = found[0].seen_at.since(found[0].activated_at);
    assert!(seen >= Duration::from_secs(90) && found[0].address.as_deref() == Some("127.0.0.1"));
    program.deactivate("shop.example", activation).await;
    let rows = licenses::history(app.services(), &caller, id, None).await.unwrap().rows;
    let events: Vec<_> = rows.iter().map(|row| (row.event.as_str(), row.actor.as_str())).collect();
    assert_eq!(
        events,
        [
            ("license.deactivated", "nobody"),
            ("license.activated", "nobody"),
            ("license.created", "max")
        ]
    );
    assert!(rows.iter().all(|row| !row.details.contains(&program.key)));
}
