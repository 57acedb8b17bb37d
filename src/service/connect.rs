//! What the consent page needs to know before somebody decides.

use super::{ServiceError, Services, session::Session};
pub use crate::db::outcomes::ExistingKey;
use crate::{
    db,
    domain::{authorize_request::AuthorizeRequest, consent},
};

/// An app's request, put before a manager.
pub struct Question {
    /// The single-use token of this showing.
    pub token: String,
    /// Live keys that apps of this callback host already have.
    pub existing: Vec<ExistingKey>,
}

/// A fresh question.
///
/// # Errors
/// If the database gives no answer.
pub async fn ask(
    services: &Services,
    session: &Session,
    request: &AuthorizeRequest,
) -> Result<Question, ServiceError> {
    let now = services.now();
    let question = consent::question(&services.keyring, &session.id, request);
    let token = consent::issue(&services.keyring, &*services.entropy, now, &question);
    let existing = db::read!(services.db, keys::of_host(now, &request.callback_url.host()))?;
    Ok(Question { token, existing })
}

/// The grant this very question made in this session a moment ago, unless it failed: somebody reloaded
/// or went back.
///
/// # Errors
/// If the database gives no answer.
pub async fn just_approved(
    services: &Services,
    session: &Session,
    request: &AuthorizeRequest,
) -> Result<Option<String>, ServiceError> {
    let question = consent::question(&services.keyring, &session.id, request);
    Ok(db::read!(services.db, approvals::recent_grant(services.now(), &question))?)
}
