//! Scripts of other sites: none unless the store names them.

use appgrant::domain::licenses::{LicenseDraft, Origins, SettingsChange};
use reqwest::Method;

use super::program::{Told, customer, set_up};
use crate::support::TestApp;

const PATH: &str = "/wp-json/woo-license-keys/v1/activate";

/// What a browser with a page of that origin is answered.
async fn asked(app: &TestApp, method: Method, origin: &str) -> Told {
    let program = customer(app, LicenseDraft::default()).await;
    let request = program.browser.request(method, PATH).header("origin", origin);
    program.send(request.header("access-control-request-method", "POST")).await
}

fn allows(told: &Told) -> &str {
    told.answer.header("access-control-allow-origin")
}

#[tokio::test]
async fn no_site_may_ask_unless_the_store_names_it() {
    let app = TestApp::start().await;
    for method in [Method::OPTIONS, Method::POST] {
        let told = asked(&app, method, "https://shop.example").await;
        assert_eq!(allows(&told), "");
        assert_eq!(told.answer.header("access-control-allow-credentials"), "");
    }
    let origins = Origins::parse("https://shop.example\nhttps://www.shop.example").ok();
    set_up(&app, SettingsChange { origins, ..SettingsChange::default() }).await;
    let told = asked(&app, Method::OPTIONS, "https://shop.example").await;
    assert_eq!((told.status, allows(&told)), (204, "https://shop.example"));
    assert_eq!(told.answer.header("access-control-allow-methods"), "GET, POST");
    assert_eq!(told.answer.header("access-control-allow-headers"), "Authorization, Content-Type");
    assert_eq!(told.answer.header("vary"), "Origin");
    let told = asked(&app, Method::POST, "https://shop.example").await;
    assert_eq!(allows(&told), "https://shop.example", "an error may be read too");
    for other in ["http://shop.example", "https://shop.example.evil.example", "null"] {
        assert_eq!(allows(&asked(&app, Method::OPTIONS, other).await), "", "{other}");
    }
    let origins = Origins::parse("*").ok();
    set_up(&app, SettingsChange { origins, ..SettingsChange::default() }).await;
    let told = asked(&app, Method::POST, "null").await;
    assert_eq!((allows(&told), told.answer.header("access-control-allow-credentials")), ("*", ""));
}
