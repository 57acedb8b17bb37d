//! The login page inside the flow: who wants to connect, and a way back without logging in.

use actix_web::HttpResponse;
use askama::Template;

use super::{
    authorize::route,
    session::{LoginForm, attempt},
};
use crate::{
    domain::authorize_request::AuthorizeRequest,
    web::{
        cookies,
        errors::WebError,
        form,
        respond::{self, Forms},
        site::Site,
        visitor::Visitor,
    },
};

#[derive(Template)]
#[template(path = "flow_login.html")]
struct Page<'a> {
    site: &'a Site,
    app: String,
    cancel_url: String,
    form: &'a LoginForm,
}

/// Shows the form, or takes it.
pub async fn login(visitor: Visitor, request: AuthorizeRequest) -> Result<HttpResponse, WebError> {
    let mut form = LoginForm::empty(form::issue(&visitor));
    if visitor.posts() && visitor.parameters.value("username").is_some() {
        match attempt(&visitor).await? {
            Ok(session) => {
                let mut response = respond::found(route(&visitor, "authorize", &request));
                let _ = response.add_cookie(&cookies::session(&visitor.site, &session));
                return Ok(response);
            }
            Err(refused) => form.refuse(refused, &visitor),
        }
    }
    let page = Page {
        site: &visitor.site,
        app: request.shown_name(),
        cancel_url: request.outcome_url(false),
        form: &form,
    };
    let mut response = respond::page(form.status(), &page, Forms::Stay)?;
    form.finish(&mut response);
    Ok(response)
}
