//! Which token is it? From memory by one keyed hash, else from the database.
//!
//! A token is 256 random bits: there is nothing slow to check, and nothing to guess. Names that no token
//! has are remembered for a moment, as names of keys are.
//!
//! Never: a token made from rows that were read before a change was heard (`LiveKeys::remember_token`).

use std::{net::IpAddr, sync::Arc};

use super::{live_key::LiveKey, live_token::LiveToken};
use crate::{
    db::{self, token_outcomes::TokenRecord},
    domain::{access_token::AccessToken, keyring::Lookup, timestamp::Timestamp},
    service::{ServiceError, Services},
};

/// How often is read anew what changes while it is read.
const ANEW: usize = 5;

/// A token that was presented.
pub struct AskedToken<'a> {
    services: &'a Services,
    lookup: Lookup,
    /// Who presents it.
    client: IpAddr,
    now: Timestamp,
}

impl<'a> AskedToken<'a> {
    /// Hashes it; nothing of a text that can be no token.
    pub fn new(services: &'a Services, text: &str, client: IpAddr) -> Option<Self> {
        let fits = AccessToken::fits(text);
        let now = services.now();
        fits.then(|| Self { services, lookup: services.keyring.lookup(text), client, now })
    }

    /// The token, if it is in memory and memory can be trusted.
    pub fn in_memory(&self) -> Option<Arc<LiveToken>> {
        let verifier = &self.services.verifier;
        if verifier.changes.is_trusted(self.now) { verifier.live.token(&self.lookup) } else { None }
    }

    /// The token, from wherever; nothing if there is none. A stranger who names many that are none waits;
    /// a client that proved who it is may pass on what its own visitors send.
    ///
    /// # Errors
    /// If too many wait, or the database gives no answer.
    pub async fn slowly(&self, is_stranger: bool) -> Result<Option<Arc<LiveToken>>, ServiceError> {
        let verifier = &self.services.verifier;
        verifier.changes.keep_up(self.services, self.now).await?;
        if let Some(token) = verifier.live.token(&self.lookup) {
            return Ok(Some(token));
        }
        if is_stranger {
            verifier.slowdown.pause(self.client, None, self.now).await;
        }
        let found = self.load().await?;
        if is_stranger && found.is_none() {
            verifier.slowdown.failed(self.client, self.now);
        }
        Ok(found)
    }

    async fn load(&self) -> Result<Option<Arc<LiveToken>>, ServiceError> {
        let live = &self.services.verifier.live;
        let _turn = live.turn().await?;
        for _ in 0..ANEW {
            if let Some(token) = live.token(&self.lookup) {
                return Ok(Some(token));
            }
            if live.is_unknown(&self.lookup, self.now) {
                return Ok(None);
            }
            let before = live.forgotten();
            let record = db::read!(self.services.db, access_tokens::by_lookup(&self.lookup))?;
            let Some(record) = record else {
                if live.remember(before, &self.lookup, None, self.now).is_some() {
                    return Ok(None);
                }
                continue;
            };
            if let Some(token) = self.with_keys(before, record).await? {
                return Ok(Some(token));
            }
        }
        Err(ServiceError::Busy)
    }

    /// The token with its keys; nothing if something changed meanwhile.
    async fn with_keys(
        &self,
        before: u64,
        record: TokenRecord,
    ) -> Result<Option<Arc<LiveToken>>, ServiceError> {
        let Some(key) = self.key(before, &record.key).await? else { return Ok(None) };
        let client = match &record.client {
            None => None,
            Some(client) => match self.key(before, client).await? {
                Some(client) => Some(client),
                None => return Ok(None),
            },
        };
        let token = LiveToken::new(record, key, client);
        Ok(self.services.verifier.live.remember_token(before, &self.lookup, token))
    }

    async fn key(
        &self,
        before: u64,
        lookup: &Lookup,
    ) -> Result<Option<Arc<LiveKey>>, ServiceError> {
        let live = &self.services.verifier.live;
        if let Some(key) = live.get(lookup) {
            return Ok(Some(key));
        }
        let record = db::read!(self.services.db, keys::by_lookup(lookup))?;
        if record.is_none() {
            return Ok(None);
        }
        Ok(live.remember(before, lookup, record, self.now).flatten())
    }
}
