//! The store's public keys, fetched when they are first needed and again when none of them fits.

use tokio::sync::Mutex;
use url::Url;

use super::Signature;
use crate::{
    domain::{
        signature::{JwkSet, NotSigned, SignatureHeaders, verify},
        timestamp::Timestamp,
    },
    outbound::jwks,
};

/// The keys as last fetched.
pub struct StoreKeys {
    store: Url,
    fetched: Mutex<Option<JwkSet>>,
}

impl StoreKeys {
    /// The keys of that store; none are fetched yet.
    pub fn of(store: Url) -> Self {
        Self { store, fetched: Mutex::default() }
    }

    /// Whether the store signed this body. A store may have changed its keys since they were fetched.
    pub async fn check(
        &self,
        headers: &SignatureHeaders,
        now: Timestamp,
        body: &[u8],
    ) -> Signature {
        let mut fetched = self.fetched.lock().await;
        if let Some(keys) = &*fetched {
            let known = verify(keys, headers, now, body);
            if known != Err(NotSigned::NoKeyFits) {
                return verdict(known);
            }
        }
        match jwks::fetch(&self.store).await {
            Ok(keys) => verdict(verify(fetched.insert(keys), headers, now, body)),
            Err(error) => Signature::Unknown(error.to_string()),
        }
    }
}

fn verdict(outcome: Result<(), NotSigned>) -> Signature {
    match outcome {
        Ok(()) => Signature::Holds,
        Err(error) => Signature::DoesNotHold(error.to_string()),
    }
}
