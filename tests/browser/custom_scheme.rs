//! An app on the device takes the browser back by its own scheme: our policy must let it.

use crate::{browser::Script, scene::Scene};

/// What Chromium says when a policy stops a form.
const BLOCKED: &str = "violates the following Content Security Policy directive";

#[tokio::test]
async fn approving_opens_the_app_on_this_device() {
    let Some(scene) = Scene::set(Script::On).await else {
        return;
    };
    let browser = &scene.browser;
    scene.consider("myapp://cb").await;
    browser.press_here(".wc-auth-approve").await;
    scene.receiver.wait_for(1).await;
    let notes = browser.notes("\"documentURL\":\"myapp://cb?success=1&user_id=7\"").await;
    assert!(!notes.contains(BLOCKED), "{notes}");
}

/// Shows that the test above would notice.
#[tokio::test]
async fn a_stricter_policy_would_have_been_noticed() {
    let Some(scene) = Scene::set(Script::On).await else {
        return;
    };
    let browser = &scene.browser;
    browser.open(&scene.site.strict_form_to("myapp://cb")).await;
    browser.press_here("button").await;
    browser.notes(BLOCKED).await;
}
