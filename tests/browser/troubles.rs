//! Every failure's page as a manager reads it: what happened, and what to do.
//!
//! Each failure is made to happen for real; its page is read in the browser, checked by axe and for sideways
//! scrolling, and photographed into `screenshots` in the target folder, for people to read.

use std::{fs, path::PathBuf};

use serde_json::Value;

use crate::{
    accessibility::violations,
    browser::{Browser, Script},
    scene::log_in,
    support::{PASSWORD, TestApp, approve_in_vain, database, every_trouble},
};

#[tokio::test]
async fn every_failure_says_what_happened_and_what_to_do() {
    let Some(browser) = Browser::start(Script::On).await else {
        return;
    };
    let store = TestApp::start().await;
    browser.open(&format!("{}/login", store.url)).await;
    log_in(&browser, "max", PASSWORD).await;
    browser.arrives_at(&format!("{}/admin", store.url)).await;
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).with_file_name("screenshots");
    fs::create_dir_all(&folder).unwrap();
    let troubles = every_trouble(&store.names).await;
    let mut paths = Vec::new();
    for trouble in &troubles {
        let (manager, url) = (store.logged_in("max").await, trouble.url.clone());
        paths.push(tokio::spawn(async move { approve_in_vain(&manager, &url).await.0 }));
    }
    for (number, (trouble, path)) in troubles.iter().zip(paths).enumerate() {
        let path = path.await.unwrap();
        browser.open(&path).await;
        assert_eq!(browser.text("h1").await, "Connecting My App");
        let (attempt, advice) =
            (browser.text(".attempt").await, browser.text(".attempt .advice").await);
        assert!(attempt.contains(trouble.code), "{}: {attempt}", trouble.code);
        assert!(advice.starts_with("For the app’s developer: "), "{advice}");
        assert!(!browser.text(".steps").await.is_empty(), "the last attempt’s steps are open");
        let overflow = "return document.documentElement.scrollWidth > innerWidth";
        assert_eq!(browser.run(overflow).await, Value::Bool(false), "{}", trouble.code);
        assert_eq!(violations(&browser).await, Vec::<Value>::new(), "{}", trouble.code);
        browser.show_whole(720).await;
        let file = format!("failure-{number:02}-{}.png", trouble.code);
        fs::write(folder.join(file), browser.picture().await).unwrap();
    }
    // The last page's keys, sealed with another key file meanwhile.
    spoil_sealed_keys(&store).await;
    browser.press(".wc-auth-retry").await;
    browser.text("a.button").await;
    assert_eq!(browser.text("h1").await, "My App was not connected");
    let told = browser.text(".attempt:last-child").await;
    assert!(told.contains("key file changed") && told.contains("connect again"), "{told}");
    browser.show_whole(720).await;
    fs::write(folder.join("failure-cannot_open.png"), browser.picture().await).unwrap();
}

async fn spoil_sealed_keys(store: &TestApp) {
    let spoilt = database::bytes(&"00".repeat(64));
    store.alter(&format!("UPDATE deliveries SET sealed = {spoilt}")).await;
}
