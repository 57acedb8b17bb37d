//! What admins set: the store code with its overlap, and who may.

use std::time::Duration;

use appgrant::{
    domain::licenses::{LicenseDraft, Overlap, SettingsChange, StoreCode},
    service::licenses::{self, LicenseError},
};

use super::program::{Program, customer, set_up};
use crate::support::TestApp;

/// Another store code, a fresh one unless it is told.
fn another(code: Option<&str>, days: u64) -> SettingsChange {
    let code = code.map(|code| StoreCode::parse(code).unwrap());
    let store_code = Some((code, Overlap::days(days).unwrap()));
    SettingsChange { store_code, ..SettingsChange::default() }
}

#[tokio::test]
async fn a_store_code_changes_and_the_old_one_is_taken_for_a_while() {
    let app = TestApp::start().await;
    let program = customer(&app, LicenseDraft::default()).await;
    let old = program.store_code.clone();
    assert_eq!(old.len(), 15, "made at the first start");
    program.activate("a.example").await;
    set_up(&app, another(Some("brought-along-1"), 7)).await;
    let new = Program { store_code: "brought-along-1".to_owned(), ..program.clone() };
    new.activate("a.example").await;
    program.activate("a.example").await;
    app.clock.advance(Duration::from_hours(24 * 7));
    let wrong = ["store_code: Invalid code."];
    assert_eq!(program.ask("activate", &[("domain", "a.example")]).await.errors(), wrong);
    new.activate("a.example").await;
    set_up(&app, another(None, 0)).await;
    assert_eq!(new.ask("activate", &[("domain", "a.example")]).await.errors(), wrong, "at once");
    let settings = licenses::settings(app.services(), &app.caller("vera").await).await.unwrap();
    assert_eq!((settings.store_code.as_str().len(), settings.previous), (15, None));
}

#[tokio::test]
async fn an_old_code_is_ended_early() {
    let app = TestApp::start().await;
    let program = customer(&app, LicenseDraft::default()).await;
    set_up(&app, another(None, 30)).await;
    program.activate("a.example").await;
    set_up(&app, SettingsChange { end_previous: true, ..SettingsChange::default() }).await;
    let told = program.ask("activate", &[("domain", "a.example")]).await;
    assert_eq!(told.errors(), ["store_code: Invalid code."]);
}

#[tokio::test]
async fn the_code_stays_when_the_service_starts_again() {
    let app = TestApp::start().await;
    let code = customer(&app, LicenseDraft::default()).await.store_code;
    let database = app.database.clone();
    let folder = app.stop().await;
    let key = folder.path().join("appgrant.key");
    let settings = [("DATABASE_URL", &*database), ("SECRET_KEY_FILE", key.to_str().unwrap())];
    let again = TestApp::empty(&settings).await;
    let settings = licenses::settings(again.services(), &again.caller("max").await).await.unwrap();
    assert_eq!(settings.store_code.as_str(), code);
}

#[tokio::test]
async fn admins_set_up_and_others_look() {
    let app = TestApp::start().await;
    for login in ["max", "vera"] {
        let caller = app.caller(login).await;
        let change = SettingsChange { needs_token: Some(true), ..SettingsChange::default() };
        let refused = licenses::change_settings(app.services(), &caller, change).await;
        assert!(matches!(refused, Err(LicenseError::NotAllowed)), "{login}");
        assert!(!licenses::settings(app.services(), &caller).await.unwrap().needs_token);
    }
    let caller = app.caller("vera").await;
    let draft = LicenseDraft { sku: "pro".to_owned(), ..LicenseDraft::default() };
    let refused = licenses::create(app.services(), &caller, &draft, None).await;
    assert!(matches!(refused.err(), Some(LicenseError::NotAllowed)));
}
