//! Short-lived tokens from the asking to the end, as apps, proxies and the store's people meet them.

mod crash;
mod hostile;
mod living;
mod nodes;
mod people;
mod presented;
mod purging;
mod refreshing;

use std::net::{IpAddr, Ipv4Addr};

use appgrant::{
    domain::permissions::Permissions,
    service::{
        access_tokens::{self, RulesChange},
        caller::{Actor, Caller},
        keys::MadeKey,
        oauth2::{self, AppKind, AppRequest, Client, Grant, MadeApp, Presented, TokenRequest},
    },
};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::support::{PASSWORD, Question, TestApp};

/// An address of the store's API.
pub const ORDERS: &str = "/wp-json/wc/v3/orders";

/// Where everybody here comes from.
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// What a request for a token is answered.
pub struct Told {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Told {
    /// A text of the body; empty if it is not there.
    pub fn text(&self, name: &str) -> String {
        self.body[name].as_str().unwrap_or_default().to_owned()
    }
}

/// A program that has a key and asks for tokens with it.
#[derive(Clone)]
pub struct Program {
    pub url: String,
    pub id: String,
    pub secret: String,
}

impl Program {
    pub fn of(app: &TestApp, key: &MadeKey) -> Self {
        let (id, secret) = (key.credential.key.as_str(), key.credential.secret.expose());
        Self { url: app.url.clone(), id: id.to_owned(), secret: secret.to_owned() }
    }

    /// The same one, at another node.
    pub fn at(&self, app: &TestApp) -> Self {
        Self { url: app.url.clone(), ..self.clone() }
    }

    /// Asks the token endpoint.
    pub async fn ask(&self, fields: &[(&str, &str)]) -> Told {
        told(client().post(format!("{}/oauth2/token", self.url)).form(fields), Some(self)).await
    }

    /// An application token, with these parameters besides.
    pub async fn token(&self, more: &[(&str, &str)]) -> String {
        let fields = [&[("grant_type", "client_credentials")], more].concat();
        let told = self.ask(&fields).await;
        assert_eq!(told.status, 200, "{}", told.body);
        told.text("access_token")
    }

    /// An access token and a refresh token, the PureWL way.
    pub async fn pair(&self) -> (String, String) {
        let pair = format!("{}:{}", self.id, self.secret);
        let fields = [("grantType", "secret"), ("secretKey", pair.as_str())];
        let told =
            told(client().post(format!("{}/auth/v1/accessToken", self.url)).form(&fields), None);
        let told = told.await;
        assert_eq!(told.status, 200, "{}", told.body);
        let text = |name: &str| told.body["body"][name].as_str().unwrap().to_owned();
        (text("accessToken"), text("refreshToken"))
    }

    /// Exchanges a refresh token.
    pub async fn refresh(&self, token: &str) -> Told {
        self.ask(&[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }
}

/// Speaks to this machine, without looking for roots of certificates.
pub fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap()
}

/// Sends a request, as that program.
pub async fn told(mut request: reqwest::RequestBuilder, program: Option<&Program>) -> Told {
    if let Some(program) = program {
        request = request.basic_auth(&program.id, Some(&program.secret));
    }
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let body = answer.text().await.unwrap();
    Told { status, headers, body: serde_json::from_str(&body).unwrap_or(Value::Null) }
}

/// A request to the store with a token.
pub fn bearer(method: &str, token: &str) -> Question {
    Question::forwarded(method, ORDERS).with("Authorization", &format!("Bearer {token}"))
}

/// What a request with a token is answered.
pub async fn come(app: &TestApp, method: &str, token: &str) -> String {
    bearer(method, token).ask(app).await.word().to_owned()
}

/// Asks until the token stands in memory.
pub async fn in_use(app: &TestApp, token: &str) {
    for _ in 0..2 {
        assert_eq!(come(app, "GET", token).await, "allowed");
    }
}

/// Binds a key, as an admin does.
pub async fn bind(app: &TestApp, key_id: i64, change: RulesChange) {
    let ada = app.caller("ada").await;
    access_tokens::change_rules(app.services(), &ada, key_id, change).await.unwrap();
}

/// Registers an app that keeps a secret, as an admin does.
pub async fn registered(app: &TestApp, name: &str) -> MadeApp {
    let request = AppRequest {
        name: name.to_owned(),
        kind: AppKind::Confidential,
        redirect_uris: "https://app.example/back".to_owned(),
        permissions: Permissions::ReadWrite,
        owner_id: app.user("ada").await.id,
        expires_at: None,
    };
    oauth2::register(app.services(), &app.caller("ada").await, request).await.unwrap()
}

/// A registered app as the token endpoint knows it.
pub async fn known(app: &TestApp, made: &MadeApp) -> Client {
    let (id, secret) = (made.credential.key.as_str(), made.credential.secret.expose());
    let presented = Presented { id, secret: Some(secret), address: HERE };
    match oauth2::authenticate(app.services(), &presented, true).await {
        Ok(client) => client,
        Err(error) => panic!("{error}"),
    }
}

/// What max approved for a registered app: an access token and a refresh token of the connection.
pub async fn connected(app: &TestApp, made: &MadeApp) -> (String, String) {
    connected_as(app, made, "max").await
}

/// What that user approved for a registered app, likewise; whatever the app had of that user before ends.
pub async fn connected_as(app: &TestApp, made: &MadeApp, login: &str) -> (String, String) {
    let grant = Grant::Password { username: login, password: Zeroizing::new(PASSWORD.to_owned()) };
    let asks = TokenRequest { grant, scope: None, validity: None };
    let (client, nobody) = (known(app, made).await, nobody());
    let issued = oauth2::exchange(app.services(), &nobody, &client, asks).await;
    let issued = issued.unwrap_or_else(|error| panic!("{error}"));
    let refresh = issued.refresh.unwrap().expose().to_owned();
    (issued.access.expose().to_owned(), refresh)
}

/// Somebody from here.
fn nobody() -> Caller {
    Caller { actor: Actor::Nobody, address: Some(HERE), request_id: None }
}
