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
mod last_use;
mod line;
mod live_key;
mod live_keys;
mod live_token;
mod oauth;
mod secret;
mod seen;
mod slowdown;
mod takeover;
mod tokens;

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

pub use changes::{Changes, LOOK_EVERY, listen, purge_changes};
pub use identity::{Identity, Word};
pub use last_use::{KeyUse, LastUses, last_use, note};
pub use live_key::LiveKey;
use live_key::Noted;
pub use live_keys::LiveKeys;
pub use live_token::LiveToken;
pub use oauth::{purge_nonces, sealed_row};
use secret::Asked;
use seen::HeaderTag;
pub use slowdown::Slowdown;
pub use tokens::AskedToken;

use super::{ServiceError, Services};
use crate::domain::{
    api_request::{ApiRequest, Authorization},
    entropy::Entropy,
    keyring::{Lookup, ProcessKey},
    oauth1::Mode,
    presented::{Ambiguous, Credential, Presented, Room},
    protected_paths::{Place, ProtectedPaths},
    refusal::{Refusal, TokenRefused},
    timestamp::Timestamp,
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

/// The settings of verification.
pub struct Options {
    /// Which addresses keys open.
    pub protected: ProtectedPaths,
    /// Whether keys are read off requests that came without TLS.
    pub plain_http: bool,
    /// Whether requests without a key may pass.
    pub anonymous: bool,
    /// Whether signed requests are read, and secrets kept for that.
    pub oauth1: Mode,
    /// For how long memory is trusted without hearing from the database.
    pub without_database: Duration,
    /// Scheme, host and port of the store, as clients sign it.
    pub public_origin: String,
}

/// What a request passes by.
pub enum Pass {
    /// A key, by one of its pairs.
    Key(Arc<LiveKey>),
    /// An access token.
    Token(Arc<LiveToken>),
}

impl Pass {
    /// Who it is.
    pub fn identity(&self) -> &Identity {
        match self {
            Self::Key(key) => &key.identity,
            Self::Token(token) => &token.identity,
        }
    }

    fn admits(&self, request: &ApiRequest<'_>, now: Timestamp) -> Result<(), Refusal> {
        match self {
            Self::Key(key) => key.admits(request, now),
            Self::Token(token) => token.admits(request, now),
        }
    }

    fn noted(&self) -> &Noted {
        match self {
            Self::Key(key) => &key.noted,
            Self::Token(token) => &token.noted,
        }
    }

    fn token_id(&self) -> Option<i64> {
        match self {
            Self::Key(_) => None,
            Self::Token(token) => Some(token.id),
        }
    }

    /// The number of the key that got the token for another.
    fn client_id(&self) -> Option<i64> {
        match self {
            Self::Key(_) => None,
            Self::Token(token) => token.client.as_ref().map(|client| client.identity.key_id),
        }
    }

    /// Its keys are in use, and shall stay in memory.
    fn keep(&self, live: &LiveKeys) {
        match self {
            Self::Key(key) => live.keep(key),
            Self::Token(token) => {
                live.keep(&token.key);
                token.client.iter().for_each(|client| live.keep(client));
            }
        }
    }
}

/// What becomes of a request.
pub enum Verdict {
    /// It may pass, as that key's.
    Allowed(Pass),
    /// It may pass, as nobody's.
    Anonymous,
    /// It may not pass.
    Refused(Refusal),
}

impl Verdict {
    /// Who it is, or why it may not pass; nothing for nobody.
    ///
    /// # Errors
    /// Why it may not pass.
    pub fn identity(&self) -> Result<Option<&Identity>, Refusal> {
        match self {
            Self::Allowed(pass) => Ok(Some(pass.identity())),
            Self::Anonymous => Ok(None),
            Self::Refused(refusal) => Err(refusal.clone()),
        }
    }

    fn judged(&self) -> Judged {
        match self {
            Self::Allowed(_) => Judged::Allowed,
            Self::Anonymous => Judged::Anonymous,
            Self::Refused(refusal) => Judged::Refused(refusal.why()),
        }
    }
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

/// What a request claims to be.
enum Claim<'a> {
    /// Whoever has that key and secret.
    Key(Presented<'a>),
    /// Whoever has that token.
    Token(&'a str),
    /// Nobody, unless it is signed; and why it would not pass as nobody's.
    Nothing(Refusal),
}

/// A request, and what is known of it before its key.
#[derive(Clone, Copy)]
struct Judge<'a> {
    services: &'a Services,
    request: &'a ApiRequest<'a>,
    place: Place,
    now: Timestamp,
}

impl<'a> Judge<'a> {
    fn new(services: &'a Services, request: &'a ApiRequest<'a>) -> Self {
        let place = services.verifier.options.protected.judge(request.path, &request.query);
        Self { services, request, place, now: services.now() }
    }

    fn options(&self) -> &'a Options {
        &self.services.verifier.options
    }

    /// What the request claims to be, if address and credentials are clear.
    fn claim(&self, room: &'a mut Room) -> Result<Claim<'a>, Refusal> {
        if self.place == Place::Unclear {
            return Err(Refusal::AmbiguousPath);
        }
        let Self { request, place, .. } = *self;
        let presented = Credential::read(request, room);
        match presented.map_err(|Ambiguous| Refusal::AmbiguousCredentials)? {
            Credential::Nothing => Ok(Claim::Nothing(Refusal::NoCredentials)),
            _ if place == Place::Elsewhere => Err(Refusal::PathNotCovered),
            _ if !request.origin.secure && !self.options().plain_http => {
                Ok(Claim::Nothing(Refusal::PlainHttp))
            }
            Credential::Pair(pair) => Ok(Claim::Key(pair)),
            Credential::Token(_) if !self.is_unsigned() && oauth::is_signed(request) => {
                Err(Refusal::AmbiguousCredentials)
            }
            Credential::Token(token) => Ok(Claim::Token(token)),
        }
    }

    /// The header, if nothing else has a say in whose request it is, and memory can be trusted.
    fn header_alone(&self) -> Option<HeaderTag> {
        let Self { services, request, place, now } = *self;
        let Authorization::One(header) = request.authorization else { return None };
        let alone = matches!(place, Place::Covered { .. })
            && (request.origin.secure || self.options().plain_http)
            && request.query.has_no_pair()
            && request.token_header == Authorization::Absent
            && services.verifier.changes.is_trusted(now);
        if alone { HeaderTag::of(&services.verifier.process_key, header) } else { None }
    }

    fn asked(&self, pair: &'a Presented<'a>) -> Asked<'a> {
        Asked::new(self.services, pair, self.request.client, self.now)
    }

    /// Whether no signature is looked for.
    fn is_unsigned(&self) -> bool {
        self.options().oauth1 == Mode::Off
    }

    /// After a long way, which may have taken its time.
    fn proven(&self, proven: Result<Pass, Refusal>) -> Verdict {
        match proven {
            Ok(pass) => Self { now: self.services.now(), ..*self }.by(pass),
            Err(refusal) if refusal.is_anonymous() => self.as_nobody(refusal),
            Err(refusal) => Verdict::Refused(refusal),
        }
    }

    fn by(&self, pass: Pass) -> Verdict {
        match permitted(&pass, self.request, self.place, self.now) {
            Ok(()) => {
                let verifier = &self.services.verifier;
                if verifier.uses.saw(&pass, self.request, self.now) {
                    pass.keep(&verifier.live);
                }
                Verdict::Allowed(pass)
            }
            Err(refusal) => Verdict::Refused(refusal),
        }
    }

    /// A request of nobody's: it passes if the store wants that, or if it only asks what it may ask.
    fn as_nobody(&self, why_not: Refusal) -> Verdict {
        if self.options().anonymous || self.request.only_asks() {
            Verdict::Anonymous
        } else {
            Verdict::Refused(why_not)
        }
    }
}

fn permitted(
    pass: &Pass,
    request: &ApiRequest<'_>,
    place: Place,
    now: Timestamp,
) -> Result<(), Refusal> {
    pass.admits(request, now)?;
    request.permitted(pass.identity().permissions, place).map_err(Refusal::Method)
}
