//! Where a logged-in manager starts.

pub mod rotate;

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;

use super::authorize;
use crate::{
    service::session::Session,
    web::{
        errors::WebError,
        respond::{self, Forms},
        site::Site,
        visitor::Visitor,
    },
};

#[derive(Template)]
#[template(path = "admin.html")]
struct Page<'a> {
    site: &'a Site,
    session: &'a Session,
    authorize_url: String,
    keys_url: String,
    form_token: String,
}

/// `/`: the flow's dispatcher if asked so (wire.md §1.1), else the way to the start page.
pub async fn root(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let parameters = &visitor.parameters;
    if parameters.value("wc-auth-version").is_some()
        && let Some(route) = parameters.text("wc-auth-route").map(str::to_owned)
    {
        return authorize::run(visitor, &route).await;
    }
    let path = if visitor.session.is_some() { "/admin" } else { "/login" };
    Ok(respond::see_other(visitor.site.url(path)))
}

/// `/admin`: who is logged in, and how apps connect.
pub async fn home(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let session = visitor.session.as_ref().ok_or(WebError::LoginNeeded)?;
    let page = Page {
        site: &visitor.site,
        session,
        authorize_url: visitor.site.url("/wc-auth/v1/authorize"),
        keys_url: visitor.site.url("/.well-known/jwks.json"),
        form_token: visitor.form_token(),
    };
    respond::page(StatusCode::OK, &page, Forms::Stay)
}
