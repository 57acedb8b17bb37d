//! The manager decides: Approve or Deny, once a page.
//!
//! Approving makes credentials, hashes the secret, and writes grant, key and sealed delivery in one
//! transaction. It sends nothing: the worker does, from what was written (contract §5).

use serde_json::json;
use zeroize::Zeroizing;

use super::{ServiceError, Services, caller::Caller, connect, keys, session::Session};
pub use crate::db::outcomes::Decided;
use crate::{
    db::{
        self,
        outcomes::{Approval, ApproveOutcome, SealFor},
    },
    domain::{
        audit::{Entry, Event, Object},
        authorize_request::AuthorizeRequest,
        callback_body::{self, Facts},
        consent::{self, Consent, Decision},
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
    /// The grant this same question just made, if it is asked for once more on purpose.
    pub again_after: Option<String>,
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
/// If the token does not fit, the session ended meanwhile, or nothing could be written.
pub async fn approve(
    services: &Services,
    caller: &Caller,
    press: Press,
    lifetime: Lifetime,
) -> Result<Decided, PressError> {
    let consent = consent(services, &press)?;
    if !press.session.user.role.may_approve() {
        return Err(PressError::InvalidToken);
    }
    fault::point("before-transaction").await;
    let issue = Issue::now(services, lifetime);
    let now = issue.issued_at;
    let replaces = connect::replaceable(services, caller, &press.request).await?;
    let approval = Approval { replaces, ..approval(services, press, consent, issue).await? };
    let grant_id = approval.grant_id.clone();
    let details = json!({
        "app": approval.request.shown_name(), "callback_host": approval.request.callback_url.host(),
        "permissions": approval.request.scope.as_str(),
        "expires_at": approval.expires_at.map(|at| at.to_string()),
        "replaces": approval.replaces.iter().map(|(id, _)| *id).collect::<Vec<_>>(),
    });
    let journal = caller.journal(services);
    let outcome = db::audited!(
        services.db,
        journal,
        approvals::approve(now, approval),
        |outcome: &ApproveOutcome| match outcome {
            ApproveOutcome::Decided(made) if made.grant_id.as_ref() == Some(&grant_id) => {
                vec![Entry::done(Event::GrantApproved, Object::grant(&grant_id), details)]
            }
            ApproveOutcome::Decided(_) | ApproveOutcome::SessionEnded => Vec::new(),
        },
    )?;
    fault::point("after-transaction").await;
    services.signals.wake_worker();
    match outcome {
        ApproveOutcome::Decided(decided) => Ok(decided),
        ApproveOutcome::SessionEnded => Err(PressError::InvalidToken),
    }
}

/// Denies. Gives the page's decision, which is an earlier one if it had been decided.
///
/// # Errors
/// If the token does not fit, or nothing could be written.
pub async fn deny(
    services: &Services,
    caller: &Caller,
    press: Press,
) -> Result<Decided, PressError> {
    let consent = consent(services, &press)?;
    let (now, journal) = (services.now(), caller.journal(services));
    let details = json!({
        "app": press.request.shown_name(), "callback_host": press.request.callback_url.host(),
    });
    let decided =
        db::audited!(services.db, journal, approvals::deny(now, &consent), |decided: &Decided| {
            let entry = Entry::done(Event::GrantDenied, Object::grant(""), details);
            if decided.decision == Decision::Denied { vec![entry] } else { Vec::new() }
        },);
    Ok(decided?)
}

fn consent(services: &Services, press: &Press) -> Result<Consent, PressError> {
    let question = consent::question(&services.keyring, &press.session.id, &press.request);
    consent::check(&services.keyring, services.now(), question, &press.token)
        .ok_or(PressError::InvalidToken)
}

/// What is fixed about a grant before anything is written.
struct Issue {
    grant_id: String,
    delivery_id: String,
    issued_at: Timestamp,
    expires_at: Option<Timestamp>,
}

impl Issue {
    fn now(services: &Services, lifetime: Lifetime) -> Self {
        let issued_at = services.now();
        Self {
            grant_id: services.new_id(),
            delivery_id: format!("msg_{}", services.new_id()),
            issued_at,
            expires_at: lifetime.ends(issued_at),
        }
    }
}

async fn approval(
    services: &Services,
    press: Press,
    consent: Consent,
    issue: Issue,
) -> Result<Approval, ServiceError> {
    let Press { session, request, again_after, .. } = press;
    let pair = Credential::generate(&*services.entropy);
    let secret = Zeroizing::new(pair.secret.expose().to_owned());
    let salt = random(&*services.entropy);
    let secret_hash = services.secret_hasher.hash(secret, salt, services.costs.secret).await?;
    Ok(Approval {
        lookup: services.keyring.lookup(pair.key.as_str()),
        ending: pair.key.ending(),
        description: description(&request, issue.issued_at),
        approved_by: session.user.id,
        session_hash: services.keyring.lookup(session.id.as_str()),
        grant_id: issue.grant_id.clone(),
        delivery_id: issue.delivery_id.clone(),
        expires_at: issue.expires_at,
        seal_secret: keys::seal_secret(services, &pair),
        seal: seal(services, request.clone(), pair, issue),
        replaces: Vec::new(),
        again_after,
        consent,
        request,
        secret_hash,
    })
}

/// `My App - API (2026-11-20 20:45:03)`, as WooCommerce describes an app's key.
fn description(request: &AuthorizeRequest, issued_at: Timestamp) -> String {
    format!("{} - API ({})", request.shown_name(), issued_at.to_sql_style())
}

/// Writes and seals the callback's body once the key's number is known.
fn seal(services: &Services, request: AuthorizeRequest, pair: Credential, issue: Issue) -> SealFor {
    let (keyring, entropy) = (services.keyring.clone(), services.entropy.clone());
    let store_url = services.public_url.clone();
    Box::new(move |key_id| {
        let facts = Facts {
            key_id,
            permissions: request.scope,
            store_url: &store_url,
            grant_id: &issue.grant_id,
            issued_at: issue.issued_at,
            expires_at: issue.expires_at,
        };
        let body = callback_body::write(&request, &pair, facts);
        Sealed::seal(&keyring, &*entropy, &issue.delivery_id, &body)
    })
}
