//! An app's program, and a manager who approves it.

use appgrant::{
    domain::permissions::Permissions,
    service::{
        keys::{self, NewKeyRequest},
        oauth2::{AppKind, AppRequest, register},
    },
};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::support::{Answer, Manager, Question, Said, TestApp, query};

/// Where the app's users go back to.
pub const REDIRECT: &str = "https://app.example/callback";

/// The app's verifier.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// What the store's API is asked.
pub const ORDERS: &str = "/wp-json/wc/v3/orders";

/// A client: its key's number, name and secret.
#[derive(Clone)]
pub struct Program {
    pub url: String,
    pub key_id: i64,
    pub id: String,
    pub secret: Option<String>,
}

/// An answer in JSON.
pub struct Told {
    pub status: u16,
    pub answer: Answer,
    pub body: Value,
}

impl Told {
    /// A member's text.
    pub fn text(&self, name: &str) -> String {
        self.body[name].as_str().unwrap_or_default().to_owned()
    }

    /// The error's code.
    pub fn error(&self) -> (u16, String) {
        (self.status, self.text("error"))
    }
}

/// A key made by hand.
pub async fn key(app: &TestApp, permissions: Permissions) -> Program {
    let request = NewKeyRequest {
        owner_id: app.user("max").await.id,
        description: "a program".to_owned(),
        permissions,
        expires_at: None,
    };
    let made = keys::create(app.services(), &app.caller("max").await, request).await.unwrap();
    let pair = made.credential;
    Program {
        url: app.url.clone(),
        key_id: made.id,
        id: pair.key.as_str().to_owned(),
        secret: Some(pair.secret.expose().to_owned()),
    }
}

/// A registered app.
pub async fn registered(app: &TestApp, kind: AppKind, permissions: Permissions) -> Program {
    let request = AppRequest {
        name: "Parcel Post".to_owned(),
        kind,
        redirect_uris: format!("{REDIRECT}\nhttp://127.0.0.1/back\ncom.example.parcel:/back"),
        permissions,
        owner_id: app.user("max").await.id,
        expires_at: None,
    };
    let made = register(app.services(), &app.caller("max").await, request).await.unwrap();
    Program {
        url: app.url.clone(),
        key_id: made.key_id,
        id: made.credential.key.as_str().to_owned(),
        secret: (kind == AppKind::Confidential).then(|| made.credential.secret.expose().to_owned()),
    }
}

impl Program {
    /// Posts a form as this client: by HTTP Basic, or with its name alone.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Told {
        let client = Manager::new(self.url.clone());
        let request = client.request(reqwest::Method::POST, path);
        let request = if let Some(secret) = &self.secret {
            let pair = BASE64.encode(format!("{}:{secret}", self.id).as_bytes());
            request.form(fields).header("authorization", format!("Basic {pair}"))
        } else {
            let mut fields = fields.to_vec();
            fields.push(("client_id", &self.id));
            request.form(&fields)
        };
        told(client.send(request).await)
    }

    /// Asks for a token.
    pub async fn token(&self, fields: &[(&str, &str)]) -> Told {
        self.post("/oauth2/token", fields).await
    }

    /// An application token.
    pub async fn application_token(&self) -> String {
        let told = self.token(&[("grant_type", "client_credentials")]).await;
        assert_eq!(told.status, 200, "{}", told.body);
        told.text("access_token")
    }

    /// Exchanges a code.
    pub async fn redeem(&self, code: &str) -> Told {
        self.token(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ])
        .await
    }

    /// Refreshes.
    pub async fn refresh(&self, token: &str) -> Told {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    /// What a token is worth.
    pub async fn introspect(&self, token: &str) -> Value {
        let told = self.post("/oauth2/introspect", &[("token", token)]).await;
        assert_eq!(told.status, 200, "{}", told.body);
        told.body
    }

    /// The query with which it asks for approval.
    pub fn asks(&self, more: &[(&str, &str)]) -> String {
        let challenge = BASE64URL_NOPAD.encode(&Sha256::digest(VERIFIER));
        let usual = [
            ("response_type", "code"),
            ("client_id", &self.id),
            ("redirect_uri", REDIRECT),
            ("state", "a b&c"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let kept = usual.iter().filter(|(name, _)| more.iter().all(|(other, _)| other != name));
        let more = more.iter().filter(|(_, value)| !value.is_empty());
        query(&kept.chain(more).copied().collect::<Vec<_>>())
    }

    /// A code, by way of a manager's browser.
    pub async fn approved_by(&self, browser: &Manager, more: &[(&str, &str)]) -> String {
        let page = browser.get(&format!("/oauth2/authorize?{}", self.asks(more))).await;
        assert_eq!(page.status, 200, "{} {}", page.location(), page.body);
        let answer = press(browser, &page, "approve").await;
        let code = parameter(answer.location(), "code");
        assert!(code.starts_with("agac_"), "{}", answer.location());
        code
    }
}

/// Presses a button of the consent page.
pub async fn press(browser: &Manager, page: &Answer, button: &str) -> Answer {
    let form = format!("form#{button}");
    browser.press(&page.attribute(&form, "action"), &page.fields(&form)).await
}

/// A parameter of an address; empty if it is not there.
pub fn parameter(address: &str, name: &str) -> String {
    let url = url::Url::parse(address).unwrap();
    let mut found = url.query_pairs().filter(|(there, _)| there == name);
    let value = found.next().map(|(_, value)| value.into_owned()).unwrap_or_default();
    assert!(found.next().is_none(), "{name} twice in {address}");
    value
}

/// An answer, read.
pub fn told(answer: Answer) -> Told {
    let body = serde_json::from_str(&answer.body);
    let body = body.unwrap_or_else(|error| panic!("{error}: {}", answer.body));
    Told { status: answer.status, answer, body }
}

/// Whether the store's API takes a token for that.
pub async fn verify(app: &TestApp, method: &str, token: &str) -> Said {
    let bearer = format!("Bearer {token}");
    Question::forwarded(method, ORDERS).with("Authorization", &bearer).ask(app).await
}
