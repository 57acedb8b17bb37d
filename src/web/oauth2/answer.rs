//! Answers in the RFCs' JSON: tokens (RFC 6749 §5.1) and errors (§5.2). Never kept by anybody in between.

use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::{
        StatusCode,
        header::{ALLOW, CACHE_CONTROL, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use serde::Serialize;
use serde_json::json;

use crate::{
    domain::scope,
    service::{Services, access_tokens::Issued, oauth2::Error},
    web::respond::TRY_AGAIN_AFTER,
};

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
pub fn error(services: &Services, error: &Error) -> HttpResponse {
    let (kind, description) = match error {
        Error::Refused(kind, description) => (*kind, description),
        Error::Service(error) => return unavailable(error),
    };
    tracing::debug!(error = kind.code(), %description, "no token");
    let body = json!({ "error": kind.code(), "error_description": said(description) });
    let status = StatusCode::from_u16(kind.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = build(status);
    if status == StatusCode::UNAUTHORIZED {
        response.insert_header((WWW_AUTHENTICATE, "Basic realm=\"token\", charset=\"UTF-8\""));
    }
    if let Some(wait) = error.wait(services.tokens.options.rate) {
        response.insert_header((RETRY_AFTER, wait.as_secs()));
    }
    response.body(body.to_string())
}

/// That nothing can be answered at present.
pub fn unavailable(error: &crate::service::ServiceError) -> HttpResponse {
    tracing::error!(%error, "a request for a token could not be answered");
    let body = json!({
        "error": "temporarily_unavailable",
        "error_description": "the service cannot answer right now; try again in a moment",
    });
    let mut response = build(StatusCode::SERVICE_UNAVAILABLE);
    response.insert_header((RETRY_AFTER, TRY_AGAIN_AFTER)).body(body.to_string())
}

/// An answer with that body, which may hold tokens.
pub fn json_body(status: StatusCode, body: &impl Serialize) -> HttpResponse {
    build(status).body(serde_json::to_vec(body).expect("texts and numbers are JSON"))
}

/// That another method is needed.
pub fn only(methods: &'static str) -> HttpResponse {
    let body = json!({
        "error": "invalid_request", "error_description": format!("the method must be {methods}"),
    });
    let mut response = build(StatusCode::METHOD_NOT_ALLOWED);
    response.insert_header((ALLOW, methods)).body(body.to_string())
}

fn build(status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response
        .content_type("application/json;charset=UTF-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((PRAGMA, "no-cache"))
        .insert_header(("X-Content-Type-Options", "nosniff"));
    response
}

/// The characters that §5.2 allows in a description.
fn said(description: &str) -> String {
    let plain = description.replace(['’', '“', '”', '"', '\\'], "'");
    plain.chars().filter(|c| matches!(c, ' '..='~')).collect()
}
