//! Which client asks, and whether it is that one (RFC 6749 §2.3).
//!
//! A client with a secret proves it each time. One that keeps none, as an app on a device, is known by its
//! name alone; what it may ask for is bound to a code and its verifier, or to a refresh token.

use std::{borrow::Cow, net::IpAddr, sync::Arc, time::Duration};

use super::error::{Error, Kind};
use crate::{
    db,
    domain::{key::Unusable, presented::Presented as Pair, refusal::Refusal},
    service::{
        Services,
        verify::{self, LiveKey},
    },
};

/// What a request presents; any texts.
pub struct Presented<'a> {
    /// `client_id`, a consumer key.
    pub id: &'a str,
    /// `client_secret`, if one was sent.
    pub secret: Option<&'a str>,
    /// Who sends it.
    pub address: IpAddr,
}

/// A client that is known.
#[derive(Clone)]
pub struct Client {
    /// Its key.
    pub key: Arc<LiveKey>,
    /// Whether it proved a secret.
    pub is_confidential: bool,
}

/// Finds out which client asks. Every ask for a token counts against its rate; `counts` says whether this
/// is one. A name alone proves nothing: one who keeps no secret counts once code or refresh token are his.
///
/// # Errors
/// If it is none, may not ask from there, or asks too often.
pub async fn authenticate(
    services: &Services,
    presented: &Presented<'_>,
    counts: bool,
) -> Result<Client, Error> {
    let client = match presented.secret {
        Some(secret) => {
            let pair = Pair { key: Cow::Borrowed(presented.id), secret };
            let proven = verify::prove(services, &pair, presented.address).await?;
            let key = proven.map_err(|refusal| refused(&refusal))?;
            Client { key, is_confidential: true }
        }
        None => public(services, presented).await?,
    };
    let now = services.now();
    let admitted = client.key.admits_program(presented.address, now);
    admitted.map_err(|refusal| refused(&refusal))?;
    if counts && client.is_confidential {
        client.count(services)?;
    }
    Ok(client)
}

impl Client {
    /// Counts that it asks for a token.
    ///
    /// # Errors
    /// If it asks too often.
    pub(super) fn count(&self, services: &Services) -> Result<(), Error> {
        if self.key.may_ask(services.now(), services.tokens.options.rate) {
            return Ok(());
        }
        let say = "this client asks for tokens too often; use the token it has until it expires";
        let rate = u64::from(services.tokens.options.rate.max(1));
        Err(Error::Wait(Duration::from_secs(60_u64.div_ceil(rate)), say))
    }
}

/// A registered app that keeps no secret.
async fn public(services: &Services, presented: &Presented<'_>) -> Result<Client, Error> {
    let key = verify::named(services, presented.id, presented.address).await?;
    if let Some(key) = key {
        let app = db::read!(services.db, oauth_clients::find(key.identity.key_id))?;
        if app.is_some_and(|app| app.public) {
            return Ok(Client { key, is_confidential: false });
        }
    }
    let say = "no secret was sent: send the consumer key and secret by HTTP Basic, or as client_id and \
               client_secret";
    Err(Error::new(Kind::InvalidClient, say))
}

fn refused(refusal: &Refusal) -> Error {
    let say = match refusal {
        Refusal::Unusable(Unusable::Revoked) => "this key was revoked",
        Refusal::Unusable(Unusable::Expired) => "this key has expired",
        Refusal::Unusable(Unusable::Replaced) => "this pair was replaced; use the new one",
        Refusal::Unusable(Unusable::NotDelivered) => "this key is not in use yet",
        Refusal::Unusable(Unusable::OwnerDisabled) => "the user this key acts for may not act now",
        Refusal::NotAdmitted(_) => "this key cannot be used from this address",
        _ => "the consumer key or secret is wrong",
    };
    Error::new(Kind::InvalidClient, say)
}
