//! Signed requests: OAuth 1.0a with one leg, as WooCommerce's clients sign over plain http (wire.md
//! §4.3). Off unless asked for, since it needs secrets that can be read again.
//!
//! The signature is tried against the address the client used, then against the public one: either
//! proves the secret, and the first spares people the most frequent signature error. A nonce is used up
//! in one statement, so that of two processes only one lets a request pass.

use std::{sync::Arc, time::Duration};

use zeroize::Zeroizing;

use super::{live_key::LiveKey, slowdown, takeover};
use crate::{
    db,
    domain::{
        api_request::{ApiRequest, Authorization},
        oauth1::{Mode, Refused, Signed},
        protected_paths::Place,
        refusal::Refusal,
        timestamp::Timestamp,
    },
    service::{ServiceError, Services},
};

/// How many nonces are deleted in one transaction.
const PURGED_AT_ONCE: i64 = 5_000;

/// How long a nonce is kept: a timestamp may lie 15 minutes ahead, and is good for 15 after that. A minute
/// more, since the node that deletes it may be ahead of one that would take it again.
const NONCE_KEPT: Duration = Duration::from_mins(31);

/// The row a sealed secret belongs to.
pub fn sealed_row(key_id: i64) -> String {
    format!("secret of key {key_id}")
}

/// Whether a request says that it is signed.
pub(super) fn is_signed(request: &ApiRequest<'_>) -> bool {
    !matches!(Signed::read(request.query.text, None), Ok(None))
}

/// The key that signed the request; nothing if it is not signed.
pub(super) async fn check(
    services: &Services,
    request: &ApiRequest<'_>,
    place: Place,
    now: Timestamp,
) -> Result<Option<Result<Arc<LiveKey>, Refusal>>, ServiceError> {
    let header = match request.authorization {
        Authorization::One(header) => Some(header),
        Authorization::Absent | Authorization::Unclear => None,
    };
    let signed = match Signed::read(request.query.text, header) {
        Ok(Some(signed)) => signed,
        Ok(None) => return Ok(None),
        Err(incomplete) => return Ok(Some(Err(refused(incomplete.into())))),
    };
    if place == Place::Elsewhere {
        return Ok(Some(Err(Refusal::PathNotCovered)));
    }
    let judged = judge(services, request, &signed, now).await?;
    if judged.is_err() {
        services.verifier.slowdown.failed(request.client, now);
    }
    Ok(Some(judged))
}

async fn judge(
    services: &Services,
    request: &ApiRequest<'_>,
    signed: &Signed,
    now: Timestamp,
) -> Result<Result<Arc<LiveKey>, Refusal>, ServiceError> {
    services.verifier.changes.keep_up(services, now).await?;
    let key = match signer(services, request, signed, now).await? {
        Ok(key) => key,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if !use_nonce(services, key.identity.key_id, signed, now).await? {
        return Ok(Err(refused(Refused::NonceUsed)));
    }
    takeover::used(services, &key, &services.keyring.lookup(signed.consumer_key())).await?;
    if key.is_forgotten() {
        return signer(services, request, signed, now).await;
    }
    Ok(Ok(key))
}

/// The key whose secret signed the request. Whoever is in memory and signed rightly never waits, and
/// whoever did not waits with the answer.
async fn signer(
    services: &Services,
    request: &ApiRequest<'_>,
    signed: &Signed,
    now: Timestamp,
) -> Result<Result<Arc<LiveKey>, Refusal>, ServiceError> {
    let (live, slowdown) = (&services.verifier.live, &services.verifier.slowdown);
    let lookup = services.keyring.lookup(signed.consumer_key());
    let known = live.get(&lookup);
    if known.is_none() {
        slowdown.pause(request.client, None, now).await;
    }
    let Some(key) = live.load(services, signed.consumer_key(), &lookup, now).await? else {
        return Ok(Err(Refusal::SignedByUnknownKey));
    };
    let Some(secret) = secret_of(services, &key) else {
        return Ok(Err(Refusal::SecretNotKept));
    };
    if let Err(refusal) = signature_holds(services, request, signed, &secret, now) {
        if known.is_some() {
            slowdown.pause(request.client, Some(&key), now).await;
        }
        key.failures.spend(now, slowdown::ONE);
        return Ok(Err(refusal));
    }
    Ok(Ok(key))
}

fn secret_of(services: &Services, key: &LiveKey) -> Option<Zeroizing<String>> {
    let row = sealed_row(key.identity.key_id);
    let plain = key.sealed_secret.as_ref()?.open(&services.keyring, &row).ok()?;
    Some(Zeroizing::new(std::str::from_utf8(&plain).ok()?.to_owned()))
}

fn signature_holds(
    services: &Services,
    request: &ApiRequest<'_>,
    signed: &Signed,
    secret: &str,
    now: Timestamp,
) -> Result<(), Refusal> {
    let urls = urls(services, request);
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    let options = &services.verifier.options;
    let checked = signed.check_signature(secret, request.method, &urls);
    checked.and_then(|()| signed.check_timestamp(now)).map_err(|refused| {
        let is_told = options.oauth1 == Mode::Telling && refused == Refused::BadSignature;
        let base_string = is_told.then(|| signed.base_string(request.method, urls[0]));
        Refusal::Signature { refused, base_string }
    })
}

/// What the client may have signed as the request's address.
fn urls(services: &Services, request: &ApiRequest<'_>) -> Vec<String> {
    let scheme = if request.origin.secure { "https" } else { "http" };
    let used = request.origin.host.map(|host| format!("{scheme}://{host}{}", request.path));
    let public = format!("{}{}", services.verifier.options.public_origin, request.path);
    used.into_iter().chain([public]).collect()
}

async fn use_nonce(
    services: &Services,
    key_id: i64,
    signed: &Signed,
    now: Timestamp,
) -> Result<bool, ServiceError> {
    // PostgreSQL's texts cannot hold a NUL, and a nonce may be anything.
    let (nonce, until) = (signed.nonce().replace('\0', "\u{fffd}"), now.plus(NONCE_KEPT));
    Ok(db::write!(services.db, oauth::use_nonce(key_id, &nonce, until))?)
}

/// Deletes nonces that are too old to be used again.
///
/// # Errors
/// If the database gives no answer.
pub async fn purge_nonces(services: &Services) -> Result<usize, ServiceError> {
    let (now, mut purged) = (services.now(), 0);
    loop {
        let count = db::write!(services.db, oauth::purge_nonces(now, PURGED_AT_ONCE))?;
        purged += count;
        if count == 0 {
            return Ok(purged);
        }
    }
}

fn refused(refused: Refused) -> Refusal {
    Refusal::Signature { refused, base_string: None }
}
