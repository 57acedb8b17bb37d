//! Those who may not, forms from elsewhere, rubbish in addresses, names that want to be code.

use appgrant::domain::permissions::Permissions;

use super::{made, send};
use crate::support::{TestApp, granted};

const SCREENS: [&str; 31] = [
    "/admin",
    "/admin/keys",
    "/admin/keys/new",
    "/admin/keys/1",
    "/admin/keys/1/edit",
    "/admin/keys/1/revoke",
    "/admin/keys/1/owner",
    "/admin/keys/1/rules",
    "/admin/keys/1/tokens",
    "/admin/keys/1/tokens/new",
    "/admin/keys/1/tokens/end",
    "/admin/registered-apps",
    "/admin/registered-apps/new",
    "/admin/registered-apps/1",
    "/admin/registered-apps/1/edit",
    "/admin/apps",
    "/admin/users",
    "/admin/users/1",
    "/admin/users/2/disable",
    "/admin/account",
    "/admin/audit",
    "/admin/licenses",
    "/admin/licenses/new",
    "/admin/licenses/1",
    "/admin/licenses/1/edit",
    "/admin/licenses/1/revoke",
    "/admin/licenses/products",
    "/admin/licenses/products/new",
    "/admin/licenses/products/edit?sku=x",
    "/admin/licenses/settings",
    "/admin/licenses/import",
];

const FORMS: [(&str, &[(&str, &str)]); 36] = [
    ("/admin/keys/new", &[("description", "x"), ("permissions", "read")]),
    ("/admin/keys/revoke", &[("key-1", "on"), ("sure", "yes")]),
    ("/admin/keys/1/edit", &[("description", "x"), ("permissions", "read")]),
    ("/admin/keys/1/narrow", &[]),
    ("/admin/keys/1/widen", &[]),
    ("/admin/keys/1/owner", &[("owner", "2")]),
    ("/admin/keys/1/revoke", &[]),
    ("/admin/keys/1/rules", &[("environment", "sandbox"), ("life", "store")]),
    ("/admin/keys/1/tokens/new", &[("life", "store")]),
    ("/admin/keys/1/tokens/end", &[]),
    ("/admin/keys/1/tokens/1/end", &[]),
    ("/admin/registered-apps/new", REGISTRATION),
    ("/admin/registered-apps/2/edit", REGISTRATION),
    ("/admin/users/new", &[("login", "eve"), ("role", "admin"), ("password", "long enough 1")]),
    ("/admin/users/2", &[("role", "admin")]),
    ("/admin/users/2/password", &[("password", "long enough 1")]),
    ("/admin/users/2/disable", &[("fate", "revoke")]),
    ("/admin/users/2/delete", &[("fate", "revoke")]),
    ("/admin/users/2/enable", &[]),
    ("/admin/account/password", &[("current", "x")]),
    ("/admin/account/tokens", &[("token_name", "x")]),
    ("/admin/audit/export", &[]),
    ("/admin/licenses/new", &[("sku", "x"), ("new_product", "on")]),
    ("/admin/licenses/1/edit", &[("sku", "x"), ("version", "0")]),
    ("/admin/licenses/1/revoke", &[]),
    ("/admin/licenses/1/restore", &[]),
    ("/admin/licenses/1/key", &[]),
    ("/admin/licenses/1/activations/1/end", &[]),
    ("/admin/licenses/products/new", &[("sku", "x")]),
    ("/admin/licenses/products/edit", &[("sku", "x"), ("version", "0")]),
    ("/admin/licenses/products/delete", &[("sku", "x")]),
    ("/admin/licenses/settings", &[("needs_token", "on")]),
    ("/admin/licenses/settings/store-code", &[("choice", "fresh"), ("overlap_days", "0")]),
    ("/admin/licenses/settings/end-previous", &[]),
    ("/admin/licenses/import", &[]),
    ("/admin/licenses/export", &[]),
];

const REGISTRATION: &[(&str, &str)] = &[
    ("name", "x"),
    ("redirect_uris", "https://app.example/back"),
    ("kind", "server"),
    ("permissions", "read"),
];

#[tokio::test]
async fn nobody_sees_or_does_anything_without_logging_in() {
    let app = TestApp::start().await;
    made(&app, "ada", "Till", Permissions::ReadWrite).await;
    let stranger = app.browser();
    for path in SCREENS {
        let answer = stranger.get(path).await;
        assert_eq!(answer.location(), format!("{}/login", app.url), "{path}");
    }
    for (path, fields) in FORMS {
        let answer = stranger.post(path, fields).await;
        assert_eq!(answer.location(), format!("{}/login", app.url), "{path}");
    }
}

/// Every form: without a token, with another session's, and from another site.
#[tokio::test]
async fn forms_of_others_are_not_taken() {
    let app = TestApp::start().await;
    made(&app, "ada", "Till", Permissions::ReadWrite).await;
    let (ada, max) = (app.logged_in("ada").await, app.logged_in("max").await);
    let token = |page: crate::support::Answer| page.attribute("input[name=form_token]", "value");
    let (own, foreign) = (token(ada.get("/admin").await), token(max.get("/admin").await));
    for (path, fields) in FORMS {
        assert_eq!(ada.post(path, fields).await.status, 403, "{path} without a token");
        let mut with = fields.to_vec();
        with.push(("form_token", &foreign));
        assert_eq!(ada.post(path, &with).await.status, 403, "{path} with a foreign token");
        with.pop();
        with.push(("form_token", &own));
        let answer = ada.post_with(path, &with, ("sec-fetch-site", "cross-site")).await;
        assert_eq!(answer.status, 403, "{path} from another site");
    }
    let key = ada.get("/admin/keys/1").await;
    assert!(key.text(".facts").contains("Read/Write") && key.text(".heading").contains("Works"));
}

#[tokio::test]
async fn viewers_see_no_buttons_and_are_refused_when_they_post_anyway() {
    let app = TestApp::start().await;
    granted(&app, "read_write").await;
    let vera = app.logged_in("vera").await;
    for path in [
        "/admin",
        "/admin/keys",
        "/admin/keys/1",
        "/admin/keys/1/tokens",
        "/admin/apps",
        "/admin/registered-apps",
    ] {
        let page = vera.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        let buttons = page.texts("main button, main a.button");
        let harmless = ["Find", "Show these", "Its tokens"];
        assert!(buttons.iter().all(|b| harmless.contains(&b.as_str())), "{path}: {buttons:?}");
        assert!(!page.body.contains("/admin/users") && !page.body.contains("/admin/audit"));
    }
    for path in [
        "/admin/users",
        "/admin/users/1",
        "/admin/users/new",
        "/admin/audit",
        "/admin/keys/1/rules",
        "/admin/keys/1/tokens/new",
        "/admin/keys/1/tokens/end",
        "/admin/registered-apps/new",
    ] {
        assert_eq!(vera.get(path).await.status, 403, "{path}");
    }
    for (path, fields) in FORMS.into_iter().filter(|(path, _)| !path.contains("account")) {
        let answer = send(&vera, path, fields).await;
        match path {
            "/admin/keys/new"
            | "/admin/registered-apps/new"
            | "/admin/keys/1/tokens/new"
            | "/admin/licenses/new" => {
                assert_eq!(answer.status, 409, "no ticket");
            }
            "/admin/registered-apps/2/edit" => assert_eq!(answer.status, 404, "no such app"),
            // What is so already is no change.
            "/admin/keys/1/widen" => assert_eq!(answer.status, 303),
            _ => assert_eq!(answer.status, 403, "{path}: {}", answer.body),
        }
    }
    let key = vera.get("/admin/keys/1").await;
    assert!(key.text(".facts").contains("Read/Write") && key.text(".heading").contains("Works"));
}

#[tokio::test]
async fn rubbish_in_an_address_is_named_or_not_found() {
    let app = TestApp::start().await;
    made(&app, "ada", "Till", Permissions::Read).await;
    let ada = app.logged_in("ada").await;
    let long = "a".repeat(4_000);
    for rubbish in ["%00", "%ff", "'%3B--", "x%5B%5D", "-1", "99999999999999999999", &long] {
        for name in ["q", "state", "use", "permissions", "owner", "app", "order", "after", "done"] {
            let answer = ada.get(&format!("/admin/keys?{name}={rubbish}")).await;
            assert_eq!(answer.status, 200, "{name}={rubbish}");
        }
        for name in ["event", "actor", "kind", "object", "outcome", "since", "until", "before"] {
            let answer = ada.get(&format!("/admin/audit?{name}={rubbish}")).await;
            assert_eq!(answer.status, 200, "{name}={rubbish}");
        }
        for path in ["/admin/keys/", "/admin/users/", "/admin/registered-apps/"] {
            assert_eq!(ada.get(&format!("{path}{rubbish}")).await.status, 404, "{path}{rubbish}");
        }
        for query in ["q", "after"] {
            assert_eq!(ada.get(&format!("/admin/apps?{query}={rubbish}")).await.status, 200);
        }
        assert_eq!(ada.get(&format!("/admin/keys/1?before={rubbish}")).await.status, 200);
        let apps = ada.get(&format!("/admin/registered-apps?before={rubbish}")).await;
        assert_eq!(apps.status, 200, "{rubbish}");
        assert_eq!(ada.get(&format!("/admin/apps/{rubbish}")).await.status, 404, "{rubbish}");
    }
    let named = ada.get("/admin/keys?state=sleeping&owner=me").await;
    assert!(named.text(".notice.warn").contains("state, owner"), "{}", named.body);
}

#[tokio::test]
async fn names_that_want_to_be_code_are_text() {
    let app = TestApp::start().await;
    let hostile = "<script>alert(1)</script>\"'><img src=x>{{7*7}}";
    made(&app, "ada", hostile, Permissions::ReadWrite).await;
    let ada = app.logged_in("ada").await;
    for path in [
        "/admin",
        "/admin/keys",
        "/admin/keys/1",
        "/admin/keys/1/edit",
        "/admin/keys/1/revoke",
        "/admin/keys/1/rules",
        "/admin/keys/1/tokens",
        "/admin/keys/1/tokens/new",
        "/admin/keys/1/tokens/end",
        "/admin/audit",
        "/admin/keys?q=%3Cscript%3E&app=%22%3E%3Cimg%20src=x%3E",
        "/admin/apps?q=%22%3E%3Cimg%20src=x%3E",
        "/admin/audit?since=%22%3E%3Cimg%20src=x%3E",
    ] {
        let page = ada.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        let body = page.body.to_lowercase();
        assert!(!body.contains("<script") && !body.contains("<img src=x"), "{path}");
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert!(page.header("cache-control").contains("no-store"));
    }
    assert_eq!(ada.get("/admin/keys/1").await.text("h1"), hostile);
}

/// A link from elsewhere cannot put words into our mouth, nor offer to widen a key.
#[tokio::test]
async fn what_was_done_is_one_of_our_sentences() {
    let app = TestApp::start().await;
    made(&app, "max", "Till", Permissions::Read).await;
    let max = app.logged_in("max").await;
    for query in ["done=Call+0900", "done=", "done=%3Cb%3E", "undo=1.x"] {
        let page = max.get(&format!("/admin?{query}")).await;
        assert!(page.texts("[role=status]").is_empty(), "{query}");
    }
    for undo in ["1", "1.", "1.AAAA", "x.y"] {
        let page = max.get(&format!("/admin/keys/1?done=narrowed&undo={undo}")).await;
        assert!(!page.body.contains("/widen"), "{undo}");
    }
    // Another session's offer is none.
    let vera = app.logged_in("vera").await;
    made(&app, "max", "Other", Permissions::ReadWrite).await;
    let path = send(&max, "/admin/keys/2/narrow", &[]).await.location().to_owned();
    assert!(max.get(&path).await.body.contains("/admin/keys/2/widen"));
    assert!(!vera.get(&path).await.body.contains("/widen"));
}
