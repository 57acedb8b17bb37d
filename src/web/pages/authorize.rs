//! The three routes of WooCommerce's flow and Deny, dispatched as WooCommerce does (wire.md §1.1, 1.4):
//! parameters first, whoever asks; then who asks; then what.

use actix_web::HttpResponse;

use super::{consent, flow_login};
use crate::{
    domain::authorize_request::AuthorizeRequest,
    service::session::Session,
    web::{
        errors::{SwitchAccount, WebError},
        respond,
        visitor::Visitor,
    },
};

/// A request to `/wc-auth/v1/…`.
pub async fn dispatch(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let name = visitor.request.match_info().get("route").unwrap_or_default().to_owned();
    run(visitor, &name).await
}

/// A request to the route of that name, wherever its name stood.
pub async fn run(visitor: Visitor, name: &str) -> Result<HttpResponse, WebError> {
    let request = AuthorizeRequest::read(&visitor.parameters)
        .map_err(|error| WebError::Denied(error.to_string()))?;
    match name.trim_end_matches('/').to_lowercase().as_str() {
        "authorize" => authorize(visitor, request).await,
        "login" => login(visitor, request).await,
        "access_granted" => {
            permitted(&visitor, &request)?;
            consent::approve(visitor, request).await
        }
        "deny" => {
            permitted(&visitor, &request)?;
            consent::deny(visitor, request).await
        }
        _ => Err(WebError::NoPermission(None)),
    }
}

async fn authorize(visitor: Visitor, request: AuthorizeRequest) -> Result<HttpResponse, WebError> {
    if visitor.session.is_none() {
        return Ok(respond::found(route(&visitor, "login", &request)));
    }
    permitted(&visitor, &request)?;
    consent::show(visitor, request).await
}

async fn login(visitor: Visitor, request: AuthorizeRequest) -> Result<HttpResponse, WebError> {
    match &visitor.session {
        Some(_) => Ok(respond::found(route(&visitor, "authorize", &request))),
        None => flow_login::login(visitor, request).await,
    }
}

/// The address of one of these routes with the same request.
pub fn route(visitor: &Visitor, name: &str, request: &AuthorizeRequest) -> String {
    visitor.site.url(&format!("/wc-auth/v1/{name}?{}", request.query()))
}

/// The session, if its user may approve apps.
fn permitted<'a>(
    visitor: &'a Visitor,
    request: &AuthorizeRequest,
) -> Result<&'a Session, WebError> {
    let Some(session) = &visitor.session else {
        return Err(WebError::NoPermission(None));
    };
    if session.user.role.may_approve() {
        return Ok(session);
    }
    Err(WebError::NoPermission(Some(SwitchAccount {
        form_token: visitor.form_token(),
        next: format!("/wc-auth/v1/login?{}", request.query()),
        user: session.user.name.clone(),
    })))
}
