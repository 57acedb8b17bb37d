//! Lists of keys, one key, and its history.

use super::{KeyError, permitted};
use crate::{
    db::{
        self,
        outcomes::{AuditFilter, AuditPage},
    },
    domain::{
        access::KeyAction,
        credential::ConsumerKey,
        key_list::{KeyPage, KeyQuery, LARGEST_PAGE, WalkBounds},
        key_view::KeyView,
        woocommerce::KeyHash,
    },
    service::{Services, audit, caller::Caller},
};

/// How many keys a glance passes.
const GLANCE: i64 = 1_000;

/// A part of the list of keys. `typed` is what somebody typed to look for: words, or a whole consumer
/// key.
///
/// # Errors
/// If the caller may see no keys, or the database gives no answer.
pub async fn list(
    services: &Services,
    caller: &Caller,
    query: &KeyQuery,
) -> Result<KeyPage, KeyError> {
    walk(services, caller, query, WalkBounds::default()).await
}

/// The same after a short walk, for a page that asks several questions at once.
///
/// # Errors
/// As [`list`].
pub async fn glance(
    services: &Services,
    caller: &Caller,
    query: &KeyQuery,
) -> Result<KeyPage, KeyError> {
    walk(services, caller, query, WalkBounds { keys: GLANCE, ..WalkBounds::default() }).await
}

async fn walk(
    services: &Services,
    caller: &Caller,
    query: &KeyQuery,
    bounds: WalkBounds,
) -> Result<KeyPage, KeyError> {
    caller.actor.role().ok_or(KeyError::NotAllowed)?;
    let query = KeyQuery { limit: query.limit.min(LARGEST_PAGE), ..query.clone() };
    Ok(db::read!(services.db, key_list::page(services.now(), &query, bounds))?)
}

/// One key.
///
/// # Errors
/// If there is no such key or the caller may not see it.
pub async fn show(services: &Services, caller: &Caller, id: i64) -> Result<KeyView, KeyError> {
    permitted(services, caller, id, &[KeyAction::See]).await
}

/// The number of the key whose whole consumer key somebody typed.
///
/// # Errors
/// If the database gives no answer.
pub async fn find_typed(services: &Services, typed: &str) -> Result<Option<i64>, KeyError> {
    let Some(key) = ConsumerKey::parse(typed.trim()) else {
        return Ok(None);
    };
    let lookup = services.keyring.lookup(key.as_str());
    if let Some(id) = db::read!(services.db, key_views::id_of(&lookup))? {
        return Ok(Some(id));
    }
    let imported = services.keyring.imported_lookup(&KeyHash::of(key.as_str()));
    Ok(db::read!(services.db, imported_keys::key_of(&imported))?)
}

/// What was done to a key, newest first; from where and in which request only for readers of the log.
///
/// # Errors
/// If there is no such key or the caller may not see it.
pub async fn history(
    services: &Services,
    caller: &Caller,
    id: i64,
    before: Option<i64>,
) -> Result<AuditPage, KeyError> {
    permitted(services, caller, id, &[KeyAction::See]).await?;
    let object = Some(("key".to_owned(), id.to_string()));
    let filter = AuditFilter { object, ..AuditFilter::default() };
    Ok(audit::page_as_seen(services, caller, &filter, before, audit::PAGE).await?)
}
