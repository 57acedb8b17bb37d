//! A whole app that connects to a store through AppGrant.
//!
//! ```text
//! STORE_URL=https://shop.example APP_URL=https://app.example PORT=8000 cargo run --example receiver
//! ```
//!
//! It listens on 127.0.0.1 without TLS: the proxy in front of it answers at `APP_URL`, with TLS.

#![allow(
    missing_docs,
    clippy::disallowed_methods,
    reason = "an app of its own, with its own rules"
)]

use std::{
    collections::{HashMap, HashSet},
    env, io,
    sync::{Mutex, MutexGuard},
    time::{Duration, Instant, SystemTime},
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    http::header::{HeaderMap, LOCATION},
    web::{Bytes, Data, Query, get, post},
};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use ed25519_dalek::{Signature, VerifyingKey};
use serde::Deserialize;
use serde_json::Value;
use url::form_urlencoded;

/// Who is logged in to your app.
const USER_ID: &str = "4711";

struct Connections {
    /// Yours to know: never take it out of a callback.
    store_url: String,
    app_url: String,
    /// YOUR DATABASE.
    tables: Mutex<Tables>,
    public_keys: tokio::sync::Mutex<PublicKeys>,
}

#[derive(Default)]
struct Tables {
    /// state (unique) -> who began it and, later, the key and its secret. Encrypt secrets.
    connections: HashMap<String, (String, Option<[String; 2]>)>,
    /// Every webhook-id (unique) whose keys were stored.
    taken: HashSet<String>,
}

#[derive(Default)]
struct PublicKeys {
    keys: Vec<VerifyingKey>,
    fetched_at: Option<Instant>,
    asked_at: Option<Instant>,
}

/// What we need of what the store says.
#[derive(Deserialize)]
struct Keys {
    state: String,
    user_id: String,
    consumer_key: String,
    consumer_secret: String,
}

impl Connections {
    /// YOUR DATABASE: a transaction.
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().expect("no thread panics while it holds it")
    }

    /// The store's public keys; asks for them if our copy is more than `max_age` seconds old.
    async fn store_keys(&self, max_age: u64) -> Vec<VerifyingKey> {
        let mut ours = self.public_keys.lock().await;
        let now = Instant::now();
        let older = |at: Option<Instant>, seconds| {
            at.is_none_or(|at| now.duration_since(at) > Duration::from_secs(seconds))
        };
        if older(ours.fetched_at, max_age) && older(ours.asked_at, 60) {
            ours.asked_at = Some(now);
            let keys = self.ask_store().await.unwrap_or_default();
            if !keys.is_empty() {
                (ours.keys, ours.fetched_at) = (keys, Some(now)); // Otherwise our copy still serves.
            }
        }
        // But not for long: a key that leaked is gone from the store, and must go from here.
        if older(ours.fetched_at, 300) { Vec::new() } else { ours.keys.clone() }
    }

    async fn ask_store(&self) -> reqwest::Result<Vec<VerifyingKey>> {
        let client = reqwest::Client::builder().timeout(Duration::from_secs(5)).build()?;
        let url = format!("{}/.well-known/jwks.json", self.store_url);
        let jwks: Value = client.get(url).send().await?.json().await?;
        let usable = jwks["keys"].as_array().into_iter().flatten();
        Ok(usable.filter(|jwk| jwk["crv"] == "Ed25519").filter_map(public_key).collect())
    }

    /// Whether the store signed exactly this body, less than five minutes ago.
    async fn is_signed(&self, headers: &HeaderMap, body: &[u8]) -> bool {
        let (id, sent_at) = (header(headers, "webhook-id"), header(headers, "webhook-timestamp"));
        let now = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |time| time.as_secs());
        if !sent_at.parse::<u64>().is_ok_and(|sent_at| sent_at.abs_diff(now) <= 300) {
            return false; // Too old to be new, or from a wrong clock: perhaps somebody sends it again.
        }
        let signed = [id.as_bytes(), b".", sent_at.as_bytes(), b".", body].concat();
        let signatures: Vec<_> =
            header(headers, "webhook-signature").split(' ').filter_map(signature).collect();
        if signatures.is_empty() {
            return false;
        }
        // Keys may be five minutes old. If none fits, the store may have a new one: ask, once a minute.
        for max_age in [300, 60] {
            let keys = self.store_keys(max_age).await;
            let fits = |one| keys.iter().any(|key| key.verify_strict(&signed, one).is_ok());
            if signatures.iter().any(fits) {
                return true;
            }
        }
        false
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn public_key(jwk: &Value) -> Option<VerifyingKey> {
    let bytes = BASE64URL_NOPAD.decode(jwk["x"].as_str()?.as_bytes()).ok()?;
    VerifyingKey::from_bytes(&bytes.try_into().ok()?).ok()
}

fn signature(text: &str) -> Option<Signature> {
    Signature::from_slice(&BASE64.decode(text.strip_prefix("v1a,")?.as_bytes()).ok()?).ok()
}

/// The person begins: remember a secret mark, and send the browser to the store.
async fn connect(app: Data<Connections>) -> HttpResponse {
    let mut state = [0; 24];
    getrandom::fill(&mut state).expect("the system has random bytes");
    let state = BASE64URL_NOPAD.encode(&state);
    app.tables().connections.insert(state.clone(), (USER_ID.to_owned(), None));
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("app_name", "My App"), ("scope", "read")])
        .extend_pairs([("user_id", USER_ID), ("state", &state)])
        .append_pair("return_url", &format!("{}/return", app.app_url))
        .append_pair("callback_url", &format!("{}/callback", app.app_url))
        .finish();
    let store = format!("{}/wc-auth/v1/authorize?{query}", app.store_url);
    HttpResponse::Found().insert_header((LOCATION, store)).finish()
}

/// The store hands over the keys. `body` is the raw bytes: what was parsed cannot be checked.
async fn take_keys(app: Data<Connections>, request: HttpRequest, body: Bytes) -> HttpResponse {
    if !app.is_signed(request.headers(), &body).await {
        return HttpResponse::Unauthorized().body("The signature does not hold.\n");
    }
    let nobody_asked = || HttpResponse::Forbidden().body("Nobody here asked for these keys.\n");
    let Ok(keys) = serde_json::from_slice::<Keys>(&body) else {
        return nobody_asked();
    };
    let mut tables = app.tables();
    let Tables { connections, taken } = &mut *tables;
    match connections.get_mut(&keys.state) {
        Some((user_id, pair)) if *user_id == keys.user_id => {
            // A repeat is no news, and no error.
            if taken.insert(header(request.headers(), "webhook-id").to_owned()) {
                *pair = Some([keys.consumer_key, keys.consumer_secret]);
                println!("stored the keys for user {user_id}");
            }
            HttpResponse::NoContent().finish()
        }
        _ => nobody_asked(),
    }
}

/// The browser comes back. Anybody can type success=1; only the signed callback brings keys.
async fn come_back(app: Data<Connections>, query: Query<HashMap<String, String>>) -> &'static str {
    let tables = app.tables();
    match query.get("state").and_then(|state| tables.connections.get(state)) {
        Some((_, Some(_keys))) => "Your store is connected.\n",
        _ => "Your store is not connected: it has sent no keys.\n",
    }
}

#[actix_web::main]
async fn main() -> io::Result<()> {
    let _ = rustls::crypto::ring::default_provider().install_default(); // for reqwest
    let setting = |name: &str| env::var(name).unwrap_or_else(|_| panic!("set {name}"));
    let port = env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(8000);
    let app = Data::new(Connections {
        store_url: setting("STORE_URL").trim_end_matches('/').to_owned(),
        app_url: setting("APP_URL").trim_end_matches('/').to_owned(),
        tables: Mutex::default(),
        public_keys: tokio::sync::Mutex::default(),
    });
    let server = HttpServer::new(move || {
        App::new()
            .app_data(app.clone())
            .route("/connect", get().to(connect))
            .route("/callback", post().to(take_keys))
            .route("/return", get().to(come_back))
    });
    let server = server.bind(("127.0.0.1", port))?;
    println!("listening on http://{}", server.addrs()[0]);
    server.run().await
}
