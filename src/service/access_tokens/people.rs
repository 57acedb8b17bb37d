//! What people do with a key's tokens: look at them, end one or all, make one.

use std::sync::Arc;

use serde_json::json;

use super::{Issue, Issued, RulesChange, TokenView, change_rules, mint::prepare};
use crate::{
    db::{self, token_outcomes::Ended},
    domain::{
        access::KeyAction,
        access_token::MadeBy,
        audit::{Entry, Event, Object},
        key_view::ShownState,
    },
    service::{
        Services,
        caller::Caller,
        keys::{self, KeyError},
        verify::{self, LiveKey},
    },
};

/// One page of a key's tokens.
pub struct Tokens {
    /// The newest first.
    pub tokens: Vec<TokenView>,
    /// Before which number the next page begins, if there is one.
    pub next: Option<i64>,
}

/// The tokens of a key, the newest first: those before that number.
///
/// # Errors
/// If there is no such key, or nobody asks.
pub async fn list(
    services: &Services,
    caller: &Caller,
    key_id: i64,
    before: Option<i64>,
    most: usize,
) -> Result<Tokens, KeyError> {
    keys::show(services, caller, key_id).await?;
    let limit = i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1);
    let mut tokens = db::read!(services.db, access_tokens::list(key_id, before, limit))?;
    let has_more = tokens.len() > most;
    tokens.truncate(most);
    let next = tokens.last().map(|token| token.id).filter(|_| has_more);
    Ok(Tokens { tokens, next })
}

/// Ends one token of a key, and what refreshes it; whether it was live.
///
/// # Errors
/// If the caller may not, there is no such token of that key, or the key became somebody else's meanwhile.
pub async fn revoke(
    services: &Services,
    caller: &Caller,
    key_id: i64,
    id: i64,
) -> Result<bool, KeyError> {
    let key = keys::permitted(services, caller, key_id, &[KeyAction::Tokens]).await?;
    let found = db::read!(services.db, access_tokens::find(key_id, id))?;
    let token = found.ok_or(KeyError::Unknown)?;
    let (now, journal) = (services.now(), caller.journal(services));
    let details = json!({ "token": id, "ending": token.ending });
    let ended = db::audited!(
        services.db,
        journal,
        access_tokens::revoke(now, (key_id, key.owner.id), id),
        |ended: &Ended| {
            let entry = Entry::done(Event::AccessTokensEnded, Object::key(key_id), details);
            if *ended == Ended::Now { vec![entry] } else { Vec::new() }
        },
    )?;
    services.verifier.changes.changed_here(services).await;
    match ended {
        Ended::Now => Ok(true),
        Ended::Before => Ok(false),
        Ended::Changed => Err(KeyError::Changed),
    }
}

/// Ends all tokens of a key, and what refreshes them.
///
/// # Errors
/// If the caller may not, there is no such key, or it became somebody else's meanwhile.
pub async fn revoke_all(services: &Services, caller: &Caller, key_id: i64) -> Result<(), KeyError> {
    let key = keys::permitted(services, caller, key_id, &[KeyAction::Tokens]).await?;
    let journal = caller.journal(services);
    let details = json!({ "all": true });
    let done = db::audited!(
        services.db,
        journal,
        access_tokens::revoke_all_of((key_id, key.owner.id)),
        |done: &bool| {
            let entry = Entry::done(Event::AccessTokensEnded, Object::key(key_id), details);
            if *done { vec![entry] } else { Vec::new() }
        },
    )?;
    services.verifier.changes.changed_here(services).await;
    if done { Ok(()) } else { Err(KeyError::Changed) }
}

/// Ends all tokens of a key and makes one, with other rules if they are given; its only showing.
///
/// # Errors
/// If the caller may not, the key is over, the rules are none, or somebody else changed the key meanwhile.
pub async fn regenerate(
    services: &Services,
    caller: &Caller,
    key_id: i64,
    change: Option<RulesChange>,
) -> Result<Issued, KeyError> {
    let actions = [KeyAction::Tokens, KeyAction::MakeToken];
    let view = keys::permitted(services, caller, key_id, &actions).await?;
    if view.state != ShownState::Active {
        return Err(KeyError::Over(view.state));
    }
    if let Some(change) = change.filter(|change| *change != RulesChange::default()) {
        change_rules(services, caller, key_id, change).await?;
    }
    let key = live(services, key_id).await?;
    // A connection opens no more than its app may, whoever makes the token.
    let client = match db::read!(services.db, oauth_clients::client_of(key_id))? {
        Some(client) => Some(live(services, client).await?),
        None => None,
    };
    let issue = Issue {
        key: &key,
        client: client.as_deref(),
        permissions: key.identity.permissions,
        made_by: MadeBy::Person,
        asked: None,
        refreshes: false,
    };
    let (issued, token) = prepare(services, &issue);
    let (now, journal) = (services.now(), caller.journal(services));
    let details = json!({ "ending": token.ending, "ends_others": true });
    let made = db::audited!(
        services.db,
        journal,
        access_tokens::regenerate(now, view.owner.id, token),
        |made: &Option<i64>| {
            let entry = Entry::done(Event::AccessTokenMade, Object::key(key_id), details);
            if made.is_some() { vec![entry] } else { Vec::new() }
        },
    )?;
    made.ok_or(KeyError::Changed)?;
    services.metrics.tokens.made(MadeBy::Person);
    services.verifier.changes.changed_here(services).await;
    Ok(issued)
}

/// The key as verification sees it.
async fn live(services: &Services, key_id: i64) -> Result<Arc<LiveKey>, KeyError> {
    let lookup = db::read!(services.db, keys::lookup_of(key_id))?.ok_or(KeyError::Unknown)?;
    verify::by_lookup(services, &lookup).await?.ok_or(KeyError::Unknown)
}
