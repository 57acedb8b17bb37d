//! A proxy asks `/verify`, the way each of them does.

use serde_json::Value;

use super::{Received, TestApp, query};

/// A question, as one proxy puts it.
#[derive(Clone)]
pub struct Question {
    path: String,
    headers: Vec<(String, String)>,
}

/// What `/verify` said.
pub struct Said {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: String,
}

impl Question {
    /// As Caddy and Traefik ask, about a request that came over TLS.
    pub fn forwarded(method: &str, uri: &str) -> Self {
        Self { path: "/verify".into(), headers: Vec::new() }
            .with("X-Forwarded-Method", method)
            .with("X-Forwarded-Uri", uri)
            .with("X-Forwarded-Proto", "https")
    }

    /// As nginx asks.
    pub fn original(method: &str, uri: &str) -> Self {
        Self { path: "/verify".into(), headers: Vec::new() }
            .with("X-Original-Method", method)
            .with("X-Original-URI", uri)
            .with("X-Forwarded-Proto", "https")
    }

    /// As Envoy asks: the path itself; the method is `app.asks`' business, here GET.
    pub fn path(uri: &str) -> Self {
        Self { path: format!("/verify{uri}"), headers: Vec::new() }
            .with("X-Forwarded-Proto", "https")
    }

    /// With one header more.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without that header.
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(there, _)| !there.eq_ignore_ascii_case(name));
        self
    }

    /// With a key and a secret by HTTP Basic.
    pub fn basic(self, key: &str, secret: &str) -> Self {
        let pair = data_encoding::BASE64.encode(format!("{key}:{secret}").as_bytes());
        self.with("Authorization", &format!("Basic {pair}"))
    }

    /// With received keys by HTTP Basic.
    pub fn keys(self, received: &Received) -> Self {
        self.basic(&received.text("consumer_key"), &received.text("consumer_secret"))
    }

    /// Asks.
    pub async fn ask(&self, app: &TestApp) -> Said {
        self.ask_at(&app.url).await
    }

    /// Asks a service at that address.
    pub async fn ask_at(&self, url: &str) -> Said {
        // Roots take long to read, and nothing here speaks TLS.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
        let mut request = client.get(format!("{url}{}", self.path));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Said { status, headers, body: answer.text().await.unwrap() }
    }
}

impl Said {
    /// A header's text; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// `allowed`, or the reason why not.
    pub fn word(&self) -> &str {
        if self.status == 204 { "allowed" } else { self.header("x-appgrant-reason") }
    }

    /// The body.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Keys of that scope, through the whole flow.
pub async fn granted(app: &TestApp, scope: &str) -> Received {
    let receiver = super::Receiver::start().await;
    let manager = app.logged_in("max").await;
    let request = query(&[
        ("app_name", "Möbel & Co"),
        ("user_id", "1"),
        ("return_url", "http://app.example/"),
        ("callback_url", &receiver.url()),
        ("scope", scope),
    ]);
    manager.approve(&manager.consent(&request).await).await;
    receiver.received().remove(0)
}
