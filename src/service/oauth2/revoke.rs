//! A client throws a token away (RFC 7009): an access token alone, or a refresh token with all that came of
//! it. What is not its own, or not known, is left alone, and it is not told which.
//!
//! Looked for before anything is written: a client that keeps no secret is anybody, and writes come one
//! after the other.

use std::net::{IpAddr, Ipv4Addr};

use serde_json::json;

use super::Client;
use crate::{
    db,
    domain::{
        access_token::{AccessToken, RefreshToken},
        audit::{Entry, Event, Object},
    },
    service::{
        ServiceError, Services,
        caller::Caller,
        verify::{self, AskedToken},
    },
};

/// Why a family ends whose refresh token was thrown away.
const THROWN_AWAY: &str = "its app revoked it";

/// Ends that token, if it is one of this client's.
///
/// # Errors
/// If the database gives no answer.
pub async fn revoke(
    services: &Services,
    caller: &Caller,
    client: &Client,
    text: &str,
) -> Result<(), ServiceError> {
    let ended = if let Some(token) = AccessToken::parse(text) {
        access_token(services, caller, client, &token).await?
    } else if let Some(token) = RefreshToken::parse(text) {
        refresh_token(services, caller, client, &token).await?
    } else {
        false
    };
    if ended {
        services.verifier.changes.changed_here(services).await;
    }
    Ok(())
}

async fn access_token(
    services: &Services,
    caller: &Caller,
    client: &Client,
    token: &AccessToken,
) -> Result<bool, ServiceError> {
    let asked = AskedToken::new(services, token.expose(), address(caller));
    let Some(asked) = asked else { return Ok(false) };
    let found = asked.slowly(!client.is_confidential).await?;
    let Some(found) = found.filter(|token| token.is_of(&client.key)) else { return Ok(false) };
    let (now, client_id) = (services.now(), client.key.identity.key_id);
    let lookup = services.keyring.lookup(token.expose());
    let journal = caller.journal(services);
    let entry = entry(found.identity.key_id, client_id, "access token");
    Ok(db::audited!(
        services.db,
        journal,
        access_tokens::revoke_own(now, lookup, client_id),
        |ended: &bool| if *ended { vec![entry] } else { Vec::new() },
    )?)
}

/// What is written down.
fn entry(key_id: i64, client_id: i64, what: &str) -> Entry {
    let details = json!({ "by_its_app": client_id, "what": what });
    Entry::done(Event::AccessTokensEnded, Object::key(key_id), details)
}

fn address(caller: &Caller) -> IpAddr {
    caller.address.unwrap_or(Ipv4Addr::UNSPECIFIED.into())
}

async fn refresh_token(
    services: &Services,
    caller: &Caller,
    client: &Client,
    token: &RefreshToken,
) -> Result<bool, ServiceError> {
    if !client.is_confidential {
        verify::slow_down(services, address(caller)).await;
    }
    let lookup = services.keyring.lookup(token.expose());
    let record = db::read!(services.db, refresh_tokens::by_lookup(&lookup))?;
    let client_id = client.key.identity.key_id;
    let own = record.filter(|it| it.client_id.unwrap_or(it.key_id) == client_id);
    let Some(record) = own else {
        verify::note_failure(services, address(caller));
        return Ok(false);
    };
    let (now, journal) = (services.now(), caller.journal(services));
    let entry = entry(record.key_id, client_id, "refresh token and all that came of it");
    Ok(db::audited!(
        services.db,
        journal,
        refresh_tokens::end_family(now, record.family, THROWN_AWAY),
        |ended: &bool| if *ended { vec![entry] } else { Vec::new() },
    )?)
}
