//! The answers of `/verify`: what the proxy passes on to the store, or to the client.
//!
//! An allowed request always gets all four identity headers, empty ones for nobody, so that a proxy
//! that copies them overwrites whatever a client made up.

use std::borrow::Cow;

use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER},
    },
};
use data_encoding::HEXLOWER;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::json;

use crate::{
    domain::{
        entropy::random,
        refusal::{Refusal, Wish},
    },
    service::{ServiceError, Services, verify::Identity},
};

const KEY_ID: HeaderName = HeaderName::from_static("x-appgrant-key-id");
const PERMISSIONS: HeaderName = HeaderName::from_static("x-appgrant-permissions");
const OWNER: HeaderName = HeaderName::from_static("x-appgrant-owner");
const APP: HeaderName = HeaderName::from_static("x-appgrant-app");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const EMPTY: HeaderValue = HeaderValue::from_static("");

/// What a header cannot carry, and the percent sign itself.
const IN_HEADER: &AsciiSet = &CONTROLS.add(b'%');

/// It may pass, as that key's or as nobody's.
pub fn allowed(identity: Option<&Identity>) -> HttpResponse {
    let mut response = HttpResponse::new(StatusCode::NO_CONTENT);
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, NO_STORE);
    let [id, permissions, owner, app] = identity.map_or([EMPTY; 4], |identity| {
        [
            HeaderValue::from(identity.key_id),
            HeaderValue::from_static(identity.permissions.as_str()),
            header(&identity.owner),
            identity.app.as_deref().map_or(EMPTY, header),
        ]
    });
    headers.insert(KEY_ID, id);
    headers.insert(PERMISSIONS, permissions);
    headers.insert(OWNER, owner);
    headers.insert(APP, app);
    response
}

/// A request that may not pass, and to whom that is told.
pub struct Refused {
    /// Why.
    pub refusal: Refusal,
    /// What it wanted.
    pub wish: Wish,
    /// Whether the proxy throws a body away.
    pub bodiless: bool,
}

/// It may not pass.
pub fn refused(services: &Services, refused: Refused) -> HttpResponse {
    let Refused { refusal, wish, bodiless } = refused;
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::UNAUTHORIZED);
    let words = Words {
        code: refusal.code(wish),
        message: refusal.message(wish),
        reason: refusal.reason(),
        hint: refusal.hint(),
        base_string: match &refusal {
            Refusal::Signature { base_string, .. } => base_string.as_deref(),
            _ => None,
        },
    };
    answer(services, status, &words, bodiless)
}

/// It cannot be told at present.
pub fn unavailable(services: &Services, error: &ServiceError, bodiless: bool) -> HttpResponse {
    let reason = match error {
        ServiceError::Busy => "busy",
        ServiceError::Db(_) => {
            tracing::error!(%error, "a request could not be judged");
            "unavailable"
        }
    };
    let words = Words {
        code: "appgrant_unavailable",
        message: "The key cannot be checked right now. Please try again in a moment.".into(),
        reason,
        base_string: None,
        hint: "Send the same request again after the seconds that Retry-After says.",
    };
    let mut response = answer(services, StatusCode::SERVICE_UNAVAILABLE, &words, bodiless);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("2"));
    response
}

struct Words<'a> {
    code: &'static str,
    message: Cow<'static, str>,
    reason: &'static str,
    hint: &'static str,
    base_string: Option<&'a str>,
}

/// WooCommerce's JSON, and the same in headers for a proxy that throws bodies away.
fn answer(
    services: &Services,
    status: StatusCode,
    words: &Words<'_>,
    bodiless: bool,
) -> HttpResponse {
    let id = HEXLOWER.encode(&random::<8>(&*services.entropy));
    tracing::debug!(request_id = id, reason = words.reason, "refused");
    let mut response = HttpResponse::build(status);
    response
        .insert_header((CACHE_CONTROL, NO_STORE))
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .insert_header(("X-Robots-Tag", "noindex"))
        .insert_header(("X-Appgrant-Error", words.code))
        .insert_header(("X-Appgrant-Message", &*words.message))
        .insert_header(("X-Appgrant-Reason", words.reason))
        .insert_header(("X-Request-Id", id.as_str()));
    if bodiless {
        return response.finish();
    }
    with_body(response, status, words, &id)
}

fn with_body(
    mut response: HttpResponseBuilder,
    status: StatusCode,
    words: &Words<'_>,
    id: &str,
) -> HttpResponse {
    let Words { code, message, reason, hint, base_string } = words;
    let mut data =
        json!({ "status": status.as_u16(), "reason": reason, "request_id": id, "hint": hint });
    if let Some(base_string) = base_string {
        data["expected_base_string"] = (*base_string).into();
    }
    let body = json!({ "code": code, "message": message, "data": data });
    response.insert_header((CONTENT_TYPE, "application/json; charset=UTF-8")).body(body.to_string())
}

/// A text as a header's value: percent-encoded where a header could not carry it.
fn header(text: &str) -> HeaderValue {
    if text.bytes().all(|b| matches!(b, b' '..=b'~') && b != b'%') {
        return HeaderValue::from_str(text).unwrap_or(EMPTY);
    }
    let encoded = utf8_percent_encode(text, IN_HEADER).to_string();
    HeaderValue::from_str(&encoded).unwrap_or(EMPTY)
}
