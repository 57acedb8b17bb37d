//! A manager without a mouse: every stop is visible, and Approve is one of them.

use thirtyfour::Key;

use crate::{browser::Script, scene::Scene};

#[tokio::test]
async fn a_manager_approves_by_keyboard_and_sees_where_the_focus_is() {
    let Some(scene) = Scene::set(Script::On).await else {
        return;
    };
    let browser = &scene.browser;
    scene.consider(&scene.site.back()).await;
    let mut stops = Vec::new();
    while !stops.iter().any(|stop: &String| stop.contains("wc-auth-approve")) {
        assert!(stops.len() < 20, "Approve cannot be reached: {stops:?}");
        browser.key(Key::Tab).await;
        let outline =
            browser.run("return getComputedStyle(document.activeElement).outlineStyle").await;
        let stop = browser.run("return document.activeElement.outerHTML").await;
        assert_ne!(outline, "none", "{stop} has the focus and does not show it");
        stops.push(stop.to_string());
    }
    browser.key(Key::Enter).await;
    assert_eq!(browser.arrives_at(&scene.site.back()).await, "?success=1&user_id=7");
}
