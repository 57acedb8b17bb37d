//! The settings: what products need, the store code and its overlap, how questions are answered.

use std::time::Duration;

use appgrant::domain::user::Role;

use super::{SKU, activated, asks, made, submit};
use crate::{
    admin::{led_to, send},
    support::{Answer, TestApp},
};

const ANSWERS: &str = "#answers";
const CODE: &str = "form[action$=store-code]";
const PATH: &str = "/admin/licenses/settings";

/// Whether a program with that store code is let in.
async fn is_taken(app: &TestApp, key: &str, code: &str) -> bool {
    let told = asks(app, "activate", key, &[("store_code", code), ("domain", "a.example")]).await;
    told["error"] == false
}

#[tokio::test]
async fn what_a_product_needs_is_there_to_copy_and_works() {
    let app = TestApp::start().await;
    let key = made(&app, "Ada").await.key;
    let page = app.logged_in("vera").await.get(PATH).await;
    let (code, rest, ajax) =
        (page.text("#store-code"), page.text("#rest-address"), page.text("#ajax-address"));
    let fields = [
        ("store_code", code.as_str()),
        ("sku", SKU),
        ("license_key", key.expose()),
        ("domain", "shop.example"),
    ];
    for address in [format!("{rest}/activate"), format!("{ajax}?action=license_key_activate")] {
        let answer = app.browser().post(&address, &fields).await;
        assert!(answer.body.contains("activated successfully"), "{address}: {}", answer.body);
    }
    assert!(page.text("#keeping").contains("As hashes"), "{}", page.body);
    assert!(page.texts("main form, main button").is_empty(), "who may not change sees no form");
    assert!(page.text(ANSWERS).contains("10 minutes"), "{}", page.text(ANSWERS));
}

#[tokio::test]
async fn the_store_code_is_exchanged_with_an_overlap() {
    let app = TestApp::start().await;
    let ada = app.logged_in("ada").await;
    let key = made(&app, "Ada").await.key;
    let key = key.expose();
    let page = ada.get(PATH).await;
    let first = page.text("#store-code");
    let to = led_to(
        &app,
        &submit(&ada, &page, CODE, &[("choice", "fresh"), ("overlap_days", "2")]).await,
    );
    let page = ada.get(&to).await;
    assert!(page.text("[role=status]").contains("another code"));
    let second = page.text("#store-code");
    assert!(second != first && page.text("#previous").contains(&first), "{}", page.body);
    assert!(is_taken(&app, key, &first).await && is_taken(&app, key, &second).await);
    app.clock.advance(Duration::from_hours(49));
    assert!(!is_taken(&app, key, &first).await && is_taken(&app, key, &second).await);
    let ada = app.logged_in("ada").await; // the session is over, too
    assert!(ada.get(PATH).await.texts("#previous").is_empty());

    // One that was brought along, and the old one ended by hand.
    let own = [("choice", "own"), ("store_code", "tea-shop-2017"), ("overlap_days", "30")];
    led_to(&app, &submit(&ada, &ada.get(PATH).await, CODE, &own).await);
    assert!(is_taken(&app, key, &second).await && is_taken(&app, key, "tea-shop-2017").await);
    let page = ada.get(PATH).await;
    assert!(page.text("#previous").contains(&second));
    let end = page.attribute("form[action$=end-previous]", "action");
    let to = led_to(&app, &send(&ada, &end, &[]).await);
    let page = ada.get(&to).await;
    assert!(page.texts("#previous").is_empty() && page.text("#store-code") == "tea-shop-2017");
    assert!(!is_taken(&app, key, &second).await);
}

#[tokio::test]
async fn a_wrong_store_code_is_told_and_nothing_changes() {
    let app = TestApp::start().await;
    let ada = app.logged_in("ada").await;
    let page = ada.get(PATH).await;
    let code = page.text("#store-code");
    for (choice, own, days, field) in [
        ("own", "", "30", "store_code"),
        ("own", "short", "30", "store_code"),
        ("own", "with a space", "30", "store_code"),
        ("fresh", "typed-all-the-same", "30", "store_code"),
        ("", "", "30", "store_code"),
        ("fresh", "", "", "overlap_days"),
        ("fresh", "", "-1", "overlap_days"),
        ("fresh", "", "732", "overlap_days"),
    ] {
        let filled = [("choice", choice), ("store_code", own), ("overlap_days", days)];
        let answer = submit(&ada, &page, CODE, &filled).await;
        assert_eq!(answer.status, 422, "{filled:?}: {}", answer.body);
        assert!(!answer.text(&format!("#{field}-wrong")).is_empty(), "{filled:?}");
        assert_eq!(answer.texts("details[open]").len(), 1);
        assert_eq!(answer.attribute("#store_code", "value"), own);
        assert_eq!(answer.text("#store-code"), code);
    }
}

#[tokio::test]
async fn answers_follow_the_settings() {
    let app = TestApp::start().await;
    let ada = app.logged_in("ada").await;
    let key = made(&app, "Ada").await.key;
    let page = ada.get(PATH).await;
    let filled = [
        ("needs_token", "on"),
        ("token_seconds", "-1"),
        ("errors", "code"),
        ("errors_in_status", "on"),
        ("localhost_is_free", ""),
        ("origins", "https://shop.example\r\nhttps://blog.example"),
        ("page_url", "https://shop.example/license/{key}"),
    ];
    let to = led_to(&app, &submit(&ada, &page, ANSWERS, &filled).await);
    let page = ada.get(&to).await;
    assert_eq!(page.text("[role=status]"), "Saved.");
    assert!(page.text("#never").contains("never end by themselves"), "{}", page.body);
    let told = asks(&app, "activate", key.expose(), &[("domain", "shop.example")]).await;
    assert!(told["errors"]["300"].is_array() || told["errors"]["301"].is_array(), "{told}");
    let vera = app.logged_in("vera").await.get(PATH).await;
    let shown = vera.text(ANSWERS);
    for words in ["a token first", "for ever", "By number, and in the status", "any domain"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    // The same once more is no change, though a browser sends other line ends.
    let same = submit(&ada, &ada.get(PATH).await, ANSWERS, &[]).await;
    assert_eq!(led_to(&app, &same), format!("{PATH}?done=unchanged"));
    let off = [("needs_token", ""), ("origins", "")];
    led_to(&app, &submit(&ada, &ada.get(PATH).await, ANSWERS, &off).await);
    activated(&app, key.expose(), "shop.example").await;
}

#[tokio::test]
async fn wrong_settings_are_told_at_their_fields() {
    let app = TestApp::start().await;
    let ada = app.logged_in("ada").await;
    for (name, value) in [
        ("token_seconds", "59"),
        ("token_seconds", "an hour"),
        ("token_seconds", ""),
        ("errors", "words"),
        ("origins", "shop.example/x"),
        ("page_url", "javascript:alert(1)"),
    ] {
        let page = ada.get(PATH).await;
        let answer = submit(&ada, &page, ANSWERS, &[("needs_token", "on"), (name, value)]).await;
        assert_eq!(answer.status, 422, "{name} {value}: {}", answer.body);
        assert!(!answer.text(&format!("#{name}-wrong")).is_empty(), "{name} {value}");
        assert_eq!(answer.texts("input[name=needs_token][checked]").len(), 1, "it is kept");
        // Put right, what was typed beside it is saved too.
        let right =
            [("token_seconds", "600"), ("errors", "property"), ("origins", ""), ("page_url", "")];
        led_to(&app, &submit(&ada, &answer, ANSWERS, &right).await);
        led_to(&app, &submit(&ada, &ada.get(PATH).await, ANSWERS, &[("needs_token", "")]).await);
    }
}

#[tokio::test]
async fn all_that_is_wrong_is_told_at_once_and_all_that_was_typed_is_kept() {
    let app = TestApp::start().await;
    let ada = app.logged_in("ada").await;
    let page = ada.get(PATH).await;
    let typed = [
        ("errors", "words"),
        ("errors_in_status", "on"),
        ("token_seconds", "an hour"),
        ("page_url", "shop.example/{key}"),
        ("origins", "shop.example\nhttps://right.example\nftp://wrong.example"),
    ];
    let answer = submit(&ada, &page, ANSWERS, &typed).await;
    assert_eq!(answer.status, 422, "{}", answer.body);
    for field in ["errors", "token_seconds", "page_url", "origins"] {
        let told = answer.text(&format!("#{field}-wrong"));
        assert!(!told.is_empty() && answer.text("[role=alert]").contains(&told), "{field}: {told}");
    }
    let told = answer.text("#origins-wrong");
    assert!(told.contains("“shop.example”, “ftp://wrong.example”"), "each line: {told}");
    assert_eq!(answer.attribute("#token_seconds", "value"), "an hour");
    assert_eq!(answer.attribute("#page_url", "value"), "shop.example/{key}");
    assert!(answer.text("#origins").contains("https://right.example"));
    assert_eq!(answer.texts("input[name=errors_in_status][checked]").len(), 1);

    let typed = [("choice", "own"), ("store_code", "short"), ("overlap_days", "ten")];
    for typed in [typed, [("choice", "fresh"), typed[1], typed[2]]] {
        let answer = submit(&ada, &page, CODE, &typed).await;
        assert_eq!(answer.status, 422, "{}", answer.body);
        for field in ["store_code", "overlap_days"] {
            assert!(!answer.text(&format!("#{field}-wrong")).is_empty(), "{field}: {typed:?}");
        }
        let kept = ["#store_code", "#overlap_days"].map(|field| answer.attribute(field, "value"));
        assert_eq!(kept, ["short", "ten"]);
    }
}

/// Two admins who change different things at the same time both get what they want.
#[tokio::test]
async fn what_was_not_touched_is_not_changed() {
    let app = TestApp::start().await;
    app.add_user("eve", Role::Admin).await;
    let (ada, eve) = (app.logged_in("ada").await, app.logged_in("eve").await);
    let (first, second) = (ada.get(PATH).await, eve.get(PATH).await);
    led_to(&app, &submit(&ada, &first, ANSWERS, &[("needs_token", "on")]).await);
    led_to(&app, &submit(&eve, &second, ANSWERS, &[("token_seconds", "3600")]).await);
    let page: Answer = ada.get(PATH).await;
    assert_eq!(page.attribute("#token_seconds", "value"), "3600");
    assert_eq!(page.texts("input[name=needs_token][checked]").len(), 1);
}
