//! The answers of `/verify`: what the proxy passes on to the store, or to the client.
//!
//! An allowed request always gets all four identity headers, empty ones for nobody, so that a proxy
//! that copies them overwrites whatever a client made up.

use std::borrow::Cow;

use actix_web::{
    HttpResponse,
    body::BoxBody,
    http::{
        StatusCode,
        header::{
            CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
            X_CONTENT_TYPE_OPTIONS,
        },
    },
};
use serde_json::json;

use crate::{
    domain::refusal::{Refusal, Wish},
    service::{
        ServiceError,
        verify::{Identity, Word},
    },
    web::{request_id::RequestId, respond::TRY_AGAIN_AFTER},
};

const KEY_ID: HeaderName = HeaderName::from_static("x-appgrant-key-id");
const PERMISSIONS: HeaderName = HeaderName::from_static("x-appgrant-permissions");
const OWNER: HeaderName = HeaderName::from_static("x-appgrant-owner");
const APP: HeaderName = HeaderName::from_static("x-appgrant-app");
const ENVIRONMENT: HeaderName = HeaderName::from_static("x-appgrant-environment");
const DROP: HeaderName = HeaderName::from_static("x-appgrant-drop");
const ERROR: HeaderName = HeaderName::from_static("x-appgrant-error");
const MESSAGE: HeaderName = HeaderName::from_static("x-appgrant-message");
const REASON: HeaderName = HeaderName::from_static("x-appgrant-reason");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=UTF-8");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const NOINDEX: HeaderValue = HeaderValue::from_static("noindex");
const INVALID_TOKEN: &str = "Bearer realm=\"store\", error=\"invalid_token\"";
const INVALID_REQUEST: &str = "Bearer realm=\"store\", error=\"invalid_request\"";
const INSUFFICIENT_SCOPE: &str = "Bearer realm=\"store\", error=\"insufficient_scope\"";
const EMPTY: HeaderValue = HeaderValue::from_static("");

/// What held a credential: the proxy keeps it from the store.
const CREDENTIALS: HeaderValue =
    HeaderValue::from_static("authorization, x-accesstoken, consumer_key, consumer_secret");

const NONE: HeaderValue = HeaderValue::from_static("none");

/// It may pass, as that key's or as nobody's. Unless the store gets credentials too, the proxy is told what
/// to keep back; it lets them through at the word `none` alone, so that a lost header gives nothing away.
pub fn allowed(identity: Option<&Identity>, keeps_credentials: bool) -> HttpResponse {
    let mut response = HttpResponse::new(StatusCode::NO_CONTENT);
    let headers = response.headers_mut();
    let [id, permissions, owner, app, environment] = identity.map_or([EMPTY; 5], |identity| {
        let permissions = HeaderValue::from_static(identity.permissions.as_str());
        let environment = HeaderValue::from_static(identity.environment.as_str());
        let (owner, app) = (value(&identity.owner), value(&identity.app));
        [identity.key_id.into(), permissions, owner, app, environment]
    });
    // Into an empty map: `insert` would hand out what stood there before, six moves of a whole list.
    headers.append(CACHE_CONTROL, NO_STORE);
    headers.append(KEY_ID, id);
    headers.append(PERMISSIONS, permissions);
    headers.append(OWNER, owner);
    headers.append(APP, app);
    headers.append(ENVIRONMENT, environment);
    headers.append(DROP, if keeps_credentials { NONE } else { CREDENTIALS });
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

/// It may not pass. Who came with a Bearer token is told so in its scheme's words too (RFC 6750 §3).
pub fn refused(id: RequestId, refused: Refused, bearer: bool) -> HttpResponse {
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
    let mut response = answer(&id, status, &words, bodiless);
    if bearer {
        let challenge = match refusal {
            Refusal::Method(_) => INSUFFICIENT_SCOPE,
            Refusal::AmbiguousCredentials => INVALID_REQUEST,
            _ => INVALID_TOKEN,
        };
        response.headers_mut().append(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    response
}

/// It cannot be told at present.
pub fn unavailable(id: RequestId, error: &ServiceError, bodiless: bool) -> HttpResponse {
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
    let mut response = answer(&id, StatusCode::SERVICE_UNAVAILABLE, &words, bodiless);
    response.headers_mut().insert(RETRY_AFTER, TRY_AGAIN_AFTER);
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
    RequestId(id): &RequestId,
    status: StatusCode,
    words: &Words<'_>,
    bodiless: bool,
) -> HttpResponse {
    tracing::debug!(request_id = id, reason = words.reason, "refused");
    let mut response = HttpResponse::new(status);
    let headers = response.headers_mut();
    headers.append(CACHE_CONTROL, NO_STORE);
    headers.append(ERROR, HeaderValue::from_static(words.code));
    headers.append(MESSAGE, message(words));
    headers.append(REASON, HeaderValue::from_static(words.reason));
    headers.append(REQUEST_ID, HeaderValue::from_str(id).unwrap_or(EMPTY));
    if bodiless {
        return response;
    }
    headers.append(CONTENT_TYPE, JSON);
    headers.append(X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    headers.append(ROBOTS, NOINDEX);
    response.set_body(BoxBody::new(body(status, words, id)))
}

fn body(status: StatusCode, words: &Words<'_>, id: &str) -> String {
    let Words { code, message, reason, hint, base_string } = words;
    let mut data =
        json!({ "status": status.as_u16(), "reason": reason, "request_id": id, "hint": hint });
    if let Some(base_string) = base_string {
        data["expected_base_string"] = (*base_string).into();
    }
    json!({ "code": code, "message": message, "data": data }).to_string()
}

/// Nearly all messages are there from the start.
fn message(words: &Words<'_>) -> HeaderValue {
    match &words.message {
        Cow::Borrowed(text) => HeaderValue::from_static(text),
        Cow::Owned(text) => HeaderValue::from_str(text).unwrap_or(EMPTY),
    }
}

fn value(word: &Word) -> HeaderValue {
    HeaderValue::from_maybe_shared(word.encoded()).unwrap_or(EMPTY)
}
