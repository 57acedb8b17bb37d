//! Answers in the envelope of WooCommerce License Keys.
//!
//! What is no verdict about a license (too many failures, no database, no TLS, half a body) is a plain text with its status: the
//! published PHP client wipes what it knows of a license on any JSON with `error`, and takes anything else for a
//! server that is away, which is what its offline allowance is for.

use std::time::Duration;

use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{
            ALLOW, CACHE_CONTROL, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
            X_CONTENT_TYPE_OPTIONS,
        },
    },
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    domain::{
        licenses::{License, Refusal},
        timestamp::Timestamp,
    },
    service::{
        ServiceError, Services,
        licenses::{self, Granted, Handed},
    },
    web::{client_address::NEEDS_TLS, respond::TRY_AGAIN_AFTER},
};

/// The status in the envelope of a refusal, where refusals do not show in HTTP's.
const REFUSED: u16 = 500;

/// What a program is told of its license. Null where WooCommerce License Keys has null.
#[derive(Serialize)]
struct Told<'a> {
    expire: Option<i64>,
    activation_id: i64,
    expire_date: Option<String>,
    timezone: Option<&'static str>,
    the_key: &'a str,
    url: &'a str,
    has_expired: bool,
    status: &'static str,
    allow_offline: bool,
    offline_interval: Option<&'static str>,
    offline_value: Option<i64>,
    downloadable: Option<Download<'a>>,
    ctoken: &'a str,
}

#[derive(Serialize)]
struct Download<'a> {
    name: &'a str,
    url: &'a str,
}

/// A license that may be used.
pub fn granted(message: &str, granted: &Granted, key: &str) -> HttpResponse {
    let Granted { license, activation_id, page, now } = granted;
    let License { terms, product, .. } = license;
    let has_expired = license.has_expired(*now);
    let told = Told {
        expire: terms.expires_at.map(Timestamp::as_seconds),
        activation_id: *activation_id,
        expire_date: terms.expires_at.map(Timestamp::to_minute),
        timezone: terms.expires_at.map(|_| "UTC"),
        the_key: key,
        url: page,
        has_expired,
        status: if has_expired { "inactive" } else { "active" },
        allow_offline: terms.offline.is_some(),
        offline_interval: terms.offline.map(|offline| offline.interval.as_str()),
        offline_value: terms.offline.map(|offline| offline.value),
        downloadable: (!product.download_url.is_empty())
            .then(|| Download { name: &product.download_name, url: &product.download_url }),
        ctoken: &terms.cart_token,
    };
    let body = json!({ "error": false, "status": 200, "message": message, "data": told });
    body_of(StatusCode::OK, &body)
}

/// That something was done.
pub fn done(message: &str) -> HttpResponse {
    body_of(StatusCode::OK, &json!({ "error": false, "status": 200, "message": message }))
}

/// A token. The member is `expires`, not `expires_in`.
pub fn token(handed: &Handed) -> HttpResponse {
    let mut body = json!({ "access_token": handed.token.expose(), "token_type": "Bearer" });
    // What never ends is said to live as long as anything that ends.
    body["expires"] = handed.expires_in.unwrap_or(315_360_000).into();
    body_of(StatusCode::OK, &body)
}

/// That rules are broken.
pub async fn refused(services: &Services, refusals: &[Refusal]) -> HttpResponse {
    let codes: Vec<_> = refusals.iter().map(|refusal| refusal.code()).collect();
    tracing::debug!(?codes, "a question about a license was refused");
    let (format, in_status) = match licenses::how_to_refuse(services).await {
        Ok(how) => how,
        Err(error) => return unavailable(&error),
    };
    let status = refusals.iter().map(|refusal| refusal.status()).min().unwrap_or(400);
    let shows = in_status || status == StatusCode::UNAUTHORIZED.as_u16();
    let told = if shows { status } else { REFUSED };
    let body = json!({ "error": true, "status": told, "errors": format.errors(refusals) });
    let status =
        if shows { StatusCode::from_u16(status).unwrap_or_default() } else { StatusCode::OK };
    let mut response = body_of(status, &body);
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge(refusals));
    }
    response
}

/// How a token is sent (RFC 6750 §3), beside the published words, which say less.
fn challenge(refusals: &[Refusal]) -> HeaderValue {
    HeaderValue::from_static(if refusals.contains(&Refusal::NoToken) {
        "Bearer realm=\"licenses\", error_description=\"send the token as Authorization: Bearer agat_...\""
    } else {
        "Bearer realm=\"licenses\", error=\"invalid_token\""
    })
}

/// That it is worth asking again after some time.
pub fn wait(time: Duration) -> HttpResponse {
    let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    let text = format!("Too many requests. Try again in {seconds} seconds.\n");
    let mut response = plain(StatusCode::TOO_MANY_REQUESTS, text);
    response.headers_mut().insert(RETRY_AFTER, seconds.into());
    response
}

/// That the question must come by TLS; no verdict, as it is a matter of the store's proxies.
pub fn insecure() -> HttpResponse {
    tracing::warn!(
        "a question about a license came without TLS, or a proxy did not say that it had it"
    );
    plain(StatusCode::FORBIDDEN, format!("Not answered: {NEEDS_TLS}.\n"))
}

/// That the question did not come whole.
pub fn broken_off() -> HttpResponse {
    plain(StatusCode::REQUEST_TIMEOUT, "The body broke off. Try again.\n".to_owned())
}

/// That nothing can be told at present.
pub fn unavailable(error: &ServiceError) -> HttpResponse {
    tracing::error!(%error, "a question about a license could not be answered");
    let text = "The service cannot answer right now. Try again in a moment.\n".to_owned();
    let mut response = plain(StatusCode::SERVICE_UNAVAILABLE, text);
    response.headers_mut().insert(RETRY_AFTER, TRY_AGAIN_AFTER);
    response
}

/// That another method is needed.
pub fn only(methods: &'static str) -> HttpResponse {
    let body = json!({
        "code": "rest_no_route", "message": format!("The method must be {methods}."),
        "data": { "status": 405 },
    });
    let mut response = body_of(StatusCode::METHOD_NOT_ALLOWED, &body);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
    response
}

/// WordPress' answer to an `admin-ajax.php` whose action nobody takes.
pub fn no_action() -> HttpResponse {
    plain(StatusCode::BAD_REQUEST, "0".to_owned())
}

/// An answer in JSON.
pub fn body_of(status: StatusCode, body: &Value) -> HttpResponse {
    let mut response = HttpResponse::build(status)
        .content_type("application/json; charset=UTF-8")
        .body(body.to_string());
    safe(&mut response);
    response
}

fn plain(status: StatusCode, text: String) -> HttpResponse {
    let mut response =
        HttpResponse::build(status).content_type("text/plain; charset=UTF-8").body(text);
    safe(&mut response);
    response
}

fn safe(response: &mut HttpResponse) {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}
