//! Is this the key's secret? From memory if it was presented before, else by Argon2, once.
//!
//! Why so: Argon2 costs a millisecond of a core. The first right secret leaves its tag in the record;
//! from then on any other tag is wrong, and no secret of this key is ever hashed again. Until then one
//! check a key runs at a time, so that a hundred first requests cost one hash, and a flood of wrong
//! secrets for one key takes one place in the hasher's line.

use std::{net::IpAddr, sync::Arc};

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{live_key::LiveKey, slowdown, takeover};
use crate::{
    db,
    domain::{
        argon,
        entropy::random,
        keyring::{Lookup, Tag},
        presented::Presented,
        refusal::Refusal,
        timestamp::Timestamp,
    },
    service::{ServiceError, Services},
};

/// How often a key is looked at that changes while its secret is checked. Waiting for others' hashes
/// takes time, and who was revoked meanwhile must not pass by what he was before.
const ANEW: usize = 3;

/// A presented key and secret.
pub(super) struct Asked<'a> {
    services: &'a Services,
    presented: &'a Presented<'a>,
    /// Who presents them.
    client: IpAddr,
    lookup: Lookup,
    tag: Tag,
    now: Timestamp,
}

impl<'a> Asked<'a> {
    /// Hashes both.
    pub(super) fn new(
        services: &'a Services,
        presented: &'a Presented<'a>,
        client: IpAddr,
        now: Timestamp,
    ) -> Self {
        let lookup = services.keyring.lookup(&presented.key);
        let tag = services.verifier.process_key.tag(&lookup, presented.secret);
        Self { services, presented, client, lookup, tag, now }
    }

    /// The key, if memory alone says that the secret is its own.
    pub(super) fn in_memory(&self) -> Option<Arc<LiveKey>> {
        let verifier = &self.services.verifier;
        if !verifier.changes.is_trusted(self.now) {
            return None;
        }
        verifier.live.get(&self.lookup).filter(|key| is_good(key, &self.tag))
    }

    /// The key, if the secret is its own: after a wait, if it was guessed at of late.
    pub(super) async fn slowly(&self) -> Result<Result<Arc<LiveKey>, Refusal>, ServiceError> {
        let verifier = &self.services.verifier;
        verifier.changes.keep_up(self.services, self.now).await?;
        let known = verifier.live.get(&self.lookup);
        if let Some(key) = &known
            && is_good(key, &self.tag)
        {
            return Ok(Ok(Arc::clone(key)));
        }
        verifier.slowdown.pause(self.client, known.as_deref(), self.now).await;
        let checked = self.check().await?;
        if checked.is_err() {
            verifier.slowdown.failed(self.client, self.now);
        }
        Ok(checked)
    }

    async fn check(&self) -> Result<Result<Arc<LiveKey>, Refusal>, ServiceError> {
        let live = &self.services.verifier.live;
        for _ in 0..ANEW {
            let loaded = live.load(self.services, &self.presented.key, &self.lookup, self.now);
            let Some(key) = loaded.await? else {
                return Ok(Err(Refusal::UnknownKey));
            };
            if !self.proves(&key).await? {
                key.failures.spend(self.now, slowdown::ONE);
                return Ok(Err(Refusal::WrongSecret));
            }
            if !key.is_forgotten() {
                return Ok(Ok(key));
            }
        }
        Err(ServiceError::Busy)
    }

    async fn proves(&self, key: &LiveKey) -> Result<bool, ServiceError> {
        let Some(unproven) = key.unproven() else {
            return Ok(is_good(key, &self.tag));
        };
        let mut wrong = unproven.wrong.lock().await;
        if key.good.get().is_some() {
            return Ok(is_good(key, &self.tag));
        }
        if wrong.is_some_and(|wrong| wrong.ct_eq(&self.tag).into()) {
            return Ok(false);
        }
        if !self.hashes_to(&unproven.phc).await? {
            *wrong = Some(self.tag);
            return Ok(false);
        }
        takeover::used(self.services, key, &self.lookup).await?;
        key.prove(self.tag);
        self.renew(key, &unproven.phc).await;
        Ok(true)
    }

    fn plain(&self) -> Zeroizing<String> {
        Zeroizing::new(self.presented.secret.to_owned())
    }

    async fn hashes_to(&self, phc: &str) -> Result<bool, ServiceError> {
        self.services.secret_hasher.verify(self.plain(), phc.to_owned()).await
    }

    /// Hashes the secret anew if hashing costs something else now than when it was made. A failure
    /// costs nothing: the next first use tries again.
    async fn renew(&self, key: &LiveKey, old: &str) {
        let services = self.services;
        if argon::cost_of(old) == Some(services.costs.secret) {
            return;
        }
        let salt = random(&*services.entropy);
        let renewed = services.secret_hasher.hash(self.plain(), salt, services.costs.secret).await;
        if let Ok(new) = renewed {
            let (id, old) = (key.identity.key_id, old.to_owned());
            let written = db::write!(services.db, keys::rehash(id, &old, &new));
            if let Err(error) = written {
                tracing::warn!(key = id, %error, "the secret’s hash could not be renewed");
            }
        }
    }
}

fn is_good(key: &LiveKey, tag: &Tag) -> bool {
    key.good.get().is_some_and(|good| good.ct_eq(tag).into())
}
