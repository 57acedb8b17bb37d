//! A shop behind nginx: an app's keys, and the ways to call its store's API with them.

use std::process::Command;

use super::official::{Answer, Call, Language, Way};
use crate::{
    proxies::{Proxy, Store, find, nginx},
    support::{Received, TestApp, granted, needed},
};

/// How a call says whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// https, HTTP Basic.
    Basic,
    /// https, the pair in the query.
    Query,
    /// http, OAuth 1.0a.
    Signed,
}

/// A running shop, and keys it granted.
pub struct Shop {
    pub reader: Received,
    pub writer: Received,
    pub both: Received,
    pub revoked: Received,
    pub app: TestApp,
    proxy: Proxy,
    _store: Store,
}

impl Shop {
    /// Opens one; nothing where nginx or the client is not installed.
    pub async fn open(language: Language) -> Option<Self> {
        language.needed()?;
        let program = find("nginx").unwrap_or_else(|| "nginx".into());
        let what = "a client behind nginx (Debian’s package nginx)";
        needed(what, Command::new(program).arg("-v"))?;
        let app = TestApp::with(&[("OAUTH1", "true")]).await;
        let store = Store::start().await;
        let address = app.url.trim_start_matches("http://").to_owned();
        let proxy = Proxy::start(|site| nginx(site, &address, &store.address, true)).await;
        let shop = Self {
            reader: granted(&app, "read").await,
            writer: granted(&app, "write").await,
            both: granted(&app, "read_write").await,
            revoked: granted(&app, "read_write").await,
            app,
            proxy,
            _store: store,
        };
        shop.revoke(&shop.revoked).await;
        Some(shop)
    }

    async fn revoke(&self, received: &Received) {
        let id = &received.json()["key_id"];
        let sql = format!("UPDATE keys SET state = 'revoked' WHERE id = {id}");
        assert_eq!(self.app.alter(&sql).await, 1);
        let services = self.app.services();
        services.verifier.changes.catch_up(services).await.unwrap();
    }

    /// Lets the client do those calls; gives what it got.
    pub async fn visit(&self, language: Language, means: Means, calls: &[Call]) -> Vec<Answer> {
        let client = &self.proxy.client;
        let url = match means {
            Means::Signed => format!("http://{}", client.plain),
            Means::Basic | Means::Query => format!("https://{}", client.tls),
        };
        let certificate = Some(self.proxy.certificate.as_path());
        language.does(&Way { url, query: means == Means::Query, certificate }, calls).await
    }

    /// Lets the client do them without saying that the shop's certificate is to be trusted.
    pub async fn visit_mistrustful(&self, language: Language, calls: &[Call]) -> Vec<Answer> {
        let url = format!("https://{}", self.proxy.client.tls);
        language.does(&Way { url, query: false, certificate: None }, calls).await
    }
}
