//! The screens under `/admin`, one after another, in a store that has something to show.

use std::time::Duration;

use appgrant::{
    domain::permissions::Permissions,
    service::keys::{self, KeyChange, MadeKey, NewKeyRequest},
};

use crate::{
    browser::Browser,
    gallery::Looker,
    scene::log_in,
    support::{PASSWORD, Question, TestApp},
};

const DAY: Duration = Duration::from_hours(24);

/// Keys made by hand: for what, whose, with which permissions, whether they came, and for how many days.
const KEYS: [(&str, &str, Permissions, bool, Option<u32>); 6] = [
    ("Stock sheet at the warehouse", "max", Permissions::Read, true, None),
    ("Till at the counter", "max", Permissions::ReadWrite, true, None),
    ("Newsletter import, summer sale", "ada", Permissions::ReadWrite, true, Some(9)),
    ("Accountant’s yearly report", "vera", Permissions::Read, false, None),
    ("Label printer", "max", Permissions::Write, true, None),
    ("Old webshop plugin", "ada", Permissions::ReadWrite, false, None),
];

/// A store and the browser that looks at its screens.
pub struct Screens<'a> {
    pub store: &'a TestApp,
    pub browser: &'a Browser,
}

impl Screens<'_> {
    /// Looks at all of them; `app_key` is the number of a key that an app has.
    pub async fn show(&self, app_key: i64, looker: &mut impl Looker) {
        self.fill().await;
        self.log_in("ada").await;
        self.lists(looker).await;
        self.one_key(app_key, looker).await;
        self.making(looker).await;
        self.tokens(looker).await;
        self.registered(looker).await;
        self.licenses(looker).await;
        self.apps(app_key, looker).await;
        self.people(looker).await;
        self.account(looker).await;
        self.others(app_key, looker).await;
    }

    async fn fill(&self) {
        for (what, owner, permissions, comes, days) in KEYS {
            let key = self.make(what, owner, permissions, days).await;
            if comes {
                let (id, secret) = (&key.credential.key, &key.credential.secret);
                let method = if permissions.reads() { "GET" } else { "POST" };
                let question = Question::forwarded(method, "/wp-json/wc/v3/orders")
                    .basic(id.as_str(), secret.expose())
                    .with("X-Forwarded-For", "203.0.113.24")
                    .with("User-Agent", "WooCommerce API Client-Python/3.0.0");
                assert_eq!(question.ask(self.store).await.word(), "allowed", "{what}");
            }
        }
        let ada = self.store.caller("ada").await;
        let last = self.make("Left by the agency", "ada", Permissions::Read, None).await;
        keys::revoke(self.store.services(), &ada, last.id, "the agency’s work is done")
            .await
            .unwrap();
        // The uses are written in batches.
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        self.store.clock.advance(DAY * 8);
    }

    pub async fn make(
        &self,
        what: &str,
        owner: &str,
        permissions: Permissions,
        days: Option<u32>,
    ) -> MadeKey {
        let services = self.store.services();
        let request = NewKeyRequest {
            owner_id: self.store.user(owner).await.id,
            description: what.to_owned(),
            permissions,
            expires_at: None,
        };
        let ada = self.store.caller("ada").await;
        let made = keys::create(services, &ada, request).await.unwrap();
        if let Some(days) = days {
            let ends = Some(Some(services.now().plus(DAY * days)));
            let change = KeyChange { expires_at: ends, ..KeyChange::default() };
            keys::change(services, &ada, made.id, change).await.unwrap();
        }
        made
    }

    async fn lists(&self, looker: &mut impl Looker) {
        let browser = self.browser;
        self.look("/admin", "overview", looker).await;
        self.look("/admin/keys", "keys", looker).await;
        self.look(
            "/admin/keys?state=active&permissions=read_write&owner=x",
            "keys-filtered",
            looker,
        )
        .await;
        self.look("/admin/keys?q=nothing", "keys-none", looker).await;
        self.open("/admin/keys").await;
        browser.press_here("tbody tr:nth-child(2) input[type=checkbox]").await;
        browser.press_here("tbody tr:nth-child(3) input[type=checkbox]").await;
        browser.press("main form:not([role=search]) > .actions button").await;
        browser.text("#sure").await;
        looker.look(browser, "keys-revoke").await;
        self.look("/admin/audit", "audit", looker).await;
        self.look("/admin/audit?event=key.changed&kind=key", "audit-filtered", looker).await;
    }

    async fn one_key(&self, app_key: i64, looker: &mut impl Looker) {
        let path = format!("/admin/keys/{app_key}");
        self.look(&path, "key", looker).await;
        self.look(&format!("{path}/edit"), "key-edit", looker).await;
        self.look(&format!("{path}/owner"), "key-owner", looker).await;
        self.look(&format!("{path}/rotate"), "key-rotate", looker).await;
        self.look(&format!("{path}/revoke"), "key-revoke", looker).await;
        self.open(&path).await;
        self.browser.press("#narrow").await;
        self.browser.text(".notice.done").await;
        looker.look(self.browser, "key-narrowed").await;
        // The one before was never delivered.
        self.look(&format!("/admin/keys/{}", app_key - 1), "key-not-delivered", looker).await;
    }

    async fn making(&self, looker: &mut impl Looker) {
        let browser = self.browser;
        self.look("/admin/keys/new", "key-new", looker).await;
        browser.fill("#description", " ").await;
        browser.press("main form .button.primary").await;
        browser.text("[role=alert]").await;
        looker.look(browser, "key-new-error").await;
        browser.fill("#description", "Stand at the market").await;
        browser.press("main form .button.primary").await;
        browser.press_here("details summary").await;
        looker.look(browser, "key-made").await;
    }

    async fn apps(&self, app_key: i64, looker: &mut impl Looker) {
        self.look("/admin/apps", "apps", looker).await;
        let ada = self.store.caller("ada").await;
        let key = keys::show(self.store.services(), &ada, app_key).await.unwrap();
        let host = key.app.unwrap().callback_host.replace(':', "%3A");
        self.look(&format!("/admin/apps/{host}"), "app", looker).await;
        self.look(&format!("/admin/apps/{host}/revoke"), "app-revoke", looker).await;
    }

    async fn people(&self, looker: &mut impl Looker) {
        let browser = self.browser;
        let max = format!("/admin/users/{}", self.store.user("max").await.id);
        self.look("/admin/users", "users", looker).await;
        self.look(&max, "user", looker).await;
        self.look(&format!("{max}/disable"), "user-disable", looker).await;
        self.look(&format!("{max}/delete"), "user-delete", looker).await;
        self.look("/admin/users/new", "user-new", looker).await;
        browser.fill("#login", "no login").await;
        browser.fill("#password", "a long password").await;
        browser.press("main form .button.primary").await;
        browser.text("[role=alert]").await;
        looker.look(browser, "user-new-error").await;
    }

    async fn account(&self, looker: &mut impl Looker) {
        let browser = self.browser;
        self.look("/admin/account", "account", looker).await;
        browser.fill("#token-name", "Stock synchronisation").await;
        browser.press("form.narrow .button").await;
        browser.text("#token").await;
        looker.look(browser, "token-made").await;
    }

    async fn others(&self, app_key: i64, looker: &mut impl Looker) {
        self.log_in("vera").await;
        self.look(&format!("/admin/keys/{app_key}"), "key-viewer", looker).await;
        self.look("/admin/users", "not-allowed", looker).await;
    }

    pub async fn look(&self, path: &str, name: &str, looker: &mut impl Looker) {
        self.open(path).await;
        self.browser.text("h1").await;
        looker.look(self.browser, name).await;
    }

    pub async fn open(&self, path: &str) {
        self.browser.open(&format!("{}{path}", self.store.url)).await;
    }

    async fn log_in(&self, login: &str) {
        self.browser.forget().await;
        self.open("/login").await;
        log_in(self.browser, login, PASSWORD).await;
        self.browser.arrives_at(&format!("{}/admin", self.store.url)).await;
    }
}
