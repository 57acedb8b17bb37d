//! Every page of the service, opened one after another, for tests that look at all of them.

use appgrant::service::setup;

use crate::{
    browser::{Browser, Script},
    scene::log_in,
    screens::Screens,
    support::{Answers, PASSWORD, Question, Reaction, Receiver, TestApp, query},
};

const FLOW: &str = "/wc-auth/v1/authorize";

/// What is done with each page; gets the page's name.
pub trait Looker {
    async fn look(&mut self, browser: &Browser, page: &str);
}

/// A store as its pages are looked at, and the app that asks there.
pub struct Gallery {
    pub app_name: &'static str,
    /// Where the keys would go; nothing answers there.
    pub callback_url: String,
    /// Settings of the store.
    pub settings: Vec<(&'static str, String)>,
}

impl Default for Gallery {
    fn default() -> Self {
        Self {
            app_name: "Parcel Express",
            callback_url: "https://api.parcelexpress.example/stores/connect".to_owned(),
            settings: vec![("STORE_NAME", "Ada’s Tea".to_owned())],
        }
    }
}

impl Gallery {
    /// Shows every page; does nothing without a browser.
    pub async fn show(self, looker: &mut impl Looker) {
        let Some(browser) = Browser::start(Script::On).await else {
            return;
        };
        let settings: Vec<_> = self.settings.iter().map(|(k, v)| (*k, v.as_str())).collect();
        let visit = Visit {
            empty: TestApp::empty(&settings).await,
            store: TestApp::with(&settings).await,
            receiver: Receiver::start().await,
            gallery: &self,
            browser,
        };
        // The address is there, and nobody listens.
        visit.store.names.set("api.parcelexpress.example", Answers::of(&["127.0.0.1"]));
        visit.strangers_pages(looker).await;
        visit.setup_pages(looker).await;
        visit.questions(looker).await;
        visit.troubled_delivery(looker).await;
        visit.outcomes(looker).await;
        visit.refusals(looker).await;
        visit.screens(looker).await;
    }
}

/// One walk through the gallery.
struct Visit<'a> {
    gallery: &'a Gallery,
    store: TestApp,
    /// A store where nobody is admin yet.
    empty: TestApp,
    receiver: Receiver,
    browser: Browser,
}

impl Visit<'_> {
    async fn strangers_pages(&self, looker: &mut impl Looker) {
        let browser = &self.browser;
        self.open("/login").await;
        looker.look(browser, "login").await;
        self.ask("read", &[]).await;
        looker.look(browser, "flow-login").await;
        log_in(browser, "max", "wrong").await;
        browser.text("[role=alert]").await;
        looker.look(browser, "flow-login-error").await;
        self.open(&format!("{FLOW}?app_name=My%20App")).await;
        looker.look(browser, "denied").await;
        self.open("/nothing/here").await;
        looker.look(browser, "not-found").await;
    }

    async fn setup_pages(&self, looker: &mut impl Looker) {
        let browser = &self.browser;
        let token = setup::issue_token(self.empty.services()).await.unwrap();
        browser.open(&format!("{}/setup?token={}", self.empty.url, token.unwrap())).await;
        looker.look(browser, "setup").await;
        browser.fill("#login", "ada").await;
        browser.fill("#password", "a long password").await;
        browser.fill("#password-again", "another password").await;
        browser.press(".button.primary").await;
        browser.text("[role=alert]").await;
        looker.look(browser, "setup-error").await;
    }

    async fn questions(&self, looker: &mut impl Looker) {
        let browser = &self.browser;
        self.log_in("max").await;
        for scope in ["read", "write", "read_write"] {
            self.ask(scope, &[]).await;
            looker.look(browser, &format!("consent-{scope}")).await;
        }
        self.ask("read", &[("return_url", "https://collect.example.net/done")]).await;
        browser.text(".notice.warn").await;
        looker.look(browser, "consent-mismatch").await;
        self.ask("read", &[("callback_url", "https://api.parcelexpres.example/keys")]).await;
        browser.text(".wc-auth-callback-problem").await;
        looker.look(browser, "consent-early-word").await;
    }

    async fn troubled_delivery(&self, looker: &mut impl Looker) {
        let browser = &self.browser;
        self.ask("read", &[]).await;
        browser.press(".wc-auth-approve").await;
        browser.press(".wc-auth-retry").await;
        browser.text(".timeline > .attempt:nth-child(2)").await;
        looker.look(browser, "waiting").await;
        browser.press(".wc-auth-cancel").await;
        browser.text("a.button").await;
        looker.look(browser, "cancelled").await;
    }

    async fn outcomes(&self, looker: &mut impl Looker) {
        let browser = &self.browser;
        let callback_url = self.receiver.url();
        let fails = [("callback_url", callback_url.as_str()), ("user_id", "8")];
        self.receiver.will([const { Reaction::Status(500) }; 5]);
        self.ask("read", &fails).await;
        browser.press(".wc-auth-approve").await;
        for attempt in 2..=5 {
            browser.press(".wc-auth-retry").await;
            browser.text(&format!(".timeline > .attempt:nth-child({attempt})")).await;
        }
        browser.text("a.button").await;
        looker.look(browser, "failed").await;

        let works = [("callback_url", callback_url.as_str()), ("return_url", &self.admin())];
        self.ask("read_write", &works).await;
        browser.press(".wc-auth-approve").await;
        browser.arrives_at(&self.admin()).await;
        looker.look(browser, "admin").await;
        self.ask("read_write", &works).await;
        looker.look(browser, "already-connected").await;
        self.ask("read", &[("callback_url", callback_url.as_str())]).await;
        browser.text("section.notice").await;
        looker.look(browser, "consent-existing").await;
    }

    async fn refusals(&self, looker: &mut impl Looker) {
        self.log_in("vera").await;
        self.ask("read", &[]).await;
        self.browser.text(".wc-auth-logout").await;
        looker.look(&self.browser, "denied-switch").await;
    }

    async fn screens(&self, looker: &mut impl Looker) {
        let screens = Screens { store: &self.store, browser: &self.browser };
        // The third key is the one whose delivery worked.
        let taken = self.receiver.received().pop().unwrap();
        let asked = Question::forwarded("GET", "/wp-json/wc/v3/orders").keys(&taken);
        let asked = asked.with("X-Forwarded-For", "198.51.100.7").with("User-Agent", "Parcel/1");
        assert_eq!(asked.ask(&self.store).await.word(), "allowed");
        screens.show(3, looker).await;
    }

    async fn open(&self, path: &str) {
        self.browser.open(&format!("{}{path}", self.store.url)).await;
    }

    /// Opens the app's request, with these parameters different.
    async fn ask(&self, scope: &str, different: &[(&str, &str)]) {
        let mut pairs = [
            ("app_name", self.gallery.app_name),
            ("user_id", "7"),
            ("return_url", "https://www.parcelexpress.example/stores"),
            ("callback_url", self.gallery.callback_url.as_str()),
            ("scope", scope),
        ];
        for (name, value) in &mut pairs {
            if let Some((_, other)) = different.iter().find(|(other, _)| name == other) {
                *value = other;
            }
        }
        self.open(&format!("{FLOW}?{}", query(&pairs))).await;
    }

    async fn log_in(&self, login: &str) {
        self.browser.forget().await;
        self.open("/login").await;
        log_in(&self.browser, login, PASSWORD).await;
        self.browser.arrives_at(&self.admin()).await;
    }

    fn admin(&self) -> String {
        format!("{}/admin", self.store.url)
    }
}
