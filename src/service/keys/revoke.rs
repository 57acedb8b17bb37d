//! Ending keys: one, several, all of an app, all of a user.

use serde_json::json;

use super::{KeyError, permitted, reason};
use crate::{
    db,
    domain::{
        access::{self, KeyAction, Ties},
        audit::{Entry, Event, Journal, Object},
        key_list::{KeyFilter, KeyQuery, LARGEST_PAGE},
        key_view::{KeyView, ShownState},
    },
    service::{ServiceError, Services, caller::Caller},
};

/// Why a connection ends with its app.
const APP_ENDED: &str = "its app was ended";

/// How many keys end in one transaction.
const AT_ONCE: i64 = 200;

/// Ends a key.
///
/// # Errors
/// If the caller may not, or the key was ended before.
pub async fn revoke(
    services: &Services,
    caller: &Caller,
    id: i64,
    why: &str,
) -> Result<(), KeyError> {
    let key = permitted(services, caller, id, &[KeyAction::Revoke]).await?;
    if key.state == ShownState::Revoked {
        return Err(KeyError::Over(key.state));
    }
    let ended = end(services, caller, vec![(id, key.owner.id)], &reason(why)).await?;
    if ended == 1 { Ok(()) } else { Err(KeyError::Changed) }
}

/// Ends those of the keys that the caller may end and that are not over; how many that were. The others
/// are left alone, and written down as refused.
///
/// # Errors
/// If the caller may end no key at all, or the database gives no answer.
pub async fn revoke_several(
    services: &Services,
    caller: &Caller,
    ids: &[i64],
    why: &str,
) -> Result<usize, KeyError> {
    may_at_all(services, caller).await?;
    let (mut ended, mut refused) = (0, Vec::new());
    for some in ids.chunks(LARGEST_PAGE) {
        let keys = db::read!(services.db, key_views::by_ids(services.now(), some))?;
        let (count, not) = end_permitted(services, caller, &keys, why).await?;
        ended += count;
        refused.extend(not);
    }
    if let Some(first) = refused.first() {
        let details = json!({ "keys": refused });
        let entry = Entry::refused(Event::KeyRevoked, Object::key(*first), details);
        caller.note(services, entry).await?;
    }
    Ok(ended)
}

/// Ends all keys of an app that the caller may end; how many those were, and how many were left.
///
/// # Errors
/// If the caller may end no key at all, or the database gives no answer.
pub async fn revoke_app(
    services: &Services,
    caller: &Caller,
    callback_host: &str,
    why: &str,
) -> Result<(usize, usize), KeyError> {
    may_at_all(services, caller).await?;
    let filter = KeyFilter { app_host: Some(callback_host.to_owned()), ..KeyFilter::default() };
    let mut query = KeyQuery { filter, limit: LARGEST_PAGE, ..KeyQuery::default() };
    let (mut ended, mut left) = (0, 0);
    loop {
        let page = super::list(services, caller, &query).await?;
        let (count, refused) = end_permitted(services, caller, &page.keys, why).await?;
        ended += count;
        left += refused.len();
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    if left > 0 {
        let object = Object { kind: "key", id: String::new() };
        let details = json!({ "app": callback_host, "keys": left });
        caller.note(services, Entry::refused(Event::KeyRevoked, object, details)).await?;
    }
    Ok((ended, left))
}

/// Whether somebody of the caller's role could end any key; else one refusal is written, however many
/// keys were asked for.
async fn may_at_all(services: &Services, caller: &Caller) -> Result<(), KeyError> {
    let role = caller.actor.role().ok_or(KeyError::NotAllowed)?;
    if access::may(role, KeyAction::Revoke, Ties { owns: true, approved: true }) {
        return Ok(());
    }
    let object = Object { kind: "key", id: String::new() };
    caller.note(services, Entry::refused(Event::KeyRevoked, object, json!({}))).await?;
    Err(KeyError::NotAllowed)
}

/// Ends those that the caller may end; how many, and the numbers of the others that are not over.
async fn end_permitted(
    services: &Services,
    caller: &Caller,
    keys: &[KeyView],
    why: &str,
) -> Result<(usize, Vec<i64>), KeyError> {
    let role = caller.actor.role().ok_or(KeyError::NotAllowed)?;
    let (may, may_not): (Vec<_>, Vec<_>) = keys
        .iter()
        .filter(|key| is_not_over(key))
        .partition(|key| access::may(role, KeyAction::Revoke, key.ties(&caller.actor)));
    let seen = may.iter().map(|key| (key.id, key.owner.id)).collect();
    let ended = end(services, caller, seen, &reason(why)).await?;
    Ok((ended, may_not.iter().map(|key| key.id).collect()))
}

fn is_not_over(key: &KeyView) -> bool {
    key.state != ShownState::Revoked
}

/// Ends all keys of a user who goes. Whoever may decide about the user may decide this.
///
/// # Errors
/// If the database gives no answer.
pub async fn revoke_all_of(
    services: &Services,
    caller: &Caller,
    owner_id: i64,
    why: &str,
) -> Result<usize, ServiceError> {
    let mut ended = 0;
    loop {
        let ids = db::read!(services.db, key_edits::some_of_owner(owner_id, AT_ONCE))?;
        if ids.is_empty() {
            return Ok(ended);
        }
        let seen = ids.into_iter().map(|id| (id, owner_id)).collect();
        ended += end(services, caller, seen, &reason(why)).await?;
    }
}

/// Ends those of the keys that are as they were seen, and what users approved for apps among them; how many
/// keys.
async fn end(
    services: &Services,
    caller: &Caller,
    seen: Vec<(i64, i64)>,
    why: &str,
) -> Result<usize, ServiceError> {
    if seen.is_empty() {
        return Ok(0);
    }
    let ended = end_alone(services, caller, seen, why).await?;
    for id in &ended {
        end_connections(services, caller, *id).await?;
    }
    Ok(ended.len())
}

/// Nothing opens a connection any more whose app was ended, so it shall not look as if it worked.
async fn end_connections(
    services: &Services,
    caller: &Caller,
    client_id: i64,
) -> Result<(), ServiceError> {
    loop {
        let ids = db::read!(services.db, oauth_clients::connections_of(client_id, None, AT_ONCE))?;
        let keys = db::read!(services.db, key_views::by_ids(services.now(), &ids))?;
        let seen: Vec<_> = keys.iter().map(|key| (key.id, key.owner.id)).collect();
        if seen.is_empty() || end_alone(services, caller, seen, APP_ENDED).await?.is_empty() {
            return Ok(());
        }
    }
}

async fn end_alone(
    services: &Services,
    caller: &Caller,
    seen: Vec<(i64, i64)>,
    why: &str,
) -> Result<Vec<i64>, ServiceError> {
    let (now, journal): (_, Journal) = (services.now(), caller.journal(services));
    let (kept, told) = (why.to_owned(), why.to_owned());
    let ended = db::audited!(
        services.db,
        journal,
        key_edits::revoke_all(now, seen, &kept),
        |ended: &Vec<i64>| {
            let entry = |id: &i64| {
                Entry::done(Event::KeyRevoked, Object::key(*id), json!({ "reason": told }))
            };
            ended.iter().map(entry).collect()
        },
    )?;
    services.verifier.changes.changed_here(services).await;
    Ok(ended)
}
