//! Is this the key's secret? From memory if it was presented before, else by Argon2, once.
//!
//! Why so: Argon2 costs a millisecond of a core. The first right secret leaves its tag in the record;
//! from then on any other tag is wrong, and no secret of this key is ever hashed again. Until then one
//! check a key runs at a time, so that a hundred first requests cost one hash, and a flood of wrong
//! secrets for one key takes one place in the hasher's line.

use std::sync::Arc;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::live_keys::{LiveKey, Lookup, Unproven};
use crate::{
    db,
    domain::{
        api_request::ApiRequest, argon, credential::Credential, entropy::random, refusal::Refusal,
        timestamp::Timestamp,
    },
    service::{ServiceError, Services},
};

/// The key, if the secret is its own.
pub(super) async fn check(
    services: &Services,
    request: &ApiRequest<'_>,
    credential: &Credential,
    now: Timestamp,
) -> Result<Result<Arc<LiveKey>, Refusal>, ServiceError> {
    let verifier = &services.verifier;
    let lookup = services.keyring.lookup_tag(credential.key.as_str());
    let tag = verifier.process_key.tag(&lookup, credential.secret.expose());
    verifier.changes.keep_up(services, now).await?;
    let known = verifier.live.get(&lookup);
    if let Some(key) = &known
        && is_good(key, &tag)
    {
        return Ok(Ok(Arc::clone(key)));
    }
    verifier.slowdown.pause(request.client, known.as_deref(), now).await;
    let asked = Asked { services, lookup, credential, tag, now };
    let checked = asked.slowly().await?;
    if checked.is_err() {
        verifier.slowdown.failed(request.client, now);
    }
    Ok(checked)
}

fn is_good(key: &LiveKey, tag: &[u8; 32]) -> bool {
    key.good.get().is_some_and(|good| good.ct_eq(tag).into())
}

/// A credential that memory alone did not let pass.
struct Asked<'a> {
    services: &'a Services,
    lookup: Lookup,
    credential: &'a Credential,
    tag: [u8; 32],
    now: Timestamp,
}

impl Asked<'_> {
    async fn slowly(&self) -> Result<Result<Arc<LiveKey>, Refusal>, ServiceError> {
        let live = &self.services.verifier.live;
        let Some(key) = live.load(self.services, &self.lookup, self.now).await? else {
            return Ok(Err(Refusal::UnknownKey));
        };
        if self.proves(&key).await? {
            return Ok(Ok(key));
        }
        key.failures.spend(self.now);
        Ok(Err(Refusal::WrongSecret))
    }

    async fn proves(&self, key: &LiveKey) -> Result<bool, ServiceError> {
        if key.good.get().is_some() {
            return Ok(is_good(key, &self.tag));
        }
        let mut held = key.unproven.lock().await;
        let Some(unproven) = held.as_mut() else {
            return Ok(is_good(key, &self.tag));
        };
        if unproven.wrong.is_some_and(|wrong| wrong.ct_eq(&self.tag).into()) {
            return Ok(false);
        }
        if !self.hashes_to(&unproven.phc).await? {
            unproven.wrong = Some(self.tag);
            return Ok(false);
        }
        let _ = key.good.set(self.tag);
        if let Some(proven) = held.take() {
            self.renew(key, proven).await;
        }
        Ok(true)
    }

    fn plain(&self) -> Zeroizing<String> {
        Zeroizing::new(self.credential.secret.expose().to_owned())
    }

    async fn hashes_to(&self, phc: &str) -> Result<bool, ServiceError> {
        self.services.secret_hasher.verify(self.plain(), phc.to_owned()).await
    }

    /// Hashes the secret anew if hashing costs something else now than when it was made. A failure
    /// costs nothing: the next first use tries again.
    async fn renew(&self, key: &LiveKey, proven: Box<Unproven>) {
        let services = self.services;
        if argon::cost_of(&proven.phc) == Some(services.costs.secret) {
            return;
        }
        let salt = random(&*services.entropy);
        let renewed = services.secret_hasher.hash(self.plain(), salt, services.costs.secret).await;
        if let Ok(new) = renewed {
            let (id, old) = (key.identity.key_id, proven.phc);
            let written = db::write!(services.db, keys::rehash(id, &old, &new));
            if let Err(error) = written {
                tracing::warn!(key = id, %error, "the secret’s hash could not be renewed");
            }
        }
    }
}
