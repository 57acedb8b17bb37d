//! The keys that sign callbacks: signing with them, publishing them, exchanging them.
//!
//! Which generations are in use is read from the database each time, so that a running service follows
//! a rotation made by another process without being told.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ed25519_dalek::SigningKey;
use serde_json::json;
use tokio::time::timeout;

use super::{ServiceError, Services, caller::Caller};
use crate::{
    db::{self, DbError, outcomes::Rotated},
    domain::{
        audit::{Entry, Event, Object},
        signature::{self, JwkSet, SignatureHeaders},
        signing_key::{Generation, MOST_IN_USE, OVERLAP},
        timestamp::Timestamp,
    },
};

/// The generations that signed last: what signs if the database gives no answer just then. A delivery
/// that is claimed already is better signed with these than not sent.
pub struct LastSeen(Mutex<Vec<u32>>);

impl Default for LastSeen {
    fn default() -> Self {
        Self(Mutex::new(vec![1]))
    }
}

impl LastSeen {
    fn lock(&self) -> MutexGuard<'_, Vec<u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long signing waits for the database; the attempt's lease is running.
const PATIENCE: Duration = Duration::from_secs(1);

/// A generation, and the id under which its public key is published.
pub struct Listed {
    /// The generation.
    pub generation: Generation,
    /// The `kid` in the JWKS.
    pub kid: String,
}

/// How a rotation went.
pub struct Rotation {
    /// The generation that signs now.
    pub made: u32,
    /// Until when the one before goes on signing beside it.
    pub overlap_until: Timestamp,
}

/// Why the key was not exchanged.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// Another rotation came between.
    #[error(
        "somebody else rotated the signing key at this very moment; look at `appgrant signing-key \
         list`, and rotate again if you still need to"
    )]
    LostRace,
    /// The header would become too long.
    #[error(
        "{MOST_IN_USE} signing keys are in use already; wait until one of them retires (`appgrant \
         signing-key list`), or rotate with --at-once"
    )]
    TooMany,
    /// Something nobody asked for.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// Signs one attempt with each key in use, newest first.
pub async fn sign(services: &Services, id: &str, body: &[u8]) -> SignatureHeaders {
    let now = services.now();
    match timeout(PATIENCE, in_use(services, now)).await {
        Ok(Ok(generations)) => {
            *services.signing.lock() = generations.iter().map(|one| one.number).collect();
        }
        Ok(Err(error)) => tracing::error!(%error, "signing with the keys seen last"),
        Err(_) => tracing::error!("signing with the keys seen last: the database is slow"),
    }
    let numbers = services.signing.lock().clone();
    signature::sign(&keys(services, numbers), id, now, body)
}

/// The public keys that apps check signatures with.
///
/// # Errors
/// If the database gives no answer: better none than one that was withdrawn.
pub async fn public_keys(services: &Services) -> Result<JwkSet, ServiceError> {
    let generations = in_use(services, services.now()).await?;
    let numbers = generations.iter().map(|one| one.number);
    Ok(signature::public_keys(&keys(services, numbers)))
}

/// All generations, newest first.
///
/// # Errors
/// If the database gives no answer.
pub async fn list(services: &Services) -> Result<Vec<Listed>, ServiceError> {
    let generations = db::read!(services.db, signing_keys::all())?;
    let listed = |generation: Generation| Listed {
        kid: signature::thumbprint(&services.keyring.signing(generation.number)),
        generation,
    };
    Ok(generations.into_iter().map(listed).collect())
}

/// Makes the next signing key. The ones before go on signing beside it for a while, or stop `at_once`.
///
/// # Errors
/// If there are too many, somebody else was first, or the database gives no answer.
pub async fn rotate(
    services: &Services,
    caller: &Caller,
    at_once: bool,
) -> Result<Rotation, RotateError> {
    let now = services.now();
    let in_use = in_use(services, now).await?;
    let newest =
        in_use.first().ok_or(DbError::Corrupt("signing_keys")).map_err(ServiceError::Db)?;
    if in_use.len() >= MOST_IN_USE && !at_once {
        return Err(RotateError::TooMany);
    }
    let overlap_until = if at_once { now } else { now.plus(OVERLAP) };
    let newest = newest.number;
    let journal = caller.journal(services);
    let rotated = db::audited!(
        services.db,
        journal,
        signing_keys::rotate(now, newest, overlap_until),
        |rotated: &Rotated| match rotated {
            Rotated::To(made) => {
                let (object, details) = (Object::signing_key(*made), json!({ "at_once": at_once }));
                vec![Entry::done(Event::SigningKeyRotated, object, details)]
            }
            Rotated::LostRace => Vec::new(),
        },
    );
    match rotated.map_err(ServiceError::Db)? {
        Rotated::To(made) => Ok(Rotation { made, overlap_until }),
        Rotated::LostRace => Err(RotateError::LostRace),
    }
}

async fn in_use(services: &Services, now: Timestamp) -> Result<Vec<Generation>, ServiceError> {
    let generations = db::read!(services.db, signing_keys::in_use(now))?;
    // Without any, keys would go out unsigned.
    if generations.is_empty() {
        Err(DbError::Corrupt("signing_keys").into())
    } else {
        Ok(generations)
    }
}

fn keys(services: &Services, numbers: impl IntoIterator<Item = u32>) -> Vec<SigningKey> {
    numbers.into_iter().map(|number| services.keyring.signing(number)).collect()
}
