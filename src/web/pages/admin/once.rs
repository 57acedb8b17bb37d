//! Forms that make something shown once. They carry a ticket that is taken with the first sending, so
//! that a reload of the answer, or pressing twice, makes nothing more; then it is said so.

use super::refusal::conflict;
use crate::{
    service::once,
    web::{errors::WebError, visitor::Visitor},
};

/// The hidden field of such a form.
///
/// # Errors
/// If nobody is logged in.
pub fn ticket(visitor: &Visitor) -> Result<String, WebError> {
    let session = visitor.session.as_ref().ok_or(WebError::LoginNeeded)?;
    Ok(once::ticket(&visitor.services, session))
}

/// Takes the form; what it makes, and how that is ended, is told if it was taken before: `revoke that license`.
///
/// # Errors
/// If it was taken before, or is too old.
pub async fn take(visitor: &Visitor, end_it: &str) -> Result<(), WebError> {
    let session = visitor.form_session()?;
    let ticket = visitor.parameters.text("ticket").unwrap_or_default();
    if once::take(&visitor.services, session, ticket).await? {
        return Ok(());
    }
    Err(conflict(&format!(
        "this form was sent before, and what it made is shown only once; nothing more was made. If you \
         did not keep it, {end_it} and make another"
    )))
}
