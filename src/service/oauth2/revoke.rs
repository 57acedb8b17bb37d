//! A client throws a token away (RFC 7009): an access token alone, or a refresh token with all that came of
//! it. What is not its own, or not known, is left alone, and it is not told which.
//!
//! Looked for before anything is written: a client that keeps no secret is anybody, and writes come one
//! after the other.

use std::net::IpAddr;

use super::Client;
use crate::{
    db,
    domain::access_token::{AccessToken, RefreshToken},
    service::{
        ServiceError, Services,
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
    client: &Client,
    (text, address): (&str, IpAddr),
) -> Result<(), ServiceError> {
    let ended = if let Some(token) = AccessToken::parse(text) {
        access_token(services, client, (&token, address)).await?
    } else if let Some(token) = RefreshToken::parse(text) {
        refresh_token(services, client, (&token, address)).await?
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
    client: &Client,
    (token, address): (&AccessToken, IpAddr),
) -> Result<bool, ServiceError> {
    let Some(asked) = AskedToken::new(services, token.expose(), address) else { return Ok(false) };
    let found = asked.slowly(!client.is_confidential).await?;
    if !found.is_some_and(|token| token.is_of(&client.key)) {
        return Ok(false);
    }
    let (now, client_id) = (services.now(), client.key.identity.key_id);
    let lookup = services.keyring.lookup(token.expose());
    Ok(db::write!(services.db, access_tokens::revoke_own(now, lookup, client_id))?)
}

async fn refresh_token(
    services: &Services,
    client: &Client,
    (token, address): (&RefreshToken, IpAddr),
) -> Result<bool, ServiceError> {
    if !client.is_confidential {
        verify::slow_down(services, address).await;
    }
    let lookup = services.keyring.lookup(token.expose());
    let record = db::read!(services.db, refresh_tokens::by_lookup(&lookup))?;
    let client_id = client.key.identity.key_id;
    let own = record.filter(|it| it.client_id.unwrap_or(it.key_id) == client_id);
    let Some(record) = own else {
        verify::note_failure(services, address);
        return Ok(false);
    };
    let now = services.now();
    Ok(db::write!(services.db, refresh_tokens::end_family(now, record.family, THROWN_AWAY))?)
}
