//! Apps as people see them: everything of one callback host together.
//!
//! An app has no row of its own: whoever receives keys at a host is the app. Numbers are told of the
//! newest keys only, since an app may have any number of them.

use super::{Services, caller::Caller, keys::KeyError};
use crate::{
    db,
    domain::{key_view::KeyView, search, timestamp::Timestamp},
};

/// How many apps a page has.
pub const PAGE: usize = 20;

/// How many of an app's keys are looked at.
const KEYS: i64 = 20;

/// An app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppView {
    /// Where its keys are sent: host, and port if it is not the usual one.
    pub callback_host: String,
    /// What it called itself last.
    pub name: String,
    /// How many of its newest keys work or are being delivered.
    pub live_keys: usize,
    /// How many keys that was counted among.
    pub keys: usize,
    /// Whether it has more keys than were counted.
    pub has_more_keys: bool,
    /// When it last asked and was approved.
    pub last_approved_at: Timestamp,
    /// When one of those keys was last used, if ever.
    pub last_used_at: Option<Timestamp>,
}

/// A part of the list of apps, by host.
#[derive(Clone, Debug)]
pub struct AppPage {
    /// The apps.
    pub apps: Vec<AppView>,
    /// After which host the next page begins, if there may be more.
    pub next: Option<String>,
}

/// A part of the list of apps whose host begins so, after the host `after` if one is given.
///
/// # Errors
/// If the caller may not look, or the database gives no answer.
pub async fn list(
    services: &Services,
    caller: &Caller,
    beginning: &str,
    after: Option<&str>,
) -> Result<AppPage, KeyError> {
    caller.actor.role().ok_or(KeyError::NotAllowed)?;
    let beginning = search::host_term(beginning);
    let after = after.map(search::host_term);
    let terms =
        db::read!(services.db, key_terms::beginning_with(&beginning, after.as_deref(), PAGE + 1))?;
    let mut newest = Vec::new();
    for term in terms.iter().take(PAGE) {
        newest.push(db::read!(services.db, key_terms::with_word(term, i64::MAX, KEYS))?);
    }
    // All in one read: most of what many small ones cost is the way to the database.
    let mut views = db::read!(services.db, key_views::by_ids(services.now(), &newest.concat()))?;
    let mut next_views = |count: usize| views.drain(..count.min(views.len())).collect::<Vec<_>>();
    let apps = newest.iter().filter_map(|ids| summary(&next_views(ids.len()))).collect();
    let last = terms.get(PAGE - 1).filter(|_| terms.len() > PAGE);
    let next = last.and_then(|term| search::host_of(term)).map(str::to_owned);
    Ok(AppPage { apps, next })
}

/// The app of that callback host, if it has keys.
///
/// # Errors
/// If the caller may not look, or the database gives no answer.
pub async fn show(
    services: &Services,
    caller: &Caller,
    callback_host: &str,
) -> Result<Option<AppView>, KeyError> {
    caller.actor.role().ok_or(KeyError::NotAllowed)?;
    of_term(services, &search::host_term(callback_host)).await
}

async fn of_term(services: &Services, term: &str) -> Result<Option<AppView>, KeyError> {
    let now = services.now();
    let ids = db::read!(services.db, key_terms::with_word(term, i64::MAX, KEYS))?;
    let keys = db::read!(services.db, key_views::by_ids(now, &ids))?;
    Ok(summary(&keys))
}

fn summary(keys: &[KeyView]) -> Option<AppView> {
    let newest = keys.first()?;
    let app = newest.app.as_ref()?;
    let is_live = |key: &&KeyView| key.state.is_live() && !key.owner.disabled;
    Some(AppView {
        callback_host: app.callback_host.clone(),
        name: app.name.clone(),
        live_keys: keys.iter().filter(is_live).count(),
        keys: keys.len(),
        has_more_keys: i64::try_from(keys.len()).is_ok_and(|count| count == KEYS),
        last_approved_at: newest.created_at,
        last_used_at: keys.iter().filter_map(|key| key.last_use.as_ref()).map(|used| used.at).max(),
    })
}
