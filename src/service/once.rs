//! Forms that are taken once: what was asked by pressing a button is not done again by a reload.
//!
//! A form is taken before its work begins. If the process dies between, nothing was made, and the person
//! who looks finds nothing; never two of it.

use super::{ServiceError, Services, session::Session};
use crate::{db, domain::form_once};

/// A ticket for one showing of a form to that session.
pub fn ticket(services: &Services, session: &Session) -> String {
    form_once::issue(&services.keyring, &*services.entropy, services.now(), &session.id)
}

/// Takes the form of that ticket; whether it may be done, since nobody took it before.
///
/// # Errors
/// If the database gives no answer.
pub async fn take(
    services: &Services,
    session: &Session,
    ticket: &str,
) -> Result<bool, ServiceError> {
    let now = services.now();
    let Some(id) = form_once::check(&services.keyring, now, &session.id, ticket) else {
        return Ok(false);
    };
    let id = services.keyring.lookup(&format!("form {}", data_encoding::HEXLOWER.encode(&id)));
    Ok(db::write!(services.db, form_uses::take(now, id))?)
}
