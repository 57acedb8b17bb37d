//! A shop behind nginx at its own https address, its apps, and the person who lets them in.

use std::{path::Path, process::Command};

use appgrant::{
    domain::permissions::Permissions,
    service::{
        keys::{self, NewKeyRequest},
        oauth2::{self, AppKind, AppRequest},
    },
};
use reqwest::{Certificate, Method};
use serde_json::{Value, json};

use super::program::{Library, Program};
use crate::{
    proxies::{Proxy, Store, find, nginx},
    support::{Answer, Manager, PASSWORD, TestApp, needed, own_address},
};

/// Where an app of people's on the web has the browser sent.
pub const DONE: &str = "https://app.example/done";

/// A running shop.
pub struct Shop {
    /// Its address, with TLS.
    pub url: String,
    pub app: TestApp,
    proxy: Proxy,
    _store: Store,
}

/// An app as the shop knows it.
pub struct Registered {
    pub client_id: String,
    /// None of a public app.
    pub secret: Option<String>,
}

impl Shop {
    /// Opens one; nothing where nginx is not installed.
    pub async fn open() -> Option<Self> {
        let program = find("nginx").unwrap_or_else(|| "nginx".into());
        needed("apps behind nginx (Debian’s package nginx)", Command::new(program).arg("-v"))?;
        let (plain, tls) = (own_address(), own_address());
        let url = format!("https://{tls}");
        let app = TestApp::with(&[("PUBLIC_URL", &url)]).await;
        let store = Store::start().await;
        let address = app.url.trim_start_matches("http://").to_owned();
        let proxy =
            Proxy::start_at((plain, tls), |site| nginx(site, &address, &store.address, false))
                .await;
        Some(Self { url, app, proxy, _store: store })
    }

    /// The certificate that apps must trust.
    pub fn certificate(&self) -> &Path {
        &self.proxy.certificate
    }

    /// An app of people's, with those redirect URIs.
    pub async fn registers(&self, uris: &[&str], public: bool) -> Registered {
        let request = AppRequest {
            name: "Tea counter".to_owned(),
            kind: if public { AppKind::Public } else { AppKind::Confidential },
            redirect_uris: uris.join("\n"),
            permissions: Permissions::ReadWrite,
            owner_id: self.app.user("max").await.id,
            expires_at: None,
        };
        let caller = self.app.caller("max").await;
        let made = oauth2::register(self.app.services(), &caller, request).await.unwrap();
        let secret = made.credential.secret.expose().to_owned();
        let client_id = made.credential.key.as_str().to_owned();
        Registered { client_id, secret: (!public).then_some(secret) }
    }

    /// A key of an app that acts for itself.
    pub async fn makes_a_key(&self) -> Registered {
        let request = NewKeyRequest {
            owner_id: self.app.user("max").await.id,
            description: "Stock script".to_owned(),
            permissions: Permissions::ReadWrite,
            expires_at: None,
        };
        let caller = self.app.caller("max").await;
        let made = keys::create(self.app.services(), &caller, request).await.unwrap();
        let secret = made.credential.secret.expose().to_owned();
        Registered { client_id: made.credential.key.as_str().to_owned(), secret: Some(secret) }
    }

    /// Starts an app of that kind which asks for that scope.
    pub fn starts(&self, library: Library, app: &Registered, more: Value) -> Program {
        let mut plan = json!({
            "issuer": self.url,
            "client_id": app.client_id,
            "secret": app.secret,
            "api": format!("{}/wp-json/wc/v3/orders?page=2", self.url),
        });
        plan.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Program::start(library, self.certificate(), &plan)
    }

    /// A browser that trusts the shop.
    pub fn browser(&self) -> Manager {
        let pem = std::fs::read(self.certificate()).unwrap();
        Manager::trusting(Certificate::from_pem(&pem).unwrap(), self.url.clone())
    }

    /// The person opens the app's link, logs in, sees the question and presses that button; gives where the
    /// browser is sent.
    pub async fn decides(&self, link: &str, button: &str) -> String {
        let browser = self.browser();
        let question = self.logs_in(&browser, link).await;
        let form = format!("form#{button}");
        let to = question.attribute(&form, "action");
        let answer = browser.press(&to, &question.fields(&form)).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        answer.location().to_owned()
    }

    async fn logs_in(&self, browser: &Manager, link: &str) -> Answer {
        let to_login = browser.get(link).await;
        let login = browser.get(to_login.location()).await;
        let mut fields = login.fields("form");
        fields.insert("username".into(), "max".into());
        fields.insert("password".into(), PASSWORD.into());
        let action = login.attribute("form", "action");
        let to = if action.is_empty() { to_login.location().to_owned() } else { action };
        let back = browser.send(browser.request(Method::POST, &to).form(&fields)).await;
        let question = browser.get(back.location()).await;
        assert_eq!(question.status, 200, "{} {}", back.location(), question.body);
        question
    }

    /// A browser follows a redirect to an app on its own machine.
    pub async fn arrives(&self, at: &str) {
        let answer = self.browser().get(at).await;
        assert_eq!(answer.status, 200, "{at}");
    }
}
