//! `POST /oauth2/token` (RFC 6749 §3.2).

use actix_web::{HttpRequest, HttpResponse, web::Payload};
use zeroize::Zeroizing;

use super::{
    answer,
    credentials::{self, Credentials},
    form::Form,
};
use crate::{
    service::{
        Services,
        access_tokens::Issued,
        caller::{Actor, Caller},
        oauth2::{self, Error, Grant, Kind, TokenRequest},
    },
    web::{site::Site, visitor},
};

/// Gives a client a token.
pub async fn token(request: HttpRequest, payload: Payload) -> HttpResponse {
    let visitor::App { services, site, .. } = visitor::app(&request);
    let site = site.load_full();
    let refused = |error: &Error| {
        services.metrics.tokens.refused(error.word());
        answer::error(error)
    };
    let form = match Form::of(&request, payload).await {
        Ok(form) => form,
        Err(error) => return refused(&error),
    };
    match exchanged(&services, &site, &request, &form).await {
        Ok(issued) => answer::token(&issued, form.get("scope")),
        Err(error) => refused(&error),
    }
}

async fn exchanged(
    services: &Services,
    site: &Site,
    request: &HttpRequest,
    form: &Form,
) -> Result<Issued, Error> {
    let needs_tls = services.tokens.options.public_is_secure;
    let address = credentials::client_address(request, site, needs_tls)?;
    let grant = grant(services, form)?;
    let credentials = Credentials::of(request, form)?;
    let client = oauth2::authenticate(services, &credentials.presented(address), true).await?;
    let caller = Caller {
        actor: Actor::Nobody,
        address: Some(address),
        request_id: Some(visitor::request_id(request)).filter(|id| !id.is_empty()),
    };
    let asks =
        TokenRequest { grant, scope: form.get("scope"), validity: form.get("validity_period") };
    oauth2::exchange(services, &caller, &client, asks).await
}

fn grant<'a>(services: &Services, form: &'a Form) -> Result<Grant<'a>, Error> {
    match form.need("grant_type")? {
        "client_credentials" => Ok(Grant::ClientCredentials),
        "refresh_token" => Ok(Grant::RefreshToken(form.need("refresh_token")?)),
        "authorization_code" => Ok(Grant::AuthorizationCode {
            code: form.need("code")?,
            redirect_uri: form.get("redirect_uri"),
            verifier: form.get("code_verifier"),
        }),
        "password" if services.tokens.options.password_grant => Ok(Grant::Password {
            username: form.need("username")?,
            password: Zeroizing::new(form.need("password")?.to_owned()),
        }),
        "password" => Err(Error::new(
            Kind::UnsupportedGrantType,
            "the store has not switched the password grant on; use authorization_code",
        )),
        _ => Err(Error::new(
            Kind::UnsupportedGrantType,
            "grant_type must be client_credentials, authorization_code or refresh_token",
        )),
    }
}
