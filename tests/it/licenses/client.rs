//! A client written from the published description alone (`tests/clients/license_keys.py`), against the service:
//! both handlers, both bodies, both formats of errors, with tokens and without, each code.

use std::{
    io::Write,
    process::{Command, Stdio},
    time::Duration,
};

use appgrant::domain::licenses::{ErrorFormat, LicenseDraft, ProductDraft, SettingsChange};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use super::program::{Program, set_up, sold};
use crate::support::{TestApp, needed};

/// The licenses that the client wants, and a token of the first that is over.
struct Shelf {
    licenses: Value,
    store_code: String,
    expired_token: String,
}

async fn shelf(app: &TestApp) -> Shelf {
    let limits = |activations: &str, domains: &str| LicenseDraft {
        activation_limit: activations.to_owned(),
        domain_limit: domains.to_owned(),
        ..LicenseDraft::default()
    };
    let product = |sku: &str| ProductDraft { sku: sku.to_owned(), ..ProductDraft::default() };
    let good = sold(app, limits("1", "1"), product("pro")).await.with_token().await;
    let other = sold(app, limits("5", "5"), product("lite")).await;
    let end = app.services().now().plus(Duration::from_secs(100)).to_string();
    let over = LicenseDraft { expires_at: end, ..LicenseDraft::default() };
    let expired = sold(app, over, product("pro")).await;
    let activations = sold(app, limits("1", "2"), product("pro")).await;
    activations.activate("taken.example").await;
    let domains = sold(app, limits("2", "1"), product("pro")).await;
    domains.activate("taken.example").await;
    let desk = ProductDraft { desktop: true, ..product("desk") };
    let desktop = sold(app, limits("1", ""), desk).await;
    app.clock.advance(Duration::from_secs(1_000));
    let told = |program: &Program| json!({ "sku": program.sku, "license_key": program.key });
    Shelf {
        licenses: json!({
            "good": told(&good),
            "other": told(&other),
            "expired": told(&expired),
            "activations_reached": told(&activations),
            "domains_reached": told(&domains),
            "desktop": told(&desktop),
        }),
        store_code: good.store_code,
        expired_token: good.token.unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_made_from_the_description_alone_walks_through_everything() {
    let Some(()) = needed("a client of license keys", Command::new("python3").arg("--version"))
    else {
        return;
    };
    let app = TestApp::start().await;
    let shelf = shelf(&app).await;
    for (needs_token, errors, in_status) in [
        (false, ErrorFormat::Property, false),
        (false, ErrorFormat::Code, true),
        (true, ErrorFormat::Code, false),
        (true, ErrorFormat::Property, true),
    ] {
        let change = SettingsChange {
            needs_token: Some(needs_token),
            errors: Some(errors),
            errors_in_status: Some(in_status),
            ..SettingsChange::default()
        };
        set_up(&app, change).await;
        let plan = json!({
            "url": app.url,
            "store_code": shelf.store_code,
            "tokens_demanded": needs_token,
            "errors_by": if errors == ErrorFormat::Code { "code" } else { "property" },
            "errors_in_status": in_status,
            "expired_token": shelf.expired_token,
            "licenses": shelf.licenses,
        });
        let said = walk(plan).await;
        let codes = if needs_token { 17 } else { 14 };
        assert!(said.ends_with(&format!("answers, {codes} codes\n")), "{said}");
        // Its guesses of this round are forgiven before the next.
        app.clock.advance(Duration::from_hours(1));
    }
}

/// What the client says of its walk.
async fn walk(plan: Value) -> String {
    let walked = spawn_blocking(move || {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/license_keys.py");
        let mut client = Command::new("python3")
            .args(["-B", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        client.stdin.take().unwrap().write_all(plan.to_string().as_bytes()).unwrap();
        client.wait_with_output().unwrap()
    });
    let walked = walked.await.unwrap();
    let said = String::from_utf8(walked.stdout).unwrap();
    let complaint = String::from_utf8_lossy(&walked.stderr);
    assert!(walked.status.success(), "{said}\n{complaint}");
    said
}
