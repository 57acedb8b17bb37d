//! `POST /oauth2/introspect` (RFC 7662): what a token is worth.
//!
//! A store's program may ask with each request, so the usual answer comes from memory and without a line in
//! the log: the client is known by its header's hash, as `/verify` knows it, and the token by its own.
//! An API token of somebody who may see keys (`Authorization: Bearer agt_…`) may ask about all tokens.

use actix_web::{
    Error as ActixError, FromRequest as _, HttpRequest, HttpResponse,
    dev::{ServiceRequest, ServiceResponse, fn_service},
    http::{Method, StatusCode, header::AUTHORIZATION},
    web::{self, Data, Payload, ServiceConfig},
};
use serde::Serialize;
use serde_json::json;

use super::{
    answer,
    credentials::{self, Credentials},
    form::Form,
    metadata,
};
use crate::{
    domain::{api_token::ApiToken, scope, timestamp::Timestamp},
    service::{
        Services,
        oauth2::{self, Error, Introspected, Kind},
        tokens,
        verify::LiveKey,
    },
    web::{site::Site, visitor::App},
};

/// Where it stands.
const PATH: &str = "/oauth2/introspect";

/// Registers it, as `/verify` is registered: not as a route with a handler.
pub fn configure(config: &mut ServiceConfig, app: &Data<App>, prefix: &str) {
    let app = app.clone();
    let service = fn_service(move |request| introspect(request, app.clone()));
    config.service(web::service(format!("{prefix}{PATH}")).finish(service));
}

async fn introspect(
    request: ServiceRequest,
    app: Data<App>,
) -> Result<ServiceResponse, ActixError> {
    let (request, mut payload) = request.into_parts();
    if request.method() != Method::POST {
        return Ok(ServiceResponse::new(request, answer::only("POST")));
    }
    let payload = Payload::from_request(&request, &mut payload).await?;
    let site = app.site.load();
    let told = told(&app.services, &site, &request, payload).await;
    let answer = told.unwrap_or_else(|error| answer::error(&error));
    Ok(ServiceResponse::new(request, answer))
}

async fn told(
    services: &Services,
    site: &Site,
    request: &HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let form = Form::of(request, payload).await?;
    let needs_tls = services.tokens.options.public_is_secure;
    let address = credentials::client_address(request, site, needs_tls)?;
    let asker = asker(services, request, &form, address).await?;
    let (client, key) = match &asker {
        Asker::Client(id, client) => (Some(&**id), Some(&*client.key)),
        Asker::Person => (None, None),
    };
    let found = found(services, key, (form.need("token")?, address)).await?;
    Ok(match &found {
        Some(found) => answer::json_body(StatusCode::OK, &Told::of(site, client, found)),
        None => answer::json_body(StatusCode::OK, &json!({ "active": false })),
    })
}

async fn found(
    services: &Services,
    asker: Option<&LiveKey>,
    asked: (&str, std::net::IpAddr),
) -> Result<Option<Introspected>, Error> {
    match oauth2::introspect_at_once(services, asker, asked) {
        Some(told) => Ok(told),
        None => Ok(oauth2::introspect(services, asker, asked).await?),
    }
}

/// Who asks.
enum Asker {
    /// A client, about its own tokens.
    Client(String, oauth2::Client),
    /// A person's program, about all.
    Person,
}

async fn asker(
    services: &Services,
    request: &HttpRequest,
    form: &Form,
    address: std::net::IpAddr,
) -> Result<Asker, Error> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let bearer = headers.next().and_then(|value| value.to_str().ok()?.split_once(' '));
    if let (Some((scheme, token)), None) = (bearer, headers.next())
        && scheme.eq_ignore_ascii_case("bearer")
    {
        let wrong = || Error::new(Kind::InvalidClient, "the API token is not known, or is over");
        let token = ApiToken::parse(token.trim()).ok_or_else(wrong)?;
        tokens::authenticate(services, address, &token).await?.ok_or_else(wrong)?;
        return Ok(Asker::Person);
    }
    let credentials = Credentials::of(request, form)?;
    let client = oauth2::authenticate(services, &credentials.presented(address), false).await?;
    if !client.is_confidential {
        let say = "an app that keeps no secret cannot ask what tokens are worth";
        return Err(Error::new(Kind::InvalidClient, say));
    }
    Ok(Asker::Client(credentials.id, client))
}

/// What is told of a live token (RFC 7662 §2.2). Written straight into the answer's body: a value in between
/// would cost more than all the rest.
#[derive(Serialize)]
struct Told<'a> {
    active: bool,
    scope: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    username: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    sub: String,
    iss: &'a str,
    key_id: i64,
    environment: &'static str,
}

impl<'a> Told<'a> {
    fn of(site: &'a Site, client: Option<&'a str>, found: &'a Introspected) -> Self {
        Self {
            active: true,
            scope: scope::text(found.permissions),
            client_id: client.filter(|_| found.is_askers),
            username: &found.owner,
            token_type: found.is_access.then_some("Bearer"),
            exp: found.expires_at.map(Timestamp::as_seconds),
            iat: found.issued_at.map(Timestamp::as_seconds),
            sub: found.owner_id.to_string(),
            iss: metadata::issuer(site),
            key_id: found.key_id,
            environment: found.environment.as_str(),
        }
    }
}
