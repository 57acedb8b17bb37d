//! A store, an app with its site and its callback, and a manager's browser: where most tests begin.

use crate::{
    app_page::AppPage,
    browser::{Browser, Script},
    support::{PASSWORD, Receiver, TestApp, query},
};

/// Everything a walk needs.
pub struct Scene {
    pub store: TestApp,
    pub receiver: Receiver,
    pub site: AppPage,
    pub browser: Browser,
}

impl Scene {
    /// Sets it up; none without a browser.
    pub async fn set(script: Script) -> Option<Self> {
        Some(Self {
            browser: Browser::start(script).await?,
            store: TestApp::start().await,
            receiver: Receiver::start().await,
            site: AppPage::start(),
        })
    }

    /// The address that asks to connect the app and then to come back to `return_url`.
    pub fn ask(&self, return_url: &str) -> String {
        let query = query(&[
            ("app_name", "Parcel Express"),
            ("user_id", "7"),
            ("return_url", return_url),
            ("callback_url", &self.receiver.url()),
            ("scope", "read_write"),
        ]);
        format!("{}/wc-auth/v1/authorize?{query}", self.store.url)
    }

    /// Opens the consent page as the manager Max.
    pub async fn consider(&self, return_url: &str) {
        self.browser.open(&self.ask(return_url)).await;
        log_in(&self.browser, "max", PASSWORD).await;
        self.browser.text(".wc-auth-approve").await;
    }
}

/// Fills in the login form on the page and sends it.
pub async fn log_in(browser: &Browser, login: &str, password: &str) {
    browser.fill("#username", login).await;
    browser.fill("#password", password).await;
    browser.press(".wc-auth-login-button").await;
}
