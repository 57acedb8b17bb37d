//! What went wrong, as people and programs are told; logged once, here.
//!
//! WooCommerce's "Access denied" page and its JSON form are kept to the byte where apps or their
//! developers look (wire.md §1.3). A 5xx says a constant text and the request's id.

use std::fmt;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use askama::Template;
use serde_json::json;

use super::{
    respond::{self, Forms},
    site::Site,
    visitor,
};
use crate::service::{ServiceError, approve::PressError};

/// Why a request got no answer of its own.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// WooCommerce's error page; the text without "Error: " and the full stop.
    #[error("{0}")]
    Denied(String),
    /// The user's role does not suffice; carries how to log in as somebody else.
    #[error("You do not have permission to access this page")]
    NoPermission(Option<SwitchAccount>),
    /// Nobody is logged in where somebody must be.
    #[error("login needed")]
    LoginNeeded,
    /// A form's token is not of this session.
    #[error("form expired")]
    FormExpired,
    /// The setup link was used or replaced.
    #[error("setup link not valid")]
    NoSetup,
    /// A form's body broke off.
    #[error("broken form")]
    BrokenForm,
    /// A form's body is too large.
    #[error("form too large")]
    FormTooLarge,
    /// Something may not or cannot be done, and why.
    #[error("{}", .0.message)]
    Told(Told),
    /// There is no such page.
    #[error("not found")]
    NotFound,
    /// A use case gave up.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// A fault of ours.
    #[error("{0}")]
    Internal(String),
}

/// Why something may not or cannot be done, for people.
#[derive(Debug)]
pub struct Told {
    /// The status.
    pub status: StatusCode,
    /// What it is, in few words.
    pub title: &'static str,
    /// Why, in a sentence.
    pub message: String,
}

/// The form that logs out and leads to the login page with the same request.
pub struct SwitchAccount {
    /// The session's form token.
    pub form_token: String,
    /// Path and query to go to.
    pub next: String,
    /// Who is logged in now.
    pub user: String,
}

impl fmt::Debug for SwitchAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SwitchAccount({})", self.user)
    }
}

impl From<PressError> for WebError {
    fn from(error: PressError) -> Self {
        match error {
            PressError::InvalidToken => Self::Denied(error.to_string()),
            PressError::Service(error) => Self::Service(error),
        }
    }
}

#[derive(Template)]
#[template(path = "denied.html")]
struct DeniedPage<'a> {
    site: &'a Site,
    message: &'a str,
    switch: Option<&'a SwitchAccount>,
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    site: &'a Site,
    /// Where to go on, and what that is called.
    back: Option<(String, &'a str)>,
    title: &'a str,
    message: &'a str,
    request_id: Option<&'a str>,
}

/// The answer to an error.
pub fn render(request: &HttpRequest, error: &WebError) -> HttpResponse {
    let site = visitor::app(request).site.load_full();
    let rendered = match error {
        WebError::Denied(message) => denied(request, &site, message, None),
        WebError::NoPermission(switch) => {
            denied(request, &site, &error.to_string(), switch.as_ref())
        }
        WebError::NotFound if request.path().contains("/wp-json/") => Ok(no_route()),
        WebError::LoginNeeded => Ok(respond::see_other(site.url("/login"))),
        other => problem(request, &site, other),
    };
    rendered.unwrap_or_else(|_| HttpResponse::InternalServerError().finish())
}

fn denied(
    request: &HttpRequest,
    site: &Site,
    message: &str,
    switch: Option<&SwitchAccount>,
) -> Result<HttpResponse, WebError> {
    if visitor::wants_json(request) {
        return Ok(respond::private(HttpResponse::Unauthorized()).json(json!({
            "code": "wp_die",
            "message": format!("Error: {message}."),
            "data": { "status": 401 },
            "additional_errors": [],
        })));
    }
    let mut page = respond::page(
        StatusCode::UNAUTHORIZED,
        &DeniedPage { site, message, switch },
        Forms::Stay,
    )?;
    let html = actix_web::http::header::HeaderValue::from_static("text/html; charset=UTF-8");
    page.headers_mut().insert(actix_web::http::header::CONTENT_TYPE, html);
    Ok(page)
}

/// WordPress' answer to an address of its API that nobody has, whatever the client accepts.
fn no_route() -> HttpResponse {
    respond::private(HttpResponse::NotFound()).json(json!({
        "code": "rest_no_route",
        "message": "No route was found matching the URL and request method.",
        "data": { "status": 404 },
    }))
}

/// The stable word for an error, for programs.
fn word(error: &WebError, status: StatusCode) -> &'static str {
    match error {
        WebError::FormExpired => "form_expired",
        WebError::NoSetup => "setup_link_invalid",
        WebError::BrokenForm => "broken_form",
        _ => match status {
            StatusCode::FORBIDDEN => "not_allowed",
            StatusCode::CONFLICT => "conflict",
            StatusCode::PAYLOAD_TOO_LARGE => "too_large",
            StatusCode::UNPROCESSABLE_ENTITY => "invalid",
            StatusCode::SERVICE_UNAVAILABLE => "unavailable",
            StatusCode::INTERNAL_SERVER_ERROR => "internal_error",
            StatusCode::NOT_FOUND => "not_found",
            _ => "refused",
        },
    }
}

fn problem(request: &HttpRequest, site: &Site, error: &WebError) -> Result<HttpResponse, WebError> {
    let (status, title, message) = match error {
        WebError::Told(told) => (told.status, told.title, told.message.as_str()),
        other => words(other),
    };
    let id = visitor::request_id(request);
    if status.is_server_error() {
        tracing::error!(%error, "request failed");
    }
    let request_id = status.is_server_error().then_some(id.as_str());
    let back = back(request.path()).map(|(path, name)| (site.path(path), name));
    let mut response = if visitor::wants_json(request) {
        respond::private(HttpResponse::build(status)).json(json!({
            "code": word(error, status), "message": message,
            "data": { "status": status.as_u16(), "request_id": id },
        }))
    } else {
        respond::page(status, &ProblemPage { site, back, title, message, request_id }, Forms::Stay)?
    };
    if status == StatusCode::SERVICE_UNAVAILABLE {
        let name = actix_web::http::header::RETRY_AFTER;
        response.headers_mut().insert(name, respond::TRY_AGAIN_AFTER);
    }
    Ok(response)
}

/// Where whoever looks after keys or licenses goes on.
fn back(path: &str) -> Option<(&'static str, &'static str)> {
    if path.contains("/admin/licenses") {
        return Some(("/admin/licenses", "To the licenses"));
    }
    path.contains("/admin/").then_some(("/admin", "To the overview"))
}

fn words(error: &WebError) -> (StatusCode, &'static str, &'static str) {
    match error {
        WebError::FormExpired => (
            StatusCode::FORBIDDEN,
            "This form has expired",
            "Go back, load the page again, and press the button once more.",
        ),
        WebError::NoSetup => (
            StatusCode::FORBIDDEN,
            "This setup link is not valid",
            "It was used already, a newer one was made, or there is a user already, who can log in and make others. \
             While there is none, the newest link stands in the log of the service.",
        ),
        WebError::BrokenForm => {
            (StatusCode::BAD_REQUEST, "The form did not arrive whole", "Go back and send it again.")
        }
        WebError::FormTooLarge => {
            (StatusCode::PAYLOAD_TOO_LARGE, "The form is too large", "At most 64 KiB are taken.")
        }
        WebError::Service(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Please try again in a moment",
            "The service cannot answer right now. Load the page again; nothing is ever done twice.",
        ),
        WebError::Internal(_) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something went wrong here",
            "The fault is ours. Give the number below to whoever runs this service.",
        ),
        WebError::Denied(_)
        | WebError::NoPermission(_)
        | WebError::Told(_)
        | WebError::LoginNeeded
        | WebError::NotFound => (
            StatusCode::NOT_FOUND,
            "There is no such page",
            "Check the address, or go back to where you came from.",
        ),
    }
}
