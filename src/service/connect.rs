//! What the consent page needs to know before somebody decides.

use super::{ServiceError, Services, caller::Caller, session::Session};
pub use crate::db::outcomes::ExistingKey;
use crate::{
    db,
    domain::{
        access::{self, KeyAction},
        authorize_request::AuthorizeRequest,
        consent,
        key_view::KeyView,
    },
};

/// An app's request, put before a manager.
pub struct Question {
    /// The single-use token of this showing.
    pub token: String,
    /// Live keys that this app has for this very connection, and that end when it has the new one.
    pub replaced: Vec<KeyView>,
    /// Those that are not this manager's to end, and go on working.
    pub kept: Vec<KeyView>,
    /// Live keys that apps of this callback host have for other connections.
    pub existing: Vec<ExistingKey>,
}

/// A fresh question.
///
/// # Errors
/// If the database gives no answer.
pub async fn ask(
    services: &Services,
    caller: &Caller,
    session: &Session,
    request: &AuthorizeRequest,
) -> Result<Question, ServiceError> {
    let now = services.now();
    let (replaced, kept) = same_connection(services, caller, request).await?;
    let question = consent::question(&services.keyring, &session.id, request);
    let token = consent::issue(&services.keyring, &*services.entropy, now, &question);
    let mut existing = db::read!(services.db, keys::of_host(now, &request.callback_url.host()))?;
    existing.retain(|key| replaced.iter().chain(&kept).all(|same| same.id != key.id));
    Ok(Question { token, replaced, kept, existing })
}

/// The keys that an approval by this caller replaces, and whose they are.
pub(super) async fn replaceable(
    services: &Services,
    caller: &Caller,
    request: &AuthorizeRequest,
) -> Result<Vec<(i64, i64)>, ServiceError> {
    let (replaced, _) = same_connection(services, caller, request).await?;
    Ok(replaced.iter().map(|key| (key.id, key.owner.id)).collect())
}

/// The live keys of the same callback host and `user_id`: those the caller may end, and the others.
async fn same_connection(
    services: &Services,
    caller: &Caller,
    request: &AuthorizeRequest,
) -> Result<(Vec<KeyView>, Vec<KeyView>), ServiceError> {
    let (now, host) = (services.now(), request.callback_url.host());
    let same = db::read!(services.db, replacements::same_connection(now, &host, &request.user_id))?;
    let keys = db::read!(services.db, key_views::by_ids(now, &same))?;
    let may = |key: &KeyView| {
        let role = caller.actor.role();
        role.is_some_and(|role| access::may(role, KeyAction::Revoke, key.ties(&caller.actor)))
    };
    Ok(keys.into_iter().partition(may))
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
