//! Giving keys to another user: for admins only.

use serde_json::json;

use super::{KeyError, permitted};
use crate::{
    db,
    domain::{
        access::KeyAction,
        audit::{Entry, Event, Object},
        key_view::ShownState,
    },
    service::{Services, caller::Caller},
};

/// How many keys move in one transaction.
const AT_ONCE: i64 = 200;

/// Gives a key to another user.
///
/// # Errors
/// If the caller may not, the key is over, or the other user cannot have keys.
pub async fn reassign(
    services: &Services,
    caller: &Caller,
    id: i64,
    to: i64,
) -> Result<(), KeyError> {
    let key = permitted(services, caller, id, &[KeyAction::Reassign]).await?;
    if key.state == ShownState::Revoked {
        return Err(KeyError::Over(key.state));
    }
    if key.owner.id == to {
        return Ok(());
    }
    let moved = give(services, caller, vec![id], (key.owner.id, to)).await?;
    if moved == 1 { Ok(()) } else { Err(KeyError::Changed) }
}

/// Gives all keys of a user who goes to another. Whoever may decide about the user may decide this.
///
/// # Errors
/// If the other user cannot have keys.
pub async fn reassign_all_of(
    services: &Services,
    caller: &Caller,
    from: i64,
    to: i64,
) -> Result<usize, KeyError> {
    if from == to {
        return Err(KeyError::NoOwner);
    }
    let mut moved = 0;
    loop {
        let ids = db::read!(services.db, key_edits::some_of_owner(from, AT_ONCE))?;
        if ids.is_empty() {
            return Ok(moved);
        }
        moved += give(services, caller, ids, (from, to)).await?;
    }
}

async fn give(
    services: &Services,
    caller: &Caller,
    ids: Vec<i64>,
    (from, to): (i64, i64),
) -> Result<usize, KeyError> {
    let journal = caller.journal(services);
    let moved = db::audited!(
        services.db,
        journal,
        key_edits::reassign(ids, from, to),
        |moved: &Option<Vec<i64>>| {
            let details = json!({ "from": from, "to": to });
            let entry =
                |id: &i64| Entry::done(Event::KeyReassigned, Object::key(*id), details.clone());
            moved.iter().flatten().map(entry).collect()
        },
    )?;
    services.verifier.changes.changed_here(services).await;
    Ok(moved.ok_or(KeyError::NoOwner)?.len())
}
