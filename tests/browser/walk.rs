//! A manager comes from an app, logs in, reads, denies, approves, and is back at the app.

use crate::{
    browser::{Browser, Script},
    scene::{Scene, log_in},
    support::PASSWORD,
};

#[tokio::test]
async fn a_manager_walks_from_the_app_to_the_app() {
    if let Some(scene) = Scene::set(Script::On).await {
        walk(&scene).await;
        assert_eq!(scene.browser.title().await, "script runs");
    }
}

#[tokio::test]
async fn a_manager_walks_it_without_javascript() {
    if let Some(scene) = Scene::set(Script::Off).await {
        walk(&scene).await;
        assert_eq!(scene.browser.title().await, "no script");
    }
}

async fn walk(scene: &Scene) {
    let (browser, back) = (&scene.browser, scene.site.back());
    come_from_the_app(scene).await;
    mistype_and_log_in(browser).await;
    read_the_consent_page(scene).await;
    browser.press(".wc-auth-deny").await;
    assert_eq!(browser.arrives_at(&back).await, "?success=0&user_id=7");
    assert!(scene.receiver.received().is_empty());

    come_from_the_app(scene).await;
    browser.press(".wc-auth-approve").await;
    assert_eq!(browser.arrives_at(&back).await, "?success=1&user_id=7");
    let received = scene.receiver.received();
    assert_eq!(received.len(), 1);
    let [key, secret] = ["consumer_key", "consumer_secret"].map(|name| received[0].text(name));
    assert!(key.starts_with("ck_") && key.len() == 43, "{key}");
    assert!(secret.starts_with("cs_") && secret.len() == 43, "{secret}");
    assert_eq!(received[0].text("key_permissions"), "read_write");
}

async fn come_from_the_app(scene: &Scene) {
    let ask = scene.ask(&scene.site.back());
    scene.browser.open(&scene.site.link_to(&ask)).await;
    scene.browser.press("#connect").await;
}

async fn mistype_and_log_in(browser: &Browser) {
    assert_eq!(browser.text("h1").await, "Parcel Express would like to connect to your store");
    log_in(browser, "max", "wrong").await;
    let message = browser.text("[role=alert]").await;
    assert_eq!(message, "Error: The username or password is incorrect.");
    assert_eq!(browser.value("#username").await, "max");
    log_in(browser, "max", PASSWORD).await;
}

async fn read_the_consent_page(scene: &Scene) {
    let browser = &scene.browser;
    browser.text(".wc-auth-approve").await;
    assert_eq!(browser.text("h1").await, "Parcel Express would like to connect to your store");
    let permissions = browser.text(".wc-auth-permissions").await;
    assert_eq!(permissions.lines().count(), 5);
    assert!(permissions.contains("View and manage orders and sales reports"), "{permissions}");
    let receiver = browser.text(".receiver").await;
    assert!(receiver.contains(&format!("https://{}", scene.receiver.host())), "{receiver}");
    let warning = browser.text(".notice.warn").await;
    assert!(warning.contains("localhost") && warning.contains("127.0.0.1"), "{warning}");
}

#[tokio::test]
async fn the_apps_page_may_send_the_browser_on_to_another_origin() {
    let Some(scene) = Scene::set(Script::On).await else {
        return;
    };
    scene.consider(&scene.site.hop()).await;
    scene.browser.press(".wc-auth-approve").await;
    let rest = scene.browser.arrives_at(&scene.site.elsewhere()).await;
    assert_eq!(rest, "?success=1&user_id=7");
}

/// Chromium may bring the consent page back as it was left, without asking the service.
#[tokio::test]
async fn going_back_and_approving_again_shows_the_first_outcome() {
    let Some(scene) = Scene::set(Script::On).await else {
        return;
    };
    let (browser, back) = (&scene.browser, scene.site.back());
    scene.consider(&back).await;
    browser.press(".wc-auth-approve").await;
    browser.arrives_at(&back).await;

    browser.back().await;
    browser.press(".wc-auth-approve, .button.primary").await;
    assert_eq!(browser.arrives_at(&back).await, "?success=1&user_id=7");
    browser.open(&scene.ask(&back)).await;
    assert_eq!(browser.text("h1").await, "Parcel Express is connected");
    browser.press(".button.primary").await;
    assert_eq!(browser.arrives_at(&back).await, "?success=1&user_id=7");
    assert_eq!(scene.receiver.received().len(), 1);
}
