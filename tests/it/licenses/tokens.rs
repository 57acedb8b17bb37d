//! “Enable authorization”: a token first. It opens its license and nothing else, and dies with it.

use std::time::Duration;

use appgrant::{
    domain::{
        licenses::{LicenseDraft, SettingsChange},
        token_life::TokenLife,
    },
    service::licenses,
};
use serde_json::json;

use super::program::{Program, customer, set_up};
use crate::support::{Question, TestApp};

async fn demanding() -> TestApp {
    let app = TestApp::start().await;
    set_up(&app, SettingsChange { needs_token: Some(true), ..SettingsChange::default() }).await;
    app
}

#[tokio::test]
async fn a_token_is_asked_for_and_opens_its_license() {
    let app = demanding().await;
    let program = customer(&app, LicenseDraft::default()).await;
    let told = program.ask("activate", &[("domain", "a.example")]).await;
    assert_eq!((told.status, told.errors()), (401, vec!["access_token: Required.".to_owned()]));
    assert_eq!(told.body["status"], 401);
    assert!(told.answer.header("www-authenticate").contains("Authorization: Bearer agat_"));
    let told = program.ask_token().await;
    assert_eq!((&told.body["token_type"], &told.body["expires"]), (&json!("Bearer"), &json!(600)));
    assert_eq!(told.answer.header("cache-control"), "no-store");
    let program = program.with_token().await;
    let activation = program.activate("a.example").await;
    assert_eq!(program.validate("a.example", activation).await.activation(), activation);
    assert_eq!(program.deactivate("a.example", activation).await.status, 200);
    let path = "/wp-admin/admin-ajax.php?action=license_key_token";
    let key = program.key.clone();
    let told = program.post(path, &[("grant_type", "license_key"), ("license_key", &key)]).await;
    assert_eq!(told.body["expires"], 600, "by POST, so that the key is in no proxy’s log");
}

#[tokio::test]
async fn a_token_opens_no_other_license_and_no_api() {
    let app = demanding().await;
    let one = customer(&app, LicenseDraft::default()).await.with_token().await;
    let other = customer(&app, LicenseDraft::default()).await;
    let wrong = || vec!["access_token: Invalid access token.".to_owned()];
    let thief = Program { token: one.token.clone(), ..other.clone() };
    let told = thief.ask("activate", &[("domain", "a.example")]).await;
    assert_eq!((told.status, told.errors()), (401, wrong()));
    let guesser = Program { key: "abc-1".to_owned(), ..thief };
    let told = guesser.ask("activate", &[("domain", "a.example")]).await;
    assert_eq!((told.status, told.errors()), (401, wrong()), "the same for a key that is none");
    for token in ["x", "agat_", &format!("agat_{}", "A".repeat(43))] {
        let other = Program { token: Some(token.to_owned()), ..other.clone() };
        let told = other.ask("activate", &[("domain", "a.example")]).await;
        assert_eq!((told.status, told.errors()), (401, wrong()), "{token}");
        assert!(told.answer.header("www-authenticate").contains("error=\"invalid_token\""));
    }
    let token = one.token.as_deref().unwrap();
    let token = format!("Bearer {token}");
    let orders = Question::forwarded("GET", "/wp-json/wc/v3/orders");
    let said = orders.with("Authorization", &token).ask(&app).await;
    assert_eq!((said.status, said.word()), (401, "unknown_token"), "a license opens no API");
}

#[tokio::test]
async fn a_token_ends_with_its_time_its_license_and_its_revocation() {
    let app = demanding().await;
    let life = SettingsChange { token_life: TokenLife::of(60), ..SettingsChange::default() };
    set_up(&app, life).await;
    let program = customer(&app, LicenseDraft::default()).await.with_token().await;
    let ask = async |program: &Program| {
        let told = program.ask("activate", &[("domain", "a.example")]).await;
        (told.status, told.errors().first().cloned().unwrap_or_default())
    };
    app.clock.advance(Duration::from_secs(64));
    assert_eq!(ask(&program).await.0, 200, "clocks differ");
    app.clock.advance(Duration::from_secs(1));
    let expired = (401, "access_token: Access token has expired.".to_owned());
    assert_eq!(ask(&program).await, expired);
    let program = program.with_token().await;
    let caller = app.caller("max").await;
    let id = program.license_id;
    licenses::revoke(app.services(), &caller, id, "").await.unwrap();
    let wrong = (401, "access_token: Invalid access token.".to_owned());
    assert_eq!(ask(&program).await, wrong);
    licenses::restore(app.services(), &caller, id).await.unwrap();
    assert_eq!(ask(&program).await, wrong, "it stays dead");
    app.clock.advance(Duration::from_millis(1));
    assert_eq!(ask(&program.with_token().await).await.0, 200);
}

#[tokio::test]
async fn a_token_lives_no_longer_than_its_license() {
    let app = demanding().await;
    let end = app.services().now().plus(Duration::from_secs(100)).to_string();
    let draft = LicenseDraft { expires_at: end, ..LicenseDraft::default() };
    let program = customer(&app, draft).await;
    let seconds = program.ask_token().await.body["expires"].as_u64().unwrap();
    assert!((98..=100).contains(&seconds), "{seconds}");
    let program = program.with_token().await;
    app.clock.advance(Duration::from_secs(101));
    let told = program.ask("activate", &[("domain", "a.example")]).await;
    assert_eq!(told.errors(), ["license_key: License key has expired."]);
    assert_eq!(program.ask_token().await.errors(), ["license_key: License key has expired."]);
}

#[tokio::test]
async fn a_token_without_an_end_is_said_to_live_ten_years() {
    let app = demanding().await;
    let life = SettingsChange { token_life: TokenLife::of(-1), ..SettingsChange::default() };
    set_up(&app, life).await;
    let program = customer(&app, LicenseDraft::default()).await;
    assert_eq!(program.ask_token().await.body["expires"], 315_360_000);
    let program = program.with_token().await;
    app.clock.advance(Duration::from_hours(24 * 365 * 11));
    program.activate("a.example").await;
}

#[tokio::test]
async fn a_store_that_demands_none_looks_at_none() {
    let app = TestApp::start().await;
    let program = customer(&app, LicenseDraft::default()).await;
    let program = Program { token: Some("rubbish".to_owned()), ..program };
    program.activate("a.example").await;
}
