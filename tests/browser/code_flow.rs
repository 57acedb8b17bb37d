//! The authorization code flow in a real browser, with and without JavaScript: the redirects after the form
//! pass the policy, also to an app's own scheme, and the page is fit for everybody.

use appgrant::{
    domain::permissions::Permissions,
    service::oauth2::{AppKind, AppRequest, register},
};

use crate::{
    accessibility::violations,
    browser::Script,
    scene::{Scene, log_in},
    support::{PASSWORD, query},
};

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// What Chromium says when a policy stops a form.
const BLOCKED: &str = "violates the following Content Security Policy directive";

impl Scene {
    /// Registers an app that sends its users there, and asks for their approval.
    async fn asks(&self, redirect_uri: &str) {
        let request = AppRequest {
            name: "Parcel Post".to_owned(),
            kind: AppKind::Public,
            redirect_uris: redirect_uri.to_owned(),
            permissions: Permissions::ReadWrite,
            owner_id: self.store.user("ada").await.id,
            expires_at: None,
        };
        let ada = self.store.caller("ada").await;
        let made = register(self.store.services(), &ada, request).await.unwrap();
        let asks = query(&[
            ("response_type", "code"),
            ("client_id", made.credential.key.as_str()),
            ("redirect_uri", redirect_uri),
            ("state", "7"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]);
        self.browser.open(&format!("{}/oauth2/authorize?{asks}", self.store.url)).await;
        log_in(&self.browser, "max", PASSWORD).await;
        // Only the consent page has it: the login page, which has the same heading, is left by now.
        self.browser.text(".wc-auth-approve").await;
    }
}

async fn walk(script: Script) {
    let Some(scene) = Scene::set(script).await else {
        return;
    };
    let browser = &scene.browser;
    let back = scene.site.back();
    scene.asks(&back).await;
    assert_eq!(browser.text("h1").await, "Parcel Post would like to connect to your store");
    browser.press(".wc-auth-approve").await;
    browser.arrives_at(&format!("{back}?code=agac_")).await;
    assert!(browser.url().await.contains("&state=7&iss=http"), "{}", browser.url().await);
}

#[tokio::test]
async fn approving_leads_back_to_the_app() {
    walk(Script::On).await;
}

#[tokio::test]
async fn no_script_is_needed() {
    walk(Script::Off).await;
}

#[tokio::test]
async fn an_app_on_the_device_takes_the_browser_back() {
    let Some(scene) = Scene::set(Script::On).await else {
        return;
    };
    scene.asks("com.example.parcel:/back").await;
    scene.browser.press_here(".wc-auth-approve").await;
    let notes = scene.browser.notes("\"documentURL\":\"com.example.parcel:/back?code=agac_").await;
    assert!(!notes.contains(BLOCKED), "{notes}");
}

#[tokio::test]
async fn axe_finds_no_violation_on_the_consent_page() {
    let Some(scene) = Scene::set(Script::On).await else {
        return;
    };
    scene.asks(&scene.site.back()).await;
    for scheme in ["light", "dark"] {
        scene.browser.prefer(scheme).await;
        let found = violations(&scene.browser).await;
        assert!(found.is_empty(), "{scheme}: {found:?}");
    }
}
