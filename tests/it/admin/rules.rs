//! What a key is bound to: shown, changed, and by whom.

use appgrant::{
    domain::permissions::Permissions,
    service::keys::{self, MadeKey},
};

use super::{led_to, made, press};
use crate::support::{Question, TestApp, granted};

/// What `/verify` says to the key, coming from that address with that `Origin`.
async fn comes(app: &TestApp, key: &MadeKey, address: &str, origin: &str) -> String {
    let (id, secret) = (key.credential.key.as_str(), key.credential.secret.expose());
    let question = Question::forwarded("GET", "/wp-json/wc/v3/orders")
        .basic(id, secret)
        .with("X-Forwarded-For", address)
        .with("Origin", origin);
    let said = question.ask(app).await;
    match said.word() {
        "allowed" => said.header("x-appgrant-environment").to_owned(),
        refused => refused.to_owned(),
    }
}

const NOTHING: [(&str, &str); 4] =
    [("environment", "production"), ("life", "store"), ("domains", ""), ("networks", "")];

#[tokio::test]
async fn a_key_is_bound_from_the_next_request_on() {
    let app = TestApp::start().await;
    let key = made(&app, "max", "Till", Permissions::Read).await;
    assert_eq!(comes(&app, &key, "198.51.100.7", "https://a.example").await, "production");
    let max = app.logged_in("max").await;
    let page = max.get("/admin/keys/1").await;
    assert!(page.text("#rules").contains("Production"), "{}", page.text("#rules"));
    let form = max.get(&page.attribute("#rules a.button", "href")).await;
    let filled = [
        ("environment", "sandbox"),
        ("life", "never"),
        ("domains", "a.example\r\n*.b.example"),
        ("networks", "192.0.2.9/24, 2001:db8::1"),
    ];
    let page = max.get(&led_to(&app, &press(&max, &form, &filled).await)).await;
    assert_eq!(page.text("[role=status]"), "Saved.");
    let told = page.text("#rules");
    for words in [
        "Sandbox",
        "a.example, *.b.example",
        "192.0.2.0/24, 2001:db8::1/128",
        "never end",
        "for ever",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert_eq!(page.text(".heading .sandbox"), "Sandbox");
    for path in ["/admin/keys", "/admin/keys/1/revoke", "/admin/keys/1/tokens"] {
        assert_eq!(max.get(path).await.text(".sandbox"), "Sandbox", "{path}");
    }
    for (address, origin, said) in [
        ("192.0.2.200", "https://a.example", "sandbox"),
        ("192.0.2.200", "https://c.b.example", "sandbox"),
        ("192.0.2.200", "https://b.example", "domain_not_allowed"),
        ("198.51.100.7", "https://a.example", "network_not_allowed"),
    ] {
        assert_eq!(comes(&app, &key, address, origin).await, said, "{address} {origin}");
    }
    // The form shows what is, and sending it unchanged changes nothing.
    let form = max.get("/admin/keys/1/rules").await;
    assert_eq!(form.text("#domains"), "a.example *.b.example");
    let same = [
        ("environment", "sandbox"),
        ("life", "never"),
        ("domains", "a.example\r\n*.b.example"),
        ("networks", "192.0.2.0/24\r\n2001:db8::1/128"),
    ];
    let to = led_to(&app, &press(&max, &form, &same).await);
    assert_eq!(to, "/admin/keys/1?done=unchanged");
    let to = led_to(&app, &press(&max, &form, &NOTHING).await);
    assert_eq!(to, "/admin/keys/1?done=changed");
    assert_eq!(comes(&app, &key, "198.51.100.7", "https://x.example").await, "production");
}

#[tokio::test]
async fn every_wrong_value_is_named_at_its_field_and_all_that_was_typed_is_kept() {
    let app = TestApp::start().await;
    made(&app, "max", "Till", Permissions::Read).await;
    let max = app.logged_in("max").await;
    let form = max.get("/admin/keys/1/rules").await;
    let filled = [
        ("environment", "sandbox"),
        ("life", "seconds"),
        ("seconds", "5 minutes"),
        ("domains", "shop.example\n<b>\"'"),
        ("networks", "192.0.2.0/33"),
    ];
    let answer = press(&max, &form, &filled).await;
    assert_eq!(answer.status, 422, "{}", answer.body);
    for (field, words) in [
        ("seconds", "whole number of seconds"),
        ("domains", "“<b>\"'” is no domain"),
        ("networks", "“192.0.2.0/33” is no network"),
    ] {
        let wrong = answer.text(&format!("#{field}-wrong"));
        assert!(wrong.contains(words), "{field}: {wrong}");
        assert_eq!(answer.attribute(&format!("#{field}"), "aria-invalid"), "true");
        assert!(answer.text("[role=alert]").contains(words));
    }
    assert_eq!(answer.attribute("[value=sandbox]", "checked"), "");
    assert!(answer.body.contains("value=\"sandbox\" checked"));
    assert_eq!(answer.attribute("#seconds", "value"), "5 minutes");
    assert_eq!(answer.text("#domains"), "shop.example <b>\"'");
    assert_eq!(answer.text("#networks"), "192.0.2.0/33");
    // Mended, it is taken.
    let mended = [
        ("environment", "sandbox"),
        ("life", "seconds"),
        ("seconds", "300"),
        ("domains", ""),
        ("networks", ""),
    ];
    let page = max.get(&led_to(&app, &press(&max, &answer, &mended).await)).await;
    let told = page.text("#rules");
    assert!(told.contains("Sandbox") && told.contains("5 minutes"), "{told}");

    let many = "a.example\n".repeat(51);
    let form = max.get("/admin/keys/1/rules").await;
    for (field, value) in [("domains", many.as_str()), ("environment", "test"), ("life", "")] {
        let mut filled = NOTHING.to_vec();
        filled.push((field, value));
        let answer = press(&max, &form, &filled).await;
        assert_eq!(answer.status, 422, "{field}");
        assert!(!answer.text(".field-wrong").is_empty(), "{field}: {}", answer.body);
    }
}

/// Owner and admins change everything; whoever approved it only binds; others nothing.
#[tokio::test]
async fn binding_and_loosening_are_for_whom_they_are() {
    let app = TestApp::start().await;
    granted(&app, "read").await;
    let ada_id = app.user("ada").await.id;
    keys::reassign(app.services(), &app.caller("ada").await, 1, ada_id).await.unwrap();
    app.add_user("mia", appgrant::domain::user::Role::Manager).await;
    let (ada, max) = (app.logged_in("ada").await, app.logged_in("max").await);

    let form = max.get("/admin/keys/1/rules").await;
    assert!(form.text("form .notice").contains("You can bind the key more tightly"));
    let with = |field: (&'static str, &'static str)| {
        let mut filled = NOTHING.to_vec();
        filled.push(field);
        filled
    };
    let tighter = press(&max, &form, &with(("networks", "10.0.0.0/8"))).await;
    assert_eq!(tighter.status, 303, "{}", tighter.body);
    let form = max.get("/admin/keys/1/rules").await;
    for looser in [("networks", ""), ("environment", "sandbox"), ("life", "never")] {
        let mut filled = with(("networks", "10.0.0.0/8"));
        filled.push(looser);
        assert_eq!(press(&max, &form, &filled).await.status, 403, "{looser:?}");
    }
    assert!(max.get("/admin/keys/1").await.text("#rules").contains("10.0.0.0/8"));
    let form = ada.get("/admin/keys/1/rules").await;
    assert_eq!(press(&ada, &form, &NOTHING).await.status, 303);

    for login in ["mia", "vera"] {
        let browser = app.logged_in(login).await;
        assert_eq!(browser.get("/admin/keys/1/rules").await.status, 403, "{login}");
        assert!(browser.get("/admin/keys/1").await.texts("#rules a").is_empty(), "{login}");
    }
}

/// A form that was open while somebody bound the key does not loosen it.
#[tokio::test]
async fn what_was_not_touched_is_left_alone() {
    let app = TestApp::start().await;
    made(&app, "max", "Till", Permissions::Read).await;
    let max = app.logged_in("max").await;
    let old = max.get("/admin/keys/1/rules").await;
    let mut bound = NOTHING.to_vec();
    bound.push(("networks", "10.0.0.0/8"));
    press(&max, &old, &bound).await;
    let mut other = NOTHING.to_vec();
    other.push(("domains", "a.example"));
    press(&max, &old, &other).await;
    let told = max.get("/admin/keys/1").await.text("#rules");
    assert!(told.contains("10.0.0.0/8") && told.contains("a.example"), "{told}");
}
