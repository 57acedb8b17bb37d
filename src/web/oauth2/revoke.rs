//! `POST /oauth2/revoke` (RFC 7009): a client throws a token away. 200 whether there was one or not.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Payload};
use serde_json::json;

use super::{
    answer,
    credentials::{self, Credentials},
    form::Form,
};
use crate::{
    service::{
        Services,
        caller::{Actor, Caller},
        oauth2::{self, Error},
    },
    web::{site::Site, visitor},
};

/// Ends a token of the client's. `token_type_hint` is not needed: a token's beginning says what it is.
pub async fn revoke(request: HttpRequest, payload: Payload) -> HttpResponse {
    let visitor::App { services, site, .. } = visitor::app(&request);
    let site = site.load_full();
    match revoked(&services, &site, &request, payload).await {
        Ok(()) => answer::json_body(StatusCode::OK, &json!({})),
        Err(error) => answer::error(&error),
    }
}

async fn revoked(
    services: &Services,
    site: &Site,
    request: &HttpRequest,
    payload: Payload,
) -> Result<(), Error> {
    let form = Form::of(request, payload).await?;
    let needs_tls = services.tokens.options.public_is_secure;
    let address = credentials::client_address(request, site, needs_tls)?;
    let credentials = Credentials::of(request, &form)?;
    let client = oauth2::authenticate(services, &credentials.presented(address), false).await?;
    let caller = Caller {
        actor: Actor::Nobody,
        address: Some(address),
        request_id: Some(visitor::request_id(request)).filter(|id| !id.is_empty()),
    };
    oauth2::revoke(services, &caller, &client, form.need("token")?).await?;
    Ok(())
}
