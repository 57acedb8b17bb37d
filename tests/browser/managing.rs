//! What a manager does about an app on a phone: log in, find its key, see when it last came, narrow it
//! to reading, end it. Also without script.

use std::time::Duration;

use tokio::time::timeout;

use crate::{
    browser::Script,
    scene::{Scene, log_in},
    support::{PASSWORD, Question, Received},
};

#[tokio::test]
async fn a_manager_narrows_and_ends_an_apps_key_on_a_phone() {
    if let Some(scene) = Scene::set(Script::On).await {
        manage(&scene).await;
    }
}

#[tokio::test]
async fn a_manager_narrows_and_ends_an_apps_key_without_script() {
    if let Some(scene) = Scene::set(Script::Off).await {
        manage(&scene).await;
    }
}

async fn manage(scene: &Scene) {
    let browser = &scene.browser;
    let back = scene.site.back();
    scene.consider(&back).await;
    browser.press(".wc-auth-approve").await;
    browser.arrives_at(&back).await;
    let keys = scene.receiver.received().remove(0);
    assert_eq!(comes(scene, &keys, "GET").await, "allowed");
    tokio::time::sleep(Duration::from_millis(1_500)).await;

    browser.forget().await;
    browser.resize(390, 844).await;
    let done = timeout(Duration::from_mins(1), look_narrow_and_end(scene, &keys)).await;
    assert!(done.is_ok(), "it took more than a minute");
}

async fn look_narrow_and_end(scene: &Scene, keys: &Received) {
    let browser = &scene.browser;
    browser.open(&format!("{}/login", scene.store.url)).await;
    log_in(browser, "max", PASSWORD).await;
    browser.fill("#q", "parcel").await;
    browser.press(".finder .button").await;
    let row = browser.text("tbody tr").await;
    assert!(row.contains("Parcel Express"), "{row}");
    browser.press("a.key-name").await;
    let life = browser.text(".columns").await;
    assert!(life.contains("from 203.0.113.24, Parcel/1"), "{life}");
    browser.press("#narrow").await;
    assert!(browser.text(".notice.done").await.contains("may only read now"));
    assert_eq!(comes(scene, keys, "POST").await, "method_not_permitted");
    assert_eq!(comes(scene, keys, "GET").await, "allowed");
    browser.press("#revoke").await;
    browser.fill("#reason", "we send parcels ourselves now").await;
    browser.press("#sure").await;
    assert!(browser.text(".notice.done").await.contains("was revoked"));
    assert_eq!(comes(scene, keys, "GET").await, "revoked");
    let history = browser.text("#history").await;
    assert!(history.contains("we send parcels ourselves now"), "{history}");
}

async fn comes(scene: &Scene, keys: &Received, method: &str) -> String {
    let question = Question::forwarded(method, "/wp-json/wc/v3/orders")
        .keys(keys)
        .with("X-Forwarded-For", "203.0.113.24")
        .with("User-Agent", "Parcel/1");
    question.ask(&scene.store).await.word().to_owned()
}
