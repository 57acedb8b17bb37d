//! May this request pass? Looks the presented credential up and says who it is, or why not.
//!
//! A key that was used before is answered from memory: a keyed hash of the header and one look-up
//! (`seen`); or two keyed hashes, one look-up and one comparison in constant time, if the pair stands
//! in the query or the header is new. Everything else (an unknown key, a first use, a wrong secret for a key not used
//! since the start) is the slow way: bounded in number, and delayed for addresses that fail often, so
//! that no flood of guesses takes anything from good keys.
//!
//! The secret is checked before anything about the key is told, so that nobody learns a key's state
//! without its secret.

mod by_tag;
mod changes;
mod gaps;
mod identity;
mod judge;
mod last_use;
mod line;
mod live_key;
mod live_keys;
mod live_token;
mod oauth;
mod options;
mod secret;
mod seen;
mod slowdown;
mod takeover;
mod tokens;
mod verdict;

use std::{net::IpAddr, sync::Arc, time::Instant};

pub use changes::{Changes, LOOK_EVERY, listen, purge_changes};
pub use identity::{Identity, Word};
use judge::{Claim, Judge};
pub use last_use::{KeyUse, LastUses, last_use, note};
pub use live_key::LiveKey;
pub use live_keys::LiveKeys;
pub use live_token::LiveToken;
pub use oauth::{purge_nonces, sealed_row};
pub use options::Options;
use secret::Asked;
pub use slowdown::Slowdown;
pub use tokens::AskedToken;
pub use verdict::{Pass, Verdict};

use super::{ServiceError, Services};
use crate::domain::{
    api_request::ApiRequest,
    entropy::Entropy,
    keyring::{Lookup, ProcessKey},
    presented::{Presented, Room},
    refusal::{Refusal, TokenRefused},
};
use crate::telemetry::{Judged, Source};

/// What verification keeps in memory, and how it was set up.
pub struct Verifier {
    /// How it was set up.
    pub options: Options,
    /// Keys seen lately.
    pub live: LiveKeys,
    /// What was heard of keys that changed.
    pub changes: Changes,
    /// Who fails often.
    pub slowdown: Slowdown,
    /// Uses that wait to be written.
    pub uses: LastUses,
    /// Keys the tags of secrets.
    pub process_key: ProcessKey,
}

impl Verifier {
    /// Nothing is remembered yet.
    pub fn new(options: Options, entropy: &dyn Entropy) -> Self {
        Self {
            live: LiveKeys::default(),
            changes: Changes::trusted_for(options.without_database),
            options,
            slowdown: Slowdown::default(),
            uses: LastUses::default(),
            process_key: ProcessKey::generate(entropy),
        }
    }
}

/// A presented pair that a program other than a store's client proves itself with, at the token endpoints.
///
/// # Errors
/// If the database gives no answer or too many secrets wait to be checked.
pub async fn prove(
    services: &Services,
    pair: &Presented<'_>,
    client: IpAddr,
) -> Result<Result<Arc<LiveKey>, Refusal>, ServiceError> {
    let asked = Asked::new(services, pair, client, services.now());
    match asked.in_memory() {
        Some(key) => Ok(Ok(key)),
        None => asked.slowly().await,
    }
}

/// The key that a consumer key names, without its secret: for apps that keep none.
///
/// # Errors
/// If the database gives no answer or too many ask.
pub async fn named(
    services: &Services,
    consumer_key: &str,
    client: IpAddr,
) -> Result<Option<Arc<LiveKey>>, ServiceError> {
    let (verifier, now) = (&services.verifier, services.now());
    verifier.changes.keep_up(services, now).await?;
    let lookup = services.keyring.lookup(consumer_key);
    if let Some(key) = verifier.live.get(&lookup) {
        return Ok(Some(key));
    }
    verifier.slowdown.pause(client, None, now).await;
    let found = verifier.live.load(services, consumer_key, &lookup, now).await?;
    if found.is_none() {
        verifier.slowdown.failed(client, now);
    }
    Ok(found)
}

/// Lets somebody wait who failed often of late, before what he names is looked for.
pub async fn slow_down(services: &Services, client: IpAddr) {
    services.verifier.slowdown.pause(client, None, services.now()).await;
}

/// Notes that somebody named what is not there.
pub fn note_failure(services: &Services, client: IpAddr) {
    services.verifier.slowdown.failed(client, services.now());
}

/// The key whose own pair has that hash.
///
/// # Errors
/// If the database gives no answer or too many ask.
pub async fn by_lookup(
    services: &Services,
    lookup: &Lookup,
) -> Result<Option<Arc<LiveKey>>, ServiceError> {
    let (verifier, now) = (&services.verifier, services.now());
    verifier.changes.keep_up(services, now).await?;
    verifier.live.load_stored(services, lookup, now).await
}

/// Judges a request to the store's API.
///
/// # Errors
/// If the database gives no answer or too many secrets wait to be checked.
pub async fn verify(
    services: &Services,
    request: &ApiRequest<'_>,
) -> Result<Verdict, ServiceError> {
    match at_once(services, request) {
        Some(verdict) => Ok(verdict),
        None => slowly(services, request).await,
    }
}

/// Judges a request if memory alone can tell; nothing if [`verify`] must.
///
/// Why apart: this is the way of nearly every request. It waits for nothing, so it needs no task, and
/// the room of the long way is not carried along.
pub fn at_once(services: &Services, request: &ApiRequest<'_>) -> Option<Verdict> {
    let verdict = from_memory(services, request)?;
    services.metrics.verdicts.count(Source::Memory, verdict.judged());
    Some(verdict)
}

fn from_memory(services: &Services, request: &ApiRequest<'_>) -> Option<Verdict> {
    let judge = Judge::new(services, request);
    let header = judge.header_alone();
    if let Some(key) = header.as_ref().and_then(|tag| services.verifier.live.seen.key(tag)) {
        return Some(judge.by(Pass::Key(key)));
    }
    match judge.claim(&mut Room::default()) {
        Err(refusal) => Some(Verdict::Refused(refusal)),
        Ok(Claim::Key(pair)) => {
            let key = judge.asked(&pair).in_memory()?;
            if let Some(tag) = header {
                services.verifier.live.seen.remember(tag, &key);
            }
            Some(judge.by(Pass::Key(key)))
        }
        Ok(Claim::Token(text)) => match AskedToken::new(services, text, request.client) {
            Some(asked) => Some(judge.by(Pass::Token(asked.in_memory()?))),
            None => Some(Verdict::Refused(Refusal::Token(TokenRefused::Unknown))),
        },
        Ok(Claim::Nothing(why_not)) => judge.is_unsigned().then(|| judge.as_nobody(why_not)),
    }
}

async fn slowly(services: &Services, request: &ApiRequest<'_>) -> Result<Verdict, ServiceError> {
    #[expect(clippy::disallowed_methods, reason = "a duration for the metrics, no time of day")]
    let start = Instant::now();
    let answer = from_database(services, request).await;
    let judged = match &answer {
        Ok(verdict) => verdict.judged(),
        Err(ServiceError::Busy) => Judged::Busy,
        Err(ServiceError::Db(_)) => Judged::Unavailable,
    };
    services.metrics.verdicts.count(Source::Database, judged);
    services.metrics.verify_slow.observe(start.elapsed().as_secs_f64());
    answer
}

async fn from_database(
    services: &Services,
    request: &ApiRequest<'_>,
) -> Result<Verdict, ServiceError> {
    let (judge, mut room) = (Judge::new(services, request), Room::default());
    match judge.claim(&mut room) {
        Err(refusal) => Ok(Verdict::Refused(refusal)),
        Ok(Claim::Key(pair)) => Ok(judge.proven(judge.asked(&pair).slowly().await?.map(Pass::Key))),
        Ok(Claim::Token(text)) => {
            let found = match AskedToken::new(services, text, request.client) {
                Some(asked) => asked.slowly(true).await?,
                None => None,
            };
            let unknown = Refusal::Token(TokenRefused::Unknown);
            Ok(judge.proven(found.map(Pass::Token).ok_or(unknown)))
        }
        Ok(Claim::Nothing(why_not)) => {
            let signed = oauth::check(services, request, judge.place, judge.now).await?;
            let signed = signed.map(|proven| judge.proven(proven.map(Pass::Key)));
            Ok(signed.unwrap_or_else(|| judge.as_nobody(why_not)))
        }
    }
}
