//! Answers in the RFCs' JSON: tokens (RFC 6749 §5.1) and errors (§5.2). Never kept by anybody in between.

use std::time::Duration;

use actix_web::{
    HttpResponse,
    body::BoxBody,
    http::{
        StatusCode,
        header::{
            ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE,
            X_CONTENT_TYPE_OPTIONS,
        },
    },
};
use serde::Serialize;
use serde_json::json;

use crate::{
    domain::scope,
    service::{
        access_tokens::Issued,
        oauth2::{self, Error},
    },
    web::respond::TRY_AGAIN_AFTER,
};

const JSON: HeaderValue = HeaderValue::from_static("application/json;charset=UTF-8");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const BASIC: HeaderValue = HeaderValue::from_static("Basic realm=\"token\", charset=\"UTF-8\"");

/// A token. `asked` is the scope in the client's own words, which some libraries compare; with a code
/// nobody looks at it, so it may be anything.
pub fn token(issued: &Issued, asked: Option<&str>) -> HttpResponse {
    let is_that = |asked: &&str| scope::parse(asked) == Some(issued.permissions);
    let mut body = json!({
        "access_token": issued.access.expose(),
        "token_type": "Bearer",
        "scope": asked.filter(is_that).unwrap_or(scope::text(issued.permissions)),
    });
    if let Some(seconds) = issued.expires_in {
        body["expires_in"] = seconds.into();
    }
    if let Some(refresh) = &issued.refresh {
        body["refresh_token"] = refresh.expose().into();
    }
    json_body(StatusCode::OK, &body)
}

/// An error.
pub fn error(error: &Error) -> HttpResponse {
    let (status, description) = match error {
        Error::Refused(kind, description) => (kind.status(), &**description),
        Error::Wait(_, description) => (429, *description),
        Error::Service(error) => return unavailable(error),
    };
    tracing::debug!(error = error.word(), description, "no token");
    let body = json!({ "error": error.word(), "error_description": said(description) });
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = json_body(status, &body);
    let headers = response.headers_mut();
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, BASIC);
    }
    if let Error::Wait(time, _) = error {
        headers.insert(RETRY_AFTER, whole_seconds(*time).into());
    }
    response
}

/// A time in seconds, for `Retry-After`; not less than it is.
pub fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// That nothing can be answered at present.
pub fn unavailable(error: &crate::service::ServiceError) -> HttpResponse {
    tracing::error!(%error, "a request for a token could not be answered");
    let body = json!({
        "error": oauth2::UNAVAILABLE,
        "error_description": "the service cannot answer right now; try again in a moment",
    });
    let mut response = json_body(StatusCode::SERVICE_UNAVAILABLE, &body);
    response.headers_mut().insert(RETRY_AFTER, TRY_AGAIN_AFTER);
    response
}

/// That another method is needed.
pub fn only(methods: &'static str) -> HttpResponse {
    let body = json!({
        "error": "invalid_request", "error_description": format!("the method must be {methods}"),
    });
    let mut response = json_body(StatusCode::METHOD_NOT_ALLOWED, &body);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
    response
}

/// An answer with that body, which may hold tokens.
pub fn json_body(status: StatusCode, body: &impl Serialize) -> HttpResponse {
    let mut response = HttpResponse::new(status);
    let headers = response.headers_mut();
    headers.append(CONTENT_TYPE, JSON);
    headers.append(CACHE_CONTROL, NO_STORE);
    headers.append(PRAGMA, NO_CACHE);
    headers.append(X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    let body = serde_json::to_vec(body).expect("texts and numbers are JSON");
    response.set_body(BoxBody::new(body))
}

/// The characters that §5.2 allows in a description.
fn said(description: &str) -> String {
    let plain = description.replace(['’', '“', '”', '"', '\\'], "'");
    plain.chars().filter(|c| matches!(c, ' '..='~')).collect()
}
