//! The token of forms that are shown before anybody is logged in (login, setup).
//!
//! A random cookie and its tag in the form, so that another site cannot log a browser in as somebody
//! else. Browsers that say where a request comes from are believed; programs need no token.

use actix_web::cookie::Cookie;
use data_encoding::BASE64URL_NOPAD;
use subtle::ConstantTimeEq;

use super::{
    cookies::{self, Name},
    respond::{self, Origin},
    visitor::Visitor,
};
use crate::domain::entropy::random;

/// A token for a form, and the cookie it belongs to.
pub struct AnonymousToken {
    /// The hidden field.
    pub field: String,
    /// The cookie, to be set with the page.
    pub cookie: Cookie<'static>,
}

/// The token for this browser; keeps the cookie it has.
pub fn issue(visitor: &Visitor) -> AnonymousToken {
    let kept = cookies::read(&visitor.site, &visitor.request, Name::Form)
        .filter(|value| BASE64URL_NOPAD.decode(value.as_bytes()).is_ok_and(|id| id.len() == 16));
    let value =
        kept.unwrap_or_else(|| BASE64URL_NOPAD.encode(&random::<16>(&*visitor.services.entropy)));
    AnonymousToken {
        field: field(visitor, &value),
        cookie: cookies::set(&visitor.site, Name::Form, value),
    }
}

/// Whether a form may be taken: it is ours, or no browser sent it.
pub fn is_ours(visitor: &Visitor) -> bool {
    match respond::origin(&visitor.request, &visitor.site) {
        Origin::Own | Origin::NoBrowser => true,
        Origin::Foreign => false,
        Origin::Unclear => has_token(visitor),
    }
}

fn has_token(visitor: &Visitor) -> bool {
    let Some(cookie) = cookies::read(&visitor.site, &visitor.request, Name::Form) else {
        return false;
    };
    let sent = visitor.parameters.text("form_token").unwrap_or_default();
    field(visitor, &cookie).as_bytes().ct_eq(sent.as_bytes()).into()
}

fn field(visitor: &Visitor, cookie: &str) -> String {
    BASE64URL_NOPAD
        .encode(&visitor.services.keyring.form_tag(&[b"anonymous form", cookie.as_bytes()]))
}
