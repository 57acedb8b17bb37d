//! The screens of access tokens, of what keys are bound to, and of registered apps.

use appgrant::{
    domain::{key_rules::Environment, permissions::Permissions, token_life::TokenLife},
    service::{
        access_tokens::{self, RulesChange},
        oauth2::{self, AppKind, AppRequest, MadeApp},
    },
};

use crate::{
    gallery::Looker,
    screens::Screens,
    support::{Question, connected, token_of},
};

/// Long enough to need breaking on a narrow window.
const BACK: &str =
    "https://stores.parcelexpress.example/connections/appgrant/callback?tenant=0123456789abcdef";

impl Screens<'_> {
    /// A key with rules and tokens of every kind.
    pub async fn tokens(&self, looker: &mut impl Looker) {
        let browser = self.browser;
        let path = format!("/admin/keys/{}", self.bound_key().await);
        self.look(&path, "key-bound", looker).await;
        self.look(&format!("{path}/tokens"), "key-tokens", looker).await;
        self.look(&format!("{path}/tokens/end"), "key-tokens-end", looker).await;
        self.look(&format!("{path}/rules"), "key-rules", looker).await;
        browser.press_here("input[value=seconds]").await;
        browser.fill("#seconds", "an hour").await;
        browser.fill("#domains", "https://shop.example/admin").await;
        browser.fill("#networks", "192.0.2.0/33").await;
        browser.press("main form .button.primary").await;
        browser.text("[role=alert]").await;
        looker.look(browser, "key-rules-error").await;
        self.look(&format!("{path}/tokens/new"), "key-token-new", looker).await;
        browser.press_here("input[value=store]").await;
        browser.press("main form .button.primary").await;
        browser.text("#access-token").await;
        looker.look(browser, "key-token-made").await;
        self.open("/admin/keys/1").await;
    }

    /// The number of a key that is bound, and has tokens: one in use, one ended, one that never ends.
    async fn bound_key(&self) -> i64 {
        let (services, ada) = (self.store.services(), self.store.caller("ada").await);
        let key =
            self.make("Price feed for the comparison site", "max", Permissions::Read, None).await;
        let pair = (key.credential.key.as_str(), key.credential.secret.expose());
        token_of(self.store, pair).await;
        let newest = access_tokens::list(services, &ada, key.id, None, 1).await.unwrap();
        access_tokens::revoke(services, &ada, key.id, newest.tokens[0].id).await.unwrap();
        let used = token_of(self.store, pair).await;
        let bearer = format!("Bearer {}", used.access.expose());
        let asked = Question::forwarded("GET", "/wp-json/wc/v3/products");
        assert_eq!(asked.with("Authorization", &bearer).ask(self.store).await.word(), "allowed");
        let change = RulesChange {
            environment: Some(Environment::Sandbox),
            token_life: Some(Some(TokenLife::Never)),
            domains: Some("prices.example, *.compare.example".to_owned()),
            networks: Some("192.0.2.0/24, 127.0.0.0/8".to_owned()),
        };
        access_tokens::change_rules(services, &ada, key.id, change).await.unwrap();
        token_of(self.store, pair).await;
        key.id
    }

    /// Registered apps, one of them with a connection.
    pub async fn registered(&self, looker: &mut impl Looker) {
        let browser = self.browser;
        self.look("/admin/registered-apps", "registered-apps-none", looker).await;
        let (app, connection) = self.connected_app().await;
        self.look("/admin/registered-apps", "registered-apps", looker).await;
        let path = format!("/admin/registered-apps/{app}");
        self.look(&path, "registered-app", looker).await;
        self.look(&format!("{path}/edit"), "registered-app-edit", looker).await;
        self.look(&format!("/admin/keys/{app}/revoke"), "registered-app-revoke", looker).await;
        self.look(&format!("/admin/keys/{connection}"), "key-connection", looker).await;
        self.look("/admin/registered-apps/new", "registered-app-new", looker).await;
        browser.fill("#name", "Counter on a tablet").await;
        browser.press_here("input[value=device]").await;
        browser.fill("#redirect_uris", "http://localhost/back").await;
        browser.press("main form .button.primary").await;
        browser.text("[role=alert]").await;
        looker.look(browser, "registered-app-new-error").await;
        browser.fill("#redirect_uris", "com.example.counter:/back").await;
        browser.press("main form .button.primary").await;
        browser.text("#no-secret").await;
        looker.look(browser, "registered-app-made").await;
    }

    /// Registers an app and connects it; the numbers of its key and of the connection.
    async fn connected_app(&self) -> (i64, i64) {
        let (services, ada) = (self.store.services(), self.store.caller("ada").await);
        let request = AppRequest {
            name: "Parcel Express for warehouses".to_owned(),
            kind: AppKind::Confidential,
            redirect_uris: format!("{BACK}\nhttp://127.0.0.1/back"),
            permissions: Permissions::ReadWrite,
            owner_id: self.store.user("max").await.id,
            expires_at: None,
        };
        let made = oauth2::register(services, &ada, request).await.unwrap();
        let MadeApp { key_id, credential } = made;
        let pair = (credential.key.as_str(), credential.secret.expose());
        connected(self.store, pair, "max").await;
        let of_app = oauth2::connections_of(services, &ada, key_id, (None, 1)).await.unwrap();
        (key_id, of_app.0[0].id)
    }
}
