//! Questions about keys, put to a node or through the proxy.

use std::time::Duration;

use appgrant::service::keys::MadeKey;
use data_encoding::BASE64;
use reqwest::{Client, Method, RequestBuilder};

/// What a client of the store asks for.
const ORDERS: &str = "/wp-json/wc/v3/orders";

/// Somebody who asks, over kept connections.
#[derive(Clone)]
pub struct Asker {
    client: Client,
}

/// A key's pair as its holder sends it.
#[derive(Clone)]
pub struct Pair {
    pub key_id: i64,
    header: String,
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    Allowed,
    /// Why not.
    Refused(String),
    /// Nobody answered, or says to come back.
    Away,
}

impl From<&MadeKey> for Pair {
    fn from(made: &MadeKey) -> Self {
        let pair = format!("{}:{}", made.credential.key.as_str(), made.credential.secret.expose());
        Self { key_id: made.id, header: format!("Basic {}", BASE64.encode(pair.as_bytes())) }
    }
}

impl Asker {
    pub fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(20)).build();
        Self { client: client.unwrap() }
    }

    /// Asks a node, as nginx does.
    pub async fn node(&self, url: &str, pair: &Pair) -> Word {
        let request = self.client.get(format!("{url}/verify")).header("X-Original-Method", "POST");
        let request = request.header("X-Original-URI", ORDERS).header("X-Forwarded-Proto", "https");
        word(request.header("Authorization", &pair.header)).await
    }

    /// Comes to the store through the proxy.
    pub async fn store(&self, url: &str, pair: &Pair) -> Word {
        let request = self.client.get(format!("{url}{ORDERS}"));
        word(request.header("Authorization", &pair.header)).await
    }

    /// A request of the API with that token; its status, if there was an answer.
    pub async fn api(
        &self,
        (url, token): (&str, &str),
        (method, path): (Method, &str),
        body: Option<serde_json::Value>,
    ) -> Option<u16> {
        let mut request = self.client.request(method, format!("{url}/api/v1{path}"));
        request = request.bearer_auth(token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        Some(request.send().await.ok()?.status().as_u16())
    }

    /// The status of a page.
    pub async fn status(&self, url: &str) -> Option<u16> {
        Some(self.client.get(url).send().await.ok()?.status().as_u16())
    }
}

async fn word(request: RequestBuilder) -> Word {
    let Ok(answer) = request.send().await else { return Word::Away };
    match answer.status().as_u16() {
        200 | 204 => Word::Allowed,
        500 | 502..=504 => Word::Away,
        status => {
            let reason = answer.headers().get("x-appgrant-reason");
            let reason = reason.and_then(|reason| reason.to_str().ok()).unwrap_or_default();
            Word::Refused(format!("{status} {reason}").trim_end().to_owned())
        }
    }
}
