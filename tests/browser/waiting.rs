//! The app does not take the keys at first: a manager sees why, hurries it, calls it off, or waits.

use std::time::Duration;

use crate::{
    browser::{Browser, Script},
    scene::Scene,
    support::Reaction,
};

/// A manager who approved and now looks at the waiting page.
async fn approved_but_refused() -> Option<Scene> {
    let scene = Scene::set(Script::On).await?;
    scene.receiver.will([Reaction::Status(500)]);
    scene.consider(&scene.site.back()).await;
    scene.browser.press(".wc-auth-approve").await;
    assert_eq!(heading(&scene.browser, ".wc-auth-retry").await, "Connecting Parcel Express");
    let reason = scene.browser.text(".timeline").await;
    assert!(reason.contains("could not take the keys (HTTP status 500)"), "{reason}");
    Some(scene)
}

/// The heading of the page that has this.
async fn heading(browser: &Browser, css: &str) -> String {
    browser.text(css).await;
    browser.text("h1").await
}

#[tokio::test]
async fn retry_now_leads_on_to_the_app() {
    let Some(scene) = approved_but_refused().await else {
        return;
    };
    scene.browser.press(".wc-auth-retry").await;
    assert_eq!(scene.browser.arrives_at(&scene.site.back()).await, "?success=1&user_id=7");
    let received = scene.receiver.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].body, received[1].body);
}

#[tokio::test]
async fn cancelling_leads_to_a_page_with_the_way_back() {
    let Some(scene) = approved_but_refused().await else {
        return;
    };
    let browser = &scene.browser;
    browser.press(".wc-auth-cancel").await;
    let back = browser.text("a.button").await;
    assert_eq!(back, "Back to Parcel Express");
    assert_eq!(browser.text("h1").await, "Parcel Express was not connected");
    browser.press("a.button").await;
    assert_eq!(browser.arrives_at(&scene.site.back()).await, "?success=0&user_id=7");
    assert_eq!(scene.receiver.received().len(), 1);
}

#[tokio::test]
async fn whoever_just_waits_is_taken_to_the_app() {
    let Some(scene) = approved_but_refused().await else {
        return;
    };
    scene.store.clock.advance(Duration::from_secs(5));
    scene.store.services().signals.wake_worker();
    assert_eq!(scene.browser.arrives_at(&scene.site.back()).await, "?success=1&user_id=7");
    assert_eq!(scene.receiver.received().len(), 2);
}
