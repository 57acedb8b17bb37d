//! What is a token worth (RFC 7662)? Answered from memory as `/verify` does, for a client about its own
//! tokens, and for people who may see keys about all.

use std::{net::IpAddr, sync::Arc};

use crate::{
    db,
    domain::{
        access_token::RefreshToken, key_rules::Environment, permissions::Permissions,
        timestamp::Timestamp,
    },
    service::{
        ServiceError, Services,
        verify::{self, AskedToken, LiveKey, LiveToken},
    },
};

/// What is told of a live token.
pub struct Introspected {
    /// What it may do.
    pub permissions: Permissions,
    /// The number of the user it acts for.
    pub owner_id: i64,
    /// Login of that user.
    pub owner: String,
    /// The number of its key.
    pub key_id: i64,
    /// Whether the client that asks got it.
    pub is_askers: bool,
    /// What it is for.
    pub environment: Environment,
    /// When it was made, if that is known.
    pub issued_at: Option<Timestamp>,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
    /// Whether it opens something; a refresh token does not.
    pub is_access: bool,
}

/// What a token is worth to whoever asks, if memory alone can tell: the outer nothing says that
/// [`introspect`] must.
pub fn introspect_at_once(
    services: &Services,
    asker: Option<&LiveKey>,
    (token, address): (&str, IpAddr),
) -> Option<Option<Introspected>> {
    let asked = AskedToken::new(services, token, address)?;
    Some(told(services, asker, asked.in_memory()?))
}

/// What a token is worth to whoever asks: a client, or somebody who may see all.
///
/// # Errors
/// If too many ask, or the database gives no answer.
pub async fn introspect(
    services: &Services,
    asker: Option<&LiveKey>,
    (token, address): (&str, IpAddr),
) -> Result<Option<Introspected>, ServiceError> {
    if let Some(asked) = AskedToken::new(services, token, address) {
        let found = asked.slowly(false).await?;
        return Ok(found.and_then(|token| told(services, asker, token)));
    }
    match RefreshToken::parse(token) {
        Some(token) => refresh_token(services, asker, &token).await,
        None => Ok(None),
    }
}

fn told(
    services: &Services,
    asker: Option<&LiveKey>,
    token: Arc<LiveToken>,
) -> Option<Introspected> {
    let may_know = asker.is_none_or(|asker| token.is_of(asker));
    if !may_know || token.opens_nothing() || token.usable(services.now()).is_err() {
        return None;
    }
    let holder = token.client.as_ref().unwrap_or(&token.key);
    let identity = &token.identity;
    Some(Introspected {
        permissions: identity.permissions,
        owner_id: identity.owner_id,
        owner: identity.owner.text().into_owned(),
        key_id: identity.key_id,
        is_askers: asker.is_some_and(|asker| asker.identity.key_id == holder.identity.key_id),
        environment: identity.environment,
        issued_at: Some(token.created_at),
        expires_at: token.expires_at,
        is_access: true,
    })
}

async fn refresh_token(
    services: &Services,
    asker: Option<&LiveKey>,
    token: &RefreshToken,
) -> Result<Option<Introspected>, ServiceError> {
    let lookup = services.keyring.lookup(token.expose());
    let record = db::read!(services.db, refresh_tokens::by_lookup(&lookup))?;
    let now = services.now();
    let live = record.filter(|record| {
        let is_over = record.expires_at.is_some_and(|end| end <= now);
        !record.revoked && record.spent_at.is_none() && !is_over
    });
    let Some(record) = live else { return Ok(None) };
    let holder = record.client_id.unwrap_or(record.key_id);
    if asker.is_some_and(|asker| asker.identity.key_id != holder) {
        return Ok(None);
    }
    let key = verify::by_lookup(services, &record.key).await?;
    let Some(key) = key.filter(|key| key.life.usable(now).is_ok()) else { return Ok(None) };
    if let Some(client) = record.client_id
        && !is_live(services, client, now).await?
    {
        return Ok(None);
    }
    Ok(record.permissions.and(key.identity.permissions).map(|permissions| Introspected {
        permissions,
        owner_id: key.identity.owner_id,
        owner: key.identity.owner.text().into_owned(),
        key_id: record.key_id,
        is_askers: asker.is_some(),
        environment: key.identity.environment,
        issued_at: None,
        expires_at: record.expires_at,
        is_access: false,
    }))
}

/// Whether the key of that number is live.
async fn is_live(services: &Services, key_id: i64, now: Timestamp) -> Result<bool, ServiceError> {
    let Some(lookup) = db::read!(services.db, keys::lookup_of(key_id))? else { return Ok(false) };
    let key = verify::by_lookup(services, &lookup).await?;
    Ok(key.is_some_and(|key| key.life.usable(now).is_ok()))
}
