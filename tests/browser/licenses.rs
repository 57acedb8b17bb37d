//! What a manager does about a customer's license: makes it, sees where it is used, frees a place, takes it
//! back; brings a file along. Also without script, and without a mouse.

use std::time::Duration;

use thirtyfour::Key;
use tokio::time::timeout;

use crate::{
    browser::{Browser, Script},
    scene::log_in,
    screens::Screens,
    support::{PASSWORD, TestApp},
};

#[tokio::test]
async fn a_manager_looks_after_a_license_on_a_phone() {
    look_after(Script::On).await;
}

#[tokio::test]
async fn a_manager_looks_after_a_license_without_script() {
    look_after(Script::Off).await;
}

async fn look_after(script: Script) {
    let Some(browser) = Browser::start(script).await else {
        return;
    };
    let store = TestApp::start().await;
    let screens = Screens { store: &store, browser: &browser };
    browser.resize(390, 844).await;
    let walk = async {
        screens.open("/login").await;
        log_in(&browser, "max", PASSWORD).await;
        make_and_end(&screens).await;
        import(&screens).await;
    };
    assert!(timeout(Duration::from_mins(1), walk).await.is_ok(), "it took more than a minute");
}

async fn make_and_end(screens: &Screens<'_>) {
    let browser = screens.browser;
    browser.press(".bar nav a[href='/admin/licenses']").await;
    browser.press(".empty a[href$=new]").await;
    browser.fill("#sku", "tea-plugin").await;
    browser.fill("#product", "Tea for your shop").await;
    browser.fill("#customer", "Ada Byron").await;
    browser.fill("#activation_limit", "1").await;
    browser.press("main form .button.primary").await;
    let key = browser.text("#license-key").await;
    screens.activate(&key, "shop.example").await;
    browser.press(".actions .button").await;
    assert_eq!(browser.text("h1").await, "Ada Byron");

    // A customer sends the key: pasted, it leads to the license, and stands in no address.
    browser.press(".trail a").await;
    browser.fill("#q", &key).await;
    browser.press(".finder .button").await;
    assert!(browser.text("#activations").await.contains("shop.example"));
    assert!(!browser.url().await.contains(&key));
    browser.press("#activations li .button").await;
    assert!(browser.text(".notice.done").await.contains("Its place is free"));
    screens.activate(&key, "other.example").await;
    browser.press("#revoke").await;
    browser.fill("#reason", "paid back").await;
    browser.press("#sure").await;
    assert!(browser.text(".notice.done").await.contains("was revoked"));
    assert!(browser.text("#history").await.contains("paid back"));
    browser.press("#restore").await;
    assert!(browser.text(".notice.done").await.contains("was restored"));
}

async fn import(screens: &Screens<'_>) {
    let browser = screens.browser;
    let file = screens.store.folder.path().join("licenses.csv");
    std::fs::write(&file, "license_key,sku\nCqu62al903ICv40am9nM68Y7o9-32,tea-plugin\n").unwrap();
    let file = file.to_str().unwrap();
    screens.open("/admin/licenses/import").await;
    browser.fill("#file", file).await;
    browser.press("#look").await;
    assert!(browser.text("#report").await.contains("1 of 1 row"), "it is looked at first");
    browser.fill("#file", file).await;
    browser.press("#import-now").await;
    assert!(browser.text("#report a").await.contains("Look at the licenses"));
    browser.press("#report a").await;
    assert!(browser.text("tbody").await.contains("Cqu6…-32"));
}

#[tokio::test]
async fn the_settings_are_changed_by_keyboard_and_every_stop_is_seen() {
    let Some(browser) = Browser::start(Script::On).await else {
        return;
    };
    let store = TestApp::start().await;
    let screens = Screens { store: &store, browser: &browser };
    screens.open("/login").await;
    log_in(&browser, "ada", PASSWORD).await;
    browser.arrives_at(&format!("{}/admin", store.url)).await;
    screens.open("/admin/licenses/settings").await;
    let mut stops = Vec::new();
    while !stops.last().is_some_and(|stop: &String| stop.contains(">Save<")) {
        assert!(stops.len() < 40, "Save cannot be reached: {stops:?}");
        browser.key(Key::Tab).await;
        let outline =
            browser.run("return getComputedStyle(document.activeElement).outlineStyle").await;
        let stop = browser.run("return document.activeElement.outerHTML").await;
        assert_ne!(outline, "none", "{stop} has the focus and does not show it");
        if stop.to_string().contains("needs_token") {
            browser.key(Key::Space).await;
        }
        stops.push(stop.to_string());
    }
    browser.key(Key::Enter).await;
    assert_eq!(browser.text(".notice.done").await, "Saved.");
    assert_eq!(
        browser.run("return document.querySelector('[name=needs_token]').checked").await,
        true
    );
}
