//! The third-party app “Parcel Express”: a page with a button, an HTTPS callback that takes the keys,
//! and a page that shows what came of it.

use std::{net::TcpListener, sync::Mutex};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    web::{self, Bytes, Data},
};
use appgrant::{
    domain::{
        entropy::random,
        signature::{self, SignatureHeaders},
    },
    service::environment::{Clock, SystemClock, SystemEntropy},
};
use data_encoding::HEXLOWER;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rustls::ServerConfig;
use serde_json::Value;

use crate::Outcome;

/// The app's own name for its user, whose store is to be connected.
const USER: &str = "shop-4711";

/// The app, with the keys of the stores that connected to it; here it is only ever one.
struct Parcel {
    /// The link behind the button, without its `state`.
    authorize_url: String,
    /// The mark of the newest link: keys that come without it were not asked for by this user.
    state: Mutex<String>,
    jwks_url: String,
    store_url: String,
    keys: Mutex<Option<Value>>,
}

/// Why taking a lock cannot fail.
const HELD: &str = "no thread panics while it holds it";

const STYLE: &str = "<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'>\
<title>Parcel Express</title><style>body{font:1.1rem/1.6 system-ui;max-width:40rem;margin:3rem auto;padding:0 1rem}\
a.button{display:inline-block;padding:.7rem 1.4rem;border-radius:8px;background:#0f766e;color:#fff;text-decoration:none}\
pre{background:#eef4f3;padding:1rem;border-radius:8px;white-space:pre-wrap;overflow-wrap:anywhere}</style>";

/// Starts the app: pages on the first listener, the callback on the second. Gives the page's address.
pub fn start(
    appgrant_url: &str,
    store_url: &str,
    (pages, callback): (TcpListener, TcpListener),
    tls: ServerConfig,
) -> Outcome<String> {
    let url = format!("http://{}", pages.local_addr()?);
    let callback_url = format!("https://localhost:{}/callback", callback.local_addr()?.port());
    let app = Data::new(Parcel {
        authorize_url: authorize_url(appgrant_url, &url, &callback_url),
        jwks_url: format!("{appgrant_url}/.well-known/jwks.json"),
        store_url: store_url.to_owned(),
        state: Mutex::default(),
        keys: Mutex::new(None),
    });
    let for_callback = app.clone();
    let site = HttpServer::new(move || {
        App::new()
            .app_data(app.clone())
            .route("/", web::get().to(home))
            .route("/connected", web::get().to(connected))
    });
    let hook = HttpServer::new(move || {
        App::new().app_data(for_callback.clone()).route("/callback", web::post().to(receive))
    });
    tokio::spawn(site.workers(1).disable_signals().listen(pages)?.run());
    tokio::spawn(hook.workers(1).disable_signals().listen_rustls_0_23(callback, tls)?.run());
    Ok(url)
}

/// The link behind the button: each value encoded once.
fn authorize_url(appgrant_url: &str, url: &str, callback_url: &str) -> String {
    let return_url = format!("{url}/connected");
    let pairs = [
        ("app_name", "Parcel Express"),
        ("user_id", USER),
        ("return_url", &return_url),
        ("callback_url", callback_url),
        ("scope", "read"),
    ];
    let query = pairs
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)));
    format!("{appgrant_url}/wc-auth/v1/authorize?{}", query.join("&"))
}

async fn home(app: Data<Parcel>) -> HttpResponse {
    let state = HEXLOWER.encode(&random::<16>(&SystemEntropy));
    let link = format!("{}&state={state}", app.authorize_url).replace('&', "&amp;");
    *app.state.lock().expect(HELD) = state;
    page(&format!(
        "<h1>Parcel Express</h1><p>Labels for your parcels, straight from your orders.</p>\
                   <p><a class=button href=\"{link}\">Connect your store</a></p>"
    ))
}

/// Takes the keys, if the store's signature holds and this user asked for them.
async fn receive(app: Data<Parcel>, request: HttpRequest, body: Bytes) -> HttpResponse {
    if !signature_holds(&app, &request, &body).await.unwrap_or(false) {
        return HttpResponse::Unauthorized().body("the signature does not hold");
    }
    let Ok(keys) = serde_json::from_slice::<Value>(&body) else {
        return HttpResponse::BadRequest().body("that is not JSON");
    };
    if keys["user_id"] != USER || keys["state"] != *app.state.lock().expect(HELD) {
        return HttpResponse::Conflict().body("nobody here asked for these keys");
    }
    *app.keys.lock().expect(HELD) = Some(keys);
    HttpResponse::NoContent().finish()
}

/// Whether the store signed this just now. How an app checks it without this crate, and everything
/// else a real app does with a callback, is in `examples/receivers`.
async fn signature_holds(app: &Parcel, request: &HttpRequest, body: &[u8]) -> Option<bool> {
    let header = |name: &str| Some(request.headers().get(name)?.to_str().ok()?.to_owned());
    let headers = SignatureHeaders {
        id: header("webhook-id")?,
        timestamp: header("webhook-timestamp")?,
        signature: header("webhook-signature")?,
    };
    let keys = reqwest::get(&app.jwks_url).await.ok()?.json().await.ok()?;
    Some(signature::verify(&keys, &headers, SystemClock.now(), body).is_ok())
}

/// Shows what was received, and what the store's API says to it.
async fn connected(app: Data<Parcel>, request: HttpRequest) -> HttpResponse {
    let keys = app.keys.lock().expect(HELD).clone();
    let Some(mut keys) = keys.filter(|_| request.query_string().contains("success=1")) else {
        return page("<h1>Not connected</h1><p>The store said no. <a href=/>Back</a></p>");
    };
    let answer = ask_store(&app.store_url, &keys).await.unwrap_or_else(|error| error.to_string());
    if let Some(secret) = keys["consumer_secret"].as_str() {
        keys["consumer_secret"] = format!("{}…", &secret[..7]).into();
    }
    let received = serde_json::to_string_pretty(&keys).unwrap_or_default();
    page(&format!(
        "<h1>Your store is connected</h1><h2>What the app received</h2><pre>{}</pre>\
                   <h2>What the store’s API answered</h2><pre id=answer>{}</pre>",
        escaped(&received),
        escaped(&answer)
    ))
}

async fn ask_store(store_url: &str, keys: &Value) -> Result<String, reqwest::Error> {
    let (key, secret) = (keys["consumer_key"].as_str(), keys["consumer_secret"].as_str());
    let request = reqwest::Client::new().get(store_url).basic_auth(key.unwrap_or_default(), secret);
    let response = request.send().await?;
    let status = response.status();
    Ok(format!("GET {store_url}\n{status}\n{}", response.text().await?))
}

fn page(content: &str) -> HttpResponse {
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(format!("{STYLE}{content}"))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
