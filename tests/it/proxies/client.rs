//! A client that sends exactly the bytes a test says: paths and headers no library would let pass.

use std::{sync::Arc, time::Duration};

use data_encoding::BASE64;
use rustls::{ClientConfig, RootCertStore, pki_types::CertificateDer};
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

/// The name everybody uses for the shop, as in the configurations.
pub const SHOP: &str = "shop.example";

/// Where the proxy listens, and whom it must prove to be.
#[derive(Clone)]
pub struct Client {
    pub plain: String,
    pub tls: String,
    pub root: CertificateDer<'static>,
}

/// A request as it is sent.
#[derive(Clone)]
pub struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// An answer as it came.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    head: String,
    body: String,
}

impl Request {
    /// A request without credentials.
    pub fn new(method: &str, target: &str) -> Self {
        let headers = Vec::new();
        Self { method: method.into(), target: target.into(), headers, body: Vec::new() }
    }

    /// With one header more.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With that pair by HTTP Basic.
    pub fn basic(self, key: &str, secret: &str) -> Self {
        let pair = BASE64.encode(format!("{key}:{secret}").as_bytes());
        self.with("Authorization", &format!("Basic {pair}"))
    }

    /// With a body.
    pub fn body(mut self, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self
    }

    /// With a form's body.
    pub fn form(self, body: &[u8]) -> Self {
        self.with("Content-Type", "application/x-www-form-urlencoded").body(body)
    }

    fn bytes(&self) -> Vec<u8> {
        let Self { method, target, headers, body } = self;
        let mut head =
            format!("{method} {target} HTTP/1.1\r\nHost: {SHOP}\r\nConnection: close\r\n");
        let length = ("Content-Length".to_owned(), body.len().to_string());
        let length = (!body.is_empty()).then_some(&length);
        for (name, value) in headers.iter().chain(length) {
            head.extend([name, ": ", value, "\r\n"]);
        }
        [head.as_bytes(), b"\r\n", body].concat()
    }
}

impl Reply {
    /// A header's value; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .filter(|(there, _)| there.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .next()
            .unwrap_or("")
    }

    /// The body as JSON, whatever frames it.
    pub fn json(&self) -> Value {
        let (from, to) = (self.body.find('{'), self.body.rfind('}'));
        let (Some(from), Some(to)) = (from, to) else {
            panic!("no JSON: {self:?}");
        };
        serde_json::from_str(&self.body[from..=to]).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    /// Whether the store answered.
    pub fn is_the_stores(&self) -> bool {
        self.status == 200 && self.body.contains(r#""store":true"#)
    }

    /// What the store got.
    pub fn at_store(&self) -> Value {
        assert!(self.is_the_stores(), "the store was not reached: {self:?}");
        self.json()
    }

    /// The reason of a refusal, from the body.
    pub fn reason(&self) -> String {
        self.json()["data"]["reason"].as_str().unwrap_or_default().to_owned()
    }
}

impl Client {
    /// Sends over TLS.
    pub async fn send(&self, request: &Request) -> Reply {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect(&self.tls).await.unwrap();
        let name = SHOP.try_into().unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
        exchange(stream, request).await
    }

    /// Sends in the clear.
    pub async fn send_plain(&self, request: &Request) -> Reply {
        exchange(TcpStream::connect(&self.plain).await.unwrap(), request).await
    }
}

async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &Request) -> Reply {
    // Who refuses early may close before he has read a body.
    let _ = stream.write_all(&request.bytes()).await;
    let _ = stream.flush().await;
    let mut bytes = Vec::new();
    // A connection that is cut off after the answer is no matter; one without an answer fails below.
    let read = timeout(Duration::from_secs(20), stream.read_to_end(&mut bytes)).await;
    assert!(read.is_ok(), "no end of the answer to {} {}", request.method, request.target);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
    Reply { status, head: head.to_owned(), body: body.to_owned() }
}
