//! Description, permissions and expiry of a key.

use serde_json::{Map, Value, json};

use super::{KeyChange, KeyError, described, permitted, seen};
use crate::{
    db,
    domain::{
        access::KeyAction,
        audit::{Entry, Event, Object},
        expiry::ExpiryError,
        key_view::KeyView,
        permissions::Permissions,
        timestamp::Timestamp,
    },
    service::{Services, caller::Caller},
};

/// Changes a live key.
///
/// # Errors
/// If the caller may not, a rule is broken, the key is over, or somebody else changed it meanwhile.
pub async fn change(
    services: &Services,
    caller: &Caller,
    id: i64,
    change: KeyChange,
) -> Result<(), KeyError> {
    let key = permitted(services, caller, id, &[KeyAction::See]).await?;
    let change = checked(services, &key, change)?;
    let actions = actions(&key, &change);
    if actions.is_empty() {
        return Ok(());
    }
    permitted(services, caller, id, &actions).await?;
    if !key.state.is_live() && !key_comes_back(&key, &change, services.now()) {
        return Err(KeyError::Over(key.state));
    }
    let details = Value::Object(fields_changed(&key, &change));
    let (seen, journal) = (seen(&key), caller.journal(services));
    let done =
        db::audited!(services.db, journal, key_edits::change(seen, change), |done: &bool| {
            let entry = Entry::done(Event::KeyChanged, Object::key(id), details);
            if *done { vec![entry] } else { Vec::new() }
        },)?;
    services.verifier.changes.changed_here(services).await;
    if done { Ok(()) } else { Err(KeyError::Changed) }
}

/// What is really changed, its rules checked.
fn checked(services: &Services, key: &KeyView, change: KeyChange) -> Result<KeyChange, KeyError> {
    let KeyChange { description, permissions, expires_at } = change;
    let description = description.map(|text| described(&text)).transpose()?;
    if expires_at.flatten().is_some_and(|at| at <= services.now()) {
        return Err(ExpiryError::Past.into());
    }
    Ok(KeyChange {
        description: description.filter(|text| *text != key.description),
        permissions: permissions.filter(|new| *new != key.permissions),
        expires_at: expires_at.filter(|new| *new != key.expires_at),
    })
}

/// What the change is, in the terms of rights.
fn actions(key: &KeyView, change: &KeyChange) -> Vec<KeyAction> {
    let mut actions = Vec::new();
    if change.description.is_some() {
        actions.push(KeyAction::Describe);
    }
    if let Some(new) = change.permissions {
        let widens = adds(key.permissions, new);
        actions.push(if widens { KeyAction::Widen } else { KeyAction::Narrow });
    }
    if let Some(new) = change.expires_at {
        let widens = match (key.expires_at, new) {
            (Some(old), Some(new)) => new > old,
            (Some(_), None) => true,
            (None, _) => false,
        };
        actions.push(if widens { KeyAction::Widen } else { KeyAction::Narrow });
    }
    actions
}

fn adds(old: Permissions, new: Permissions) -> bool {
    (new.reads() && !old.reads()) || (new.writes() && !old.writes())
}

/// Whether an expired key gets time again.
fn key_comes_back(key: &KeyView, change: &KeyChange, now: Timestamp) -> bool {
    key.revoked_at.is_none() && change.expires_at.is_some_and(|new| new.is_none_or(|at| at > now))
}

/// What was and what is, for each field that changes: for the log and for pages.
pub fn fields_changed(key: &KeyView, change: &KeyChange) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut put = |name: &str, old: Value, new: Value| {
        fields.insert(name.to_owned(), json!({ "from": old, "to": new }));
    };
    if let Some(new) = &change.description {
        put("description", json!(key.description), json!(new));
    }
    if let Some(new) = change.permissions {
        put("permissions", json!(key.permissions.as_str()), json!(new.as_str()));
    }
    if let Some(new) = change.expires_at {
        let text = |at: Option<Timestamp>| json!(at.map(|at| at.to_string()));
        put("expires_at", text(key.expires_at), text(new));
    }
    fields
}
