//! The first admin, made through the link in the log.

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;
use zeroize::Zeroizing;

use crate::{
    domain::user::Role,
    service::{
        setup,
        users::{NewUserRequest, UserError},
    },
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
#[template(path = "setup.html")]
struct Page<'a> {
    site: &'a Site,
    setup_token: &'a str,
    form_token: String,
    login: &'a str,
    name: &'a str,
    error: Option<String>,
}

/// Shows the form, or makes the first admin.
pub async fn setup(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let token = visitor.parameters.text("token").unwrap_or_default();
    if !setup::is_open(&visitor.services, token).await? {
        return Err(WebError::NoSetup);
    }
    if !visitor.posts() {
        return show(&visitor, None);
    }
    if !form::is_ours(&visitor) {
        return Err(WebError::FormExpired);
    }
    match make(&visitor, token).await {
        Ok(response) => Ok(response),
        Err(UserError::Service(error)) => Err(error.into()),
        Err(UserError::NoSetup) => Err(WebError::NoSetup),
        Err(wrong) => show(&visitor, Some(sentence(&wrong.to_string()))),
    }
}

async fn make(visitor: &Visitor, token: &str) -> Result<HttpResponse, UserError> {
    let field = |name| visitor.parameters.text(name).unwrap_or_default().to_owned();
    let password = Zeroizing::new(field("password"));
    if *password != field("password_again") {
        return Err(UserError::Unmatched);
    }
    let request = NewUserRequest {
        login: field("login"),
        name: field("name"),
        email: field("email"),
        role: Role::Admin,
        password,
    };
    let (caller, browser) = (visitor.caller(), (token, visitor.user_agent()));
    let session = setup::make_first_admin(&visitor.services, &caller, browser, request).await?;
    let mut response = respond::see_other(visitor.site.url("/admin"));
    let _ = response.add_cookie(&cookies::session(&visitor.site, &session));
    Ok(response)
}

fn show(visitor: &Visitor, error: Option<String>) -> Result<HttpResponse, WebError> {
    let field = |name| visitor.parameters.text(name).unwrap_or_default();
    let token = form::issue(visitor);
    let page = Page {
        site: &visitor.site,
        setup_token: field("token"),
        form_token: token.field,
        login: field("login"),
        name: field("name"),
        error,
    };
    let mut response = respond::page(StatusCode::OK, &page, Forms::Stay)?;
    let _ = response.add_cookie(&token.cookie);
    Ok(response)
}

/// The text as a sentence of its own.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map(|first| format!("{}{}.", first.to_uppercase(), chars.as_str()))
        .unwrap_or_default()
}
