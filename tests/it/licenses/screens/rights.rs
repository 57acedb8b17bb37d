//! Who may do what on the screens: each role is tried on each of them.

use appgrant::{
    domain::audit::Outcome,
    service::audit::{self, AuditFilter},
};

use super::{activated, made};
use crate::{admin::send, support::TestApp};

/// Screens, and whether a viewer sees them.
const SCREENS: [(&str, bool); 9] = [
    ("/admin/licenses", true),
    ("/admin/licenses/1", true),
    ("/admin/licenses/products", true),
    ("/admin/licenses/settings", true),
    ("/admin/licenses/new", false),
    ("/admin/licenses/1/edit", false),
    ("/admin/licenses/1/revoke", false),
    ("/admin/licenses/products/new", false),
    ("/admin/licenses/import", false),
];

/// Forms, and the least role that may send them.
const FORMS: [(&str, &[(&str, &str)]); 11] = [
    ("/admin/licenses/1/edit", &[("sku", "tea-plugin"), ("customer", "x"), ("version", "0")]),
    ("/admin/licenses/1/revoke", &[("reason", "x")]),
    ("/admin/licenses/1/restore", &[]),
    ("/admin/licenses/1/key", &[]),
    ("/admin/licenses/products/new", &[("sku", "x")]),
    ("/admin/licenses/products/edit", &[("sku", "tea-plugin"), ("version", "0")]),
    ("/admin/licenses/products/delete", &[("sku", "x")]),
    ("/admin/licenses/export", &[]),
    ("/admin/licenses/settings", &[("needs_token", "on")]),
    ("/admin/licenses/settings/store-code", &[("choice", "fresh"), ("overlap_days", "0")]),
    ("/admin/licenses/settings/end-previous", &[]),
];

#[tokio::test]
async fn a_viewer_sees_everything_and_changes_nothing() {
    let app = TestApp::start().await;
    let key = made(&app, "Ada").await.key;
    let id = activated(&app, key.expose(), "shop.example").await;
    let vera = app.logged_in("vera").await;
    for (path, sees) in SCREENS {
        let page = vera.get(path).await;
        assert_eq!(page.status, if sees { 200 } else { 403 }, "{path}");
        let buttons = page.texts("main button, main a.button");
        let harmless = |words: &String| ["Find", "Show these", "Back"].contains(&words.as_str());
        assert!(!sees || buttons.iter().all(harmless), "{path}: {buttons:?}");
    }
    assert_eq!(vera.get("/admin/licenses/products/edit?sku=tea-plugin").await.status, 403);
    let end = format!("/admin/licenses/1/activations/{id}/end");
    for (path, fields) in FORMS.into_iter().chain([(end.as_str(), [].as_slice())]) {
        let answer = send(&vera, path, fields).await;
        assert_eq!(answer.status, 403, "{path}: {}", answer.body);
    }
    let page = vera.get("/admin/licenses/1").await;
    assert!(page.text("h1") == "Ada" && page.text(".heading").contains("Works"));
    assert!(page.text("#activations").contains("shop.example"));
    let refused = AuditFilter { outcome: Some(Outcome::Refused), ..AuditFilter::default() };
    let ada = app.caller("ada").await;
    let rows = audit::page_as_seen(app.services(), &ada, &refused, None, 50).await.unwrap().rows;
    assert_eq!(rows.len(), FORMS.len() + 1, "each refusal is written down");
}

#[tokio::test]
async fn a_manager_looks_after_licenses_and_an_admin_sets_them_up() {
    let app = TestApp::with(&[("LICENSE_KEYS", "readable")]).await;
    made(&app, "Ada").await;
    let (max, ada) = (app.logged_in("max").await, app.logged_in("ada").await);
    for (path, _) in SCREENS {
        assert_eq!(max.get(path).await.status, 200, "{path}");
    }
    for (path, fields) in FORMS {
        let status = send(&max, path, fields).await.status;
        let is_setting = path.contains("settings");
        assert_eq!(status == 403, is_setting, "{path}: {status}");
        assert!(is_setting || matches!(status, 200 | 303), "{path}: {status}");
    }
    let page = max.get("/admin/licenses/settings").await;
    assert!(page.texts("main form").is_empty() && page.body.contains("Admins change these"));
    let page = ada.get("/admin/licenses/settings").await;
    assert_eq!(page.texts("main form").len(), 2);
}
