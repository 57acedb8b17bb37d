//! `POST /auth/v1/accessToken`: tokens the `PureWL` way (docs/purewl.md), form or JSON.
//!
//! One envelope for everything: `header` with `code` 1 or 0, `message` and `response_code`; `body` with the
//! tokens, or empty. Statuses are ours: 400 for a broken request, 401 for a wrong secret or token, 405 for
//! another method.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{ALLOW, HeaderValue, RETRY_AFTER},
    },
    web::Payload,
};
use serde_json::{Value, json};

use super::{
    answer, credentials,
    form::{self, BodyKind, Form},
};
use crate::{
    domain::access_token::{MadeBy, RefreshToken},
    service::{
        Services,
        access_tokens::{self, Issue, Issued, Refresh},
        caller::{Actor, Caller},
        oauth2::{self, Error, Kind, Presented},
        verify::Identity,
    },
    web::{respond::TRY_AGAIN_AFTER, site::Site, visitor},
};

/// Gives a token for a key's secret, or for a refresh token.
pub async fn access_token(request: HttpRequest, payload: Payload) -> HttpResponse {
    let visitor::App { services, site, .. } = visitor::app(&request);
    let site = site.load_full();
    match made(&services, &site, &request, payload).await {
        Ok((issued, identity)) => success(&issued, &identity),
        Err(error) => failure(&services, &error),
    }
}

/// Answers every other method, in the envelope that its clients read.
pub async fn wrong_method() -> HttpResponse {
    let say = "this address takes POST only";
    let mut response =
        answer::json_body(StatusCode::METHOD_NOT_ALLOWED, &envelope(0, say, json!({})));
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    response
}

async fn made(
    services: &Services,
    site: &Site,
    request: &HttpRequest,
    payload: Payload,
) -> Result<(Issued, Identity), Error> {
    let form = read(request, payload).await?;
    let needs_tls = services.tokens.options.public_is_secure;
    let address = credentials::client_address(request, site, needs_tls)?;
    let caller = Caller {
        actor: Actor::Nobody,
        address: Some(address),
        request_id: Some(visitor::request_id(request)).filter(|id| !id.is_empty()),
    };
    match form.need("grantType")? {
        "secret" => by_secret(services, request, &form, address).await,
        "refresh" => {
            let text = form.need("refreshToken")?;
            let refresh = Refresh {
                text,
                client: None,
                is_proven: false,
                narrowed: None,
                asked: None,
                address,
            };
            let refreshed = access_tokens::refresh(services, &caller, refresh).await?;
            Ok((refreshed.issued, refreshed.key.identity.clone()))
        }
        _ => Err(Error::new(Kind::InvalidRequest, "grantType must be secret or refresh")),
    }
}

async fn by_secret(
    services: &Services,
    request: &HttpRequest,
    form: &Form,
    address: std::net::IpAddr,
) -> Result<(Issued, Identity), Error> {
    let (id, secret) = pair(request, form.need("secretKey")?)?;
    let presented = Presented { id, secret: Some(secret), address };
    let client = oauth2::authenticate(services, &presented, true).await?;
    let issue = Issue {
        key: &client.key,
        client: None,
        permissions: client.key.identity.permissions,
        made_by: MadeBy::Secret,
        asked: None,
        refreshes: true,
    };
    let issued = access_tokens::issue(services, &issue).await?;
    Ok((issued, client.key.identity.clone()))
}

/// Both halves: between colons, or the secret alone beside `X-Consumer-Key`.
fn pair<'a>(request: &'a HttpRequest, secret_key: &'a str) -> Result<(&'a str, &'a str), Error> {
    if let Some(pair) = secret_key.split_once(':') {
        return Ok(pair);
    }
    let mut named = request.headers().get_all("x-consumer-key");
    let name = named.next().and_then(|value| value.to_str().ok());
    let say = "secretKey must be the consumer key and secret with a colon between them, or the secret \
               alone with the key in X-Consumer-Key";
    name.filter(|_| named.next().is_none())
        .map(|name| (name.trim(), secret_key))
        .ok_or_else(|| Error::new(Kind::InvalidRequest, say))
}

async fn read(request: &HttpRequest, payload: Payload) -> Result<Form, Error> {
    match form::kind(request) {
        BodyKind::Form => Form::of(request, payload).await,
        BodyKind::Json => Form::from_json(&form::body(payload).await?),
        BodyKind::Other => Err(Error::new(
            Kind::InvalidRequest,
            "send the parameters as application/x-www-form-urlencoded or application/json",
        )),
    }
}

fn success(issued: &Issued, identity: &Identity) -> HttpResponse {
    let body = json!({
        "accessToken": issued.access.expose(),
        "refreshToken": issued.refresh.as_ref().map(RefreshToken::expose),
        // What never ends is said to live as long as anything that ends.
        "expiry": issued.expires_in.unwrap_or(NEVER),
        "resellerId": identity.key_id,
        "resellerUid": identity.owner_id.to_string(),
    });
    answer::json_body(StatusCode::OK, &envelope(1, "success", body))
}

/// Ten years, in seconds.
const NEVER: u64 = 315_360_000;

fn failure(services: &Services, error: &Error) -> HttpResponse {
    services.metrics.tokens.refused(error.word());
    let (status, message) = match error {
        Error::Refused(
            Kind::InvalidClient | Kind::InvalidGrant | Kind::UnauthorizedClient,
            text,
        ) => (StatusCode::UNAUTHORIZED, text.to_string()),
        Error::Wait(_, text) => (StatusCode::TOO_MANY_REQUESTS, (*text).to_owned()),
        Error::Refused(_, text) => (StatusCode::BAD_REQUEST, text.to_string()),
        Error::Service(error) => {
            tracing::error!(%error, "a request for a token could not be answered");
            let say = "the service cannot answer right now; try again in a moment".to_owned();
            (StatusCode::SERVICE_UNAVAILABLE, say)
        }
    };
    let mut response = answer::json_body(status, &envelope(0, &message, json!({})));
    if let Error::Wait(time, _) = error {
        response.headers_mut().insert(RETRY_AFTER, answer::whole_seconds(*time).into());
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, TRY_AGAIN_AFTER);
    }
    response
}

fn envelope(code: u8, message: &str, body: Value) -> Value {
    json!({
        "header": { "code": code, "message": message, "response_code": code },
        "body": body,
    })
}
