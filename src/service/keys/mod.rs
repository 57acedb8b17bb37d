//! Looking after keys: list, show, make, change, end, give away.
//!
//! Every use case asks `domain::access` about the key as it is, in here, whoever the caller is: a page, a
//! program or the command line. What the decision was based on guards the change, so that a key that
//! meanwhile became somebody else's is left alone. Each change and each refusal is written into the audit
//! log; a change in the same transaction.

mod change;
mod create;
pub mod import;
mod list;
mod reassign;
mod revoke;
mod rotate;
mod rotation;

pub use change::{change, fields_changed};
pub use create::{MadeKey, NewKeyRequest, create, create_once, with_pair};
pub(super) use create::{Prepared, prepare_permitted, seal_secret};
pub use list::{find_typed, glance, history, list, show};
pub use reassign::{reassign, reassign_all_of};
pub use revoke::{revoke, revoke_all_of, revoke_app, revoke_several};
pub(super) use rotate::end_previous_after_use;
pub use rotate::{Rotated, end_overdue, end_previous, rotate};
pub use rotation::{
    OtherPair, Rotation, cancel_rotation, retry_rotation, rotation, wait_for_rotation,
};

use serde_json::json;

use super::{ServiceError, Services, caller::Caller};
pub use crate::{db::outcomes::KeyChange, domain::key::LONGEST_DESCRIPTION};
use crate::{
    db::{self, DbError, outcomes::SeenKey},
    domain::{
        access::{self, KeyAction},
        audit::{Entry, Event, Object},
        expiry::ExpiryError,
        key_rules::RuleError,
        key_view::{KeyView, ShownState},
        text,
    },
};

/// The longest reason, in characters.
const LONGEST_REASON: usize = 200;

/// Why something was not done to a key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There is no such key.
    #[error("there is no such key")]
    Unknown,
    /// The caller may not do that to this key.
    #[error("you may not do that to this key")]
    NotAllowed,
    /// The key is over.
    #[error("this key is {} already", .0.as_str())]
    Over(ShownState),
    /// Somebody changed the key at the same time.
    #[error("somebody else changed this key at the same time; look at it again")]
    Changed,
    /// The key has two pairs already, or its app is being given one.
    #[error("this key has two pairs at present; end the other one first, or wait until it has")]
    Rotating,
    /// The pair before may not work on for so long.
    #[error("the old pair may go on working for 7 days at most")]
    Overlap,
    /// Nothing says what the key is for.
    #[error("say what the key is for, in at most {LONGEST_DESCRIPTION} characters")]
    Description,
    /// The end is none.
    #[error(transparent)]
    Expiry(#[from] ExpiryError),
    /// What it shall be bound to is none.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// No secret of anybody's opens it, so there is none to exchange.
    #[error("a registered app gets tokens for this key, and no secret opens it")]
    NoPair,
    /// The user who shall own it is not there, or shut out.
    #[error("that user is not there, or is disabled")]
    NoOwner,
    /// Something nobody asked for.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<DbError> for KeyError {
    fn from(error: DbError) -> Self {
        Self::Service(error.into())
    }
}

/// The key, if the caller may do that to it; a refusal is written down.
pub(super) async fn permitted(
    services: &Services,
    caller: &Caller,
    id: i64,
    actions: &[KeyAction],
) -> Result<KeyView, KeyError> {
    let role = caller.actor.role().ok_or(KeyError::NotAllowed)?;
    let key = db::read!(services.db, key_views::find(services.now(), id))?;
    let key = key.ok_or(KeyError::Unknown)?;
    let ties = key.ties(&caller.actor);
    match actions.iter().find(|action| !access::may(role, **action, ties)) {
        None => Ok(key),
        Some(action) => {
            caller.note(services, refusal(id, *action)).await?;
            Err(KeyError::NotAllowed)
        }
    }
}

/// Whether a secret opens the key that people handle. A connection has none, and that of a registered app
/// which keeps none is nobody's.
///
/// # Errors
/// If the database gives no answer.
pub async fn has_secret(services: &Services, key: &KeyView) -> Result<bool, KeyError> {
    if !key.has_pair() {
        return Ok(false);
    }
    let app = db::read!(services.db, oauth_clients::find(key.id))?;
    Ok(!app.is_some_and(|app| app.public))
}

fn refusal(id: i64, action: KeyAction) -> Entry {
    let event = match action {
        KeyAction::Revoke => Event::KeyRevoked,
        KeyAction::Rotate => Event::KeyRotated,
        KeyAction::Reassign => Event::KeyReassigned,
        KeyAction::See | KeyAction::Describe | KeyAction::Narrow | KeyAction::Widen => {
            Event::KeyChanged
        }
        KeyAction::Tokens => Event::AccessTokensEnded,
        KeyAction::MakeToken => Event::AccessTokenMade,
    };
    let details = json!({ "action": format!("{action:?}").to_lowercase() });
    Entry::refused(event, Object::key(id), details)
}

/// What a decision about the key is based on.
fn seen(key: &KeyView) -> SeenKey {
    SeenKey {
        id: key.id,
        owner_id: key.owner.id,
        permissions: key.permissions,
        expires_at: key.expires_at,
    }
}

/// A text people typed, fit for a page; nothing if nothing is left.
fn described(text: &str) -> Result<String, KeyError> {
    let text = text::visible(text).trim().to_owned();
    let fits = (1..=LONGEST_DESCRIPTION).contains(&text.chars().count());
    fits.then_some(text).ok_or(KeyError::Description)
}

/// Why a key is ended, as it is kept.
fn reason(text: &str) -> String {
    let text = text::shortened(text::visible(text).trim(), LONGEST_REASON);
    if text.is_empty() { "revoked".to_owned() } else { text }
}
