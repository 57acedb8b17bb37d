//! A customer's program, and what it is told.

use appgrant::{
    domain::licenses::{LicenseDraft, ProductDraft, SettingsChange},
    service::licenses,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Manager, TestApp};

/// A program of a customer who has a license.
#[derive(Clone)]
pub struct Program {
    pub browser: Manager,
    pub store_code: String,
    pub sku: String,
    pub key: String,
    pub license_id: i64,
    pub token: Option<String>,
}

/// What it is told.
#[derive(Debug)]
pub struct Told {
    pub status: u16,
    pub body: Value,
    pub answer: Answer,
}

impl Told {
    /// The members of `errors`, as `name: message`.
    pub fn errors(&self) -> Vec<String> {
        let errors = self.body["errors"].as_object();
        let each = errors.into_iter().flatten().flat_map(|(name, messages)| {
            messages
                .as_array()
                .unwrap()
                .iter()
                .map(move |message| format!("{name}: {}", message.as_str().unwrap()))
        });
        each.collect()
    }

    /// The activation's id.
    pub fn activation(&self) -> i64 {
        assert_eq!((self.status, &self.body["error"]), (200, &json!(false)), "{}", self.body);
        self.body["data"]["activation_id"].as_i64().unwrap()
    }
}

/// Makes a license of a product called `pro`.
pub async fn customer(app: &TestApp, draft: LicenseDraft) -> Program {
    sold(app, draft, ProductDraft::default()).await
}

/// Makes a license of that product; its SKU is `pro` unless it has one.
pub async fn sold(app: &TestApp, draft: LicenseDraft, product: ProductDraft) -> Program {
    let sku = if product.sku.is_empty() { "pro".to_owned() } else { product.sku.clone() };
    let draft = LicenseDraft { sku: sku.clone(), ..draft };
    let product = ProductDraft { sku: sku.clone(), ..product };
    let caller = app.caller("max").await;
    let made = licenses::create(app.services(), &caller, &draft, Some(&product)).await.unwrap();
    let settings = licenses::settings(app.services(), &caller).await.unwrap();
    Program {
        browser: app.browser(),
        store_code: settings.store_code.as_str().to_owned(),
        sku,
        key: made.key.expose().to_owned(),
        license_id: made.id,
        token: None,
    }
}

/// Changes what holds for all licenses.
pub async fn set_up(app: &TestApp, change: SettingsChange) {
    let caller = app.caller("ada").await;
    licenses::change_settings(app.services(), &caller, change).await.unwrap();
}

impl Program {
    /// The fields of a question, with these besides or instead.
    pub fn fields<'a>(&'a self, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let own =
            [("store_code", &*self.store_code), ("sku", &*self.sku), ("license_key", &*self.key)];
        let kept = own.into_iter().filter(|(name, _)| more.iter().all(|(other, _)| other != name));
        kept.chain(more.iter().copied()).collect()
    }

    /// Asks at the REST address.
    pub async fn ask(&self, question: &str, more: &[(&str, &str)]) -> Told {
        self.post(&format!("/wp-json/woo-license-keys/v1/{question}"), &self.fields(more)).await
    }

    /// Asks at `admin-ajax.php`.
    pub async fn ask_ajax(&self, question: &str, more: &[(&str, &str)]) -> Told {
        let path = format!("/wp-admin/admin-ajax.php?action=license_key_{question}");
        self.post(&path, &self.fields(more)).await
    }

    /// Posts a form.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Told {
        let request = self.browser.request(Method::POST, path).form(fields);
        self.send(request).await
    }

    /// Sends a request, with the token if there is one.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Told {
        let request = match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let answer = self.browser.send(request).await;
        let body = serde_json::from_str(&answer.body).unwrap_or_default();
        Told { status: answer.status, body, answer }
    }

    /// Activates on a domain; gives the activation's id.
    pub async fn activate(&self, domain: &str) -> i64 {
        self.ask("activate", &[("domain", domain)]).await.activation()
    }

    /// Validates an activation on a domain.
    pub async fn validate(&self, domain: &str, activation: i64) -> Told {
        let id = activation.to_string();
        self.ask("validate", &[("domain", domain), ("activation_id", &id)]).await
    }

    /// Deactivates an activation on a domain.
    pub async fn deactivate(&self, domain: &str, activation: i64) -> Told {
        let id = activation.to_string();
        self.ask("deactivate", &[("domain", domain), ("activation_id", &id)]).await
    }

    /// Asks for a token.
    pub async fn ask_token(&self) -> Told {
        let query = format!("grant_type=license_key&license_key={}", self.key);
        let path = format!("/wp-json/woo-license-keys/v1/token?{query}");
        self.send(self.browser.request(Method::GET, &path)).await
    }

    /// The same program with a token of its own.
    pub async fn with_token(mut self) -> Self {
        let told = self.ask_token().await;
        self.token = told.body["access_token"].as_str().map(str::to_owned);
        assert!(self.token.is_some(), "{}", told.body);
        self
    }
}
