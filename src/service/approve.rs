//! The manager decides: Approve or Deny, once a page.
//!
//! Approving makes credentials, hashes the secret, and writes grant, key and sealed delivery in one
//! transaction. It sends nothing: the worker does, from what was written (contract §5).

use zeroize::Zeroizing;

use super::{ServiceError, Services, session::Session};
pub use crate::db::outcomes::Decided;
use crate::{
    db::{
        self,
        outcomes::{Approval, SealFor},
    },
    domain::{
        authorize_request::AuthorizeRequest,
        callback_body::{self, Facts},
        consent::{self, Consent},
        credential::Credential,
        entropy::random,
        lifetime::Lifetime,
        sealed::Sealed,
        timestamp::Timestamp,
    },
    fault,
};

/// A button that was pressed.
pub struct Press {
    /// Who pressed it.
    pub session: Session,
    /// What the form asks for.
    pub request: AuthorizeRequest,
    /// The form's single-use token.
    pub token: String,
    /// Whether the same was just approved and is asked for once more on purpose.
    pub again: bool,
}

/// The form's token is not of this session, these parameters, or this day.
#[derive(Debug, thiserror::Error)]
pub enum PressError {
    /// The token does not fit.
    #[error("Invalid nonce verification")]
    InvalidToken,
    /// Something nobody asked for.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<db::DbError> for PressError {
    fn from(error: db::DbError) -> Self {
        Self::Service(error.into())
    }
}

/// Approves. Gives the page's decision, which is an earlier one if it had been decided.
///
/// # Errors
/// If the token does not fit, or nothing could be written.
pub async fn approve(
    services: &Services,
    press: Press,
    lifetime: Lifetime,
) -> Result<Decided, PressError> {
    let consent = consent(services, &press)?;
    fault::point("before-transaction").await;
    let now = services.now();
    let approval = approval(services, press, consent, (now, lifetime.ends(now))).await?;
    let decided = db::write!(services.db, approvals::approve(now, approval))?;
    fault::point("after-transaction").await;
    services.signals.wake_worker();
    Ok(decided)
}

/// Denies. Gives the page's decision, which is an earlier one if it had been decided.
///
/// # Errors
/// If the token does not fit, or nothing could be written.
pub async fn deny(services: &Services, press: Press) -> Result<Decided, PressError> {
    let consent = consent(services, &press)?;
    let now = services.now();
    Ok(db::write!(services.db, approvals::deny(now, &consent))?)
}

fn consent(services: &Services, press: &Press) -> Result<Consent, PressError> {
    let question = consent::question(&services.keyring, &press.session.id, &press.request);
    consent::check(&services.keyring, services.now(), question, &press.token)
        .ok_or(PressError::InvalidToken)
}

async fn approval(
    services: &Services,
    press: Press,
    consent: Consent,
    (now, expires_at): (Timestamp, Option<Timestamp>),
) -> Result<Approval, ServiceError> {
    let pair = Credential::generate(&*services.entropy);
    let secret = Zeroizing::new(pair.secret.expose().to_owned());
    let salt = random(&*services.entropy);
    let secret_hash = services.hasher.hash(secret, salt, services.costs.secret).await?;
    let (grant_id, delivery_id) = (services.new_id(), format!("msg_{}", services.new_id()));
    let Press { session, request, again, .. } = press;
    Ok(Approval {
        lookup: services.keyring.lookup(pair.key.as_str()),
        ending: pair.key.ending(),
        description: format!("{} - API ({})", request.shown_name(), now.to_sql_style()),
        approved_by: session.user.id,
        seal: seal(services, &request, pair, (&grant_id, &delivery_id), (now, expires_at)),
        session_hash: services.keyring.lookup(session.id.as_str()),
        again,
        consent,
        request,
        grant_id,
        delivery_id,
        secret_hash,
        expires_at,
    })
}

/// Writes and seals the callback's body once the key's number is known.
fn seal(
    services: &Services,
    request: &AuthorizeRequest,
    pair: Credential,
    (grant_id, delivery_id): (&str, &str),
    (issued_at, expires_at): (Timestamp, Option<Timestamp>),
) -> SealFor {
    let (keyring, entropy) = (services.keyring.clone(), services.entropy.clone());
    let (request, store_url) = (request.clone(), services.public_url.clone());
    let (grant_id, delivery_id) = (grant_id.to_owned(), delivery_id.to_owned());
    Box::new(move |key_id| {
        let facts =
            Facts { key_id, store_url: &store_url, grant_id: &grant_id, issued_at, expires_at };
        let body = callback_body::write(&request, &pair, facts);
        Sealed::seal(&keyring, &*entropy, &delivery_id, &body)
    })
}
