//! May this request pass? Looks the presented credential up and says who it is, or why not.
//!
//! A key that was used before is answered from memory: two keyed hashes, one look-up, one comparison
//! in constant time. Everything else (an unknown key, a first use, a wrong secret for a key not used
//! since the start) is the slow way: bounded in number, and delayed for addresses that fail often, so
//! that no flood of guesses takes anything from good keys.
//!
//! The secret is checked before anything about the key is told, so that nobody learns a key's state
//! without its secret.

mod changes;
mod last_use;
mod live_keys;
mod oauth;
mod secret;
mod slowdown;

use std::sync::Arc;

pub use changes::{Changes, LOOK_EVERY, purge_changes};
pub use last_use::{KeyUse, LastUses, last_use, note};
pub use live_keys::{LiveKey, LiveKeys};
pub use oauth::{purge_nonces, sealed_row};
pub use slowdown::Slowdown;

use super::{ServiceError, Services};
use crate::domain::{
    api_request::ApiRequest,
    credential::Credential,
    entropy::Entropy,
    keyring::ProcessKey,
    oauth1::Mode,
    permissions::Permissions,
    protected_paths::{Place, ProtectedPaths},
    refusal::Refusal,
    timestamp::Timestamp,
};

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
            options,
            live: LiveKeys::default(),
            changes: Changes::default(),
            slowdown: Slowdown::default(),
            uses: LastUses::default(),
            process_key: ProcessKey::generate(entropy),
        }
    }
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
    /// Scheme, host and port of the store, as clients sign it.
    pub public_origin: String,
}

/// Who a request comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The key's number.
    pub key_id: i64,
    /// What it may do.
    pub permissions: Permissions,
    /// Login of the user it acts for.
    pub owner: Arc<str>,
    /// Name of the app it was granted to.
    pub app: Option<Box<str>>,
}

/// What becomes of a request.
pub enum Verdict {
    /// It may pass, as that key's.
    Allowed(Arc<LiveKey>),
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
            Self::Allowed(key) => Ok(Some(&key.identity)),
            Self::Anonymous => Ok(None),
            Self::Refused(refusal) => Err(refusal.clone()),
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
    let options = &services.verifier.options;
    let place = options.protected.judge(request.path, request.query);
    if place == Place::Unclear {
        return Ok(Verdict::Refused(Refusal::AmbiguousPath));
    }
    let Ok(presented) = Credential::presented(request.query, request.authorization) else {
        return Ok(Verdict::Refused(Refusal::AmbiguousCredentials));
    };
    match presented {
        Some(_) if place == Place::Elsewhere => Ok(Verdict::Refused(Refusal::PathNotCovered)),
        Some(credential) if request.origin.secure || options.plain_http => {
            let now = services.now();
            let proven = secret::check(services, request, &credential, now).await?;
            Ok(judged(services, request, place, proven))
        }
        Some(_) => unless_signed(services, request, place, Refusal::PlainHttp).await,
        None => unless_signed(services, request, place, Refusal::NoCredentials).await,
    }
}

/// A request without a key that may be read: it may be signed.
async fn unless_signed(
    services: &Services,
    request: &ApiRequest<'_>,
    place: Place,
    why_not: Refusal,
) -> Result<Verdict, ServiceError> {
    let options = &services.verifier.options;
    if options.oauth1 != Mode::Off
        && let Some(proven) = oauth::check(services, request, place, services.now()).await?
    {
        return Ok(judged(services, request, place, proven));
    }
    Ok(anonymous(options, request, why_not))
}

fn judged(
    services: &Services,
    request: &ApiRequest<'_>,
    place: Place,
    proven: Result<Arc<LiveKey>, Refusal>,
) -> Verdict {
    let now = services.now();
    let key = match proven {
        Ok(key) => key,
        Err(refusal) if refusal.is_anonymous() => {
            return anonymous(&services.verifier.options, request, refusal);
        }
        Err(refusal) => return Verdict::Refused(refusal),
    };
    match permitted(&key, request, place, now) {
        Ok(()) => {
            services.verifier.uses.saw(&key, request, now);
            Verdict::Allowed(key)
        }
        Err(refusal) => Verdict::Refused(refusal),
    }
}

fn permitted(
    key: &LiveKey,
    request: &ApiRequest<'_>,
    place: Place,
    now: Timestamp,
) -> Result<(), Refusal> {
    key.life.usable(now).map_err(Refusal::Unusable)?;
    request.permitted(key.identity.permissions, place).map_err(Refusal::Method)
}

/// A request of nobody's: it passes if the store wants that, or if it only asks what it may ask.
fn anonymous(options: &Options, request: &ApiRequest<'_>, why_not: Refusal) -> Verdict {
    if options.anonymous || request.only_asks() {
        Verdict::Anonymous
    } else {
        Verdict::Refused(why_not)
    }
}
