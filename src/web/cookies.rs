//! The two cookies: the session's, and the one that ties the login form to a browser.
//!
//! `HttpOnly`, `SameSite=Lax`, for the whole host; over TLS with the `__Host-` prefix and `Secure`.

use actix_web::{
    HttpRequest,
    cookie::{Cookie, SameSite, time::Duration},
};

use super::site::Site;
use crate::domain::session::{self, SessionId};

/// One of our cookies.
#[derive(Clone, Copy)]
pub enum Name {
    /// The session's id.
    Session,
    /// Random, for browsers that are not logged in yet.
    Form,
}

impl Name {
    const fn text(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Self::Session, true) => "__Host-appgrant",
            (Self::Session, false) => "appgrant",
            (Self::Form, true) => "__Host-appgrant-form",
            (Self::Form, false) => "appgrant-form",
        }
    }
}

/// The value a browser sent.
pub fn read(site: &Site, request: &HttpRequest, name: Name) -> Option<String> {
    let cookie = request.cookie(name.text(site.public_url.is_secure()))?;
    Some(cookie.value().to_owned())
}

/// A cookie to be set.
pub fn set(site: &Site, name: Name, value: String) -> Cookie<'static> {
    let secure = site.public_url.is_secure();
    Cookie::build(name.text(secure), value)
        .path("/")
        .http_only(true)
        .secure(secure)
        .same_site(SameSite::Lax)
        .finish()
}

/// The session's cookie, which lives no longer than the session may.
pub fn session(site: &Site, id: &SessionId) -> Cookie<'static> {
    let mut cookie = set(site, Name::Session, id.as_str().to_owned());
    cookie.set_max_age(Duration::seconds(i64::try_from(session::ABSOLUTE.as_secs()).unwrap_or(0)));
    cookie
}

/// The session's cookie, removed.
pub fn no_session(site: &Site) -> Cookie<'static> {
    let mut cookie = set(site, Name::Session, String::new());
    cookie.make_removal();
    cookie
}
