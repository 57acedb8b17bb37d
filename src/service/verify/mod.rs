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
mod secret;
mod slowdown;

use std::sync::Arc;

pub use changes::{Changes, LOOK_EVERY, purge_changes};
pub use last_use::{KeyUse, LastUses, last_use, note};
pub use live_keys::{LiveKey, LiveKeys};
pub use slowdown::Slowdown;

use super::{ServiceError, Services};
use crate::domain::{
    api_request::ApiRequest,
    credential::Credential,
    entropy::Entropy,
    keyring::ProcessKey,
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
            Self::Refused(refusal) => Err(*refusal),
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
    let Some(credential) = presented else {
        return Ok(anonymous(options, request, Refusal::NoCredentials));
    };
    if place == Place::Elsewhere {
        return Ok(Verdict::Refused(Refusal::PathNotCovered));
    }
    if !request.origin.secure && !options.plain_http {
        return Ok(anonymous(options, request, Refusal::PlainHttp));
    }
    by_key(services, request, &credential, place).await
}

async fn by_key(
    services: &Services,
    request: &ApiRequest<'_>,
    credential: &Credential,
    place: Place,
) -> Result<Verdict, ServiceError> {
    let now = services.now();
    let key = match secret::check(services, request, credential, now).await? {
        Ok(key) => key,
        Err(refusal) if refusal.is_anonymous() => {
            return Ok(anonymous(&services.verifier.options, request, refusal));
        }
        Err(refusal) => return Ok(Verdict::Refused(refusal)),
    };
    Ok(match permitted(&key, request, place, now) {
        Ok(()) => {
            services.verifier.uses.saw(&key, request, now);
            Verdict::Allowed(key)
        }
        Err(refusal) => Verdict::Refused(refusal),
    })
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
