//! What is known of one key: who it is, when it opens, and the tag of its secret.
//!
//! A record is never changed but for what its uses leave in it; when the key changes it is let go, and says
//! so to whoever still holds it.

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use super::{Identity, identity::Words};
use crate::{
    domain::{
        api_request::ApiRequest,
        key::{KeyRecord, Life},
        key_rules::{Environment, KeyRules, NotAdmitted},
        keyring::Tag,
        refusal::Refusal,
        sealed::Sealed,
        timestamp::Timestamp,
        token_life::TokenLife,
    },
    service::budget::{Budget, Rate},
};

/// What is known of one key.
pub struct LiveKey {
    /// Who it is.
    pub identity: Identity,
    /// When it opens.
    pub life: Life,
    /// Its secret, sealed, if OAuth 1.0a was on when it was made.
    pub(super) sealed_secret: Option<Box<Sealed>>,
    /// The tag of its secret, once somebody presented it.
    pub(super) good: OnceLock<Tag>,
    /// What is needed until then.
    unproven: Mutex<Option<Arc<Unproven>>>,
    /// Whether the key's previous pair is to be ended, now that this one is used.
    ends_previous: AtomicBool,
    /// Wrong secrets of late.
    pub(super) failures: Budget,
    /// Tokens it asked for of late.
    token_requests: Budget,
    /// Where it stands in memory.
    place: Tag,
    /// What was noted of its uses.
    pub(super) noted: Noted,
    /// What it is bound to, if to anything.
    pub(super) rules: Option<Box<KeyRules>>,
    /// Whether memory holds it no longer: then nobody passes by it, and who is being judged by it is
    /// judged anew.
    forgotten: AtomicBool,
}

/// What it takes to check a secret that was not seen yet.
pub(super) struct Unproven {
    pub phc: String,
    /// The tag of the last wrong secret: a client that repeats it costs no second hash. Whoever checks
    /// a secret holds it, one at a time.
    pub wrong: tokio::sync::Mutex<Option<Tag>>,
}

impl LiveKey {
    pub(super) fn new(place: Tag, record: KeyRecord, words: &Words) -> Self {
        let ends_previous = AtomicBool::new(record.ends_previous);
        let KeyRecord { id, secret_hash, sealed_secret, permissions, app, life, rules, .. } =
            record;
        let identity = Identity {
            key_id: id,
            permissions,
            owner_id: record.owner_id,
            owner: words.word(&record.owner),
            app: words.word(app.as_deref().unwrap_or_default()),
            environment: rules.as_ref().map_or(Environment::Production, |rules| rules.environment),
        };
        Self {
            identity,
            life,
            sealed_secret: sealed_secret.map(Box::new),
            good: OnceLock::new(),
            unproven: Some(Arc::new(Unproven { phc: secret_hash, wrong: None.into() })).into(),
            ends_previous,
            failures: Budget::default(),
            token_requests: Budget::default(),
            place,
            noted: Noted::default(),
            rules,
            forgotten: AtomicBool::new(false),
        }
    }

    /// What it takes to check its secret; nothing once that was seen.
    pub(super) fn unproven(&self) -> Option<Arc<Unproven>> {
        self.unproven.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From now on the secret of that tag is the right one.
    pub(super) fn prove(&self, tag: Tag) {
        let _ = self.good.set(tag);
        self.unproven.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Whether this use is to end the key's previous pair; says so once, until told otherwise.
    pub(super) fn takes_over(&self) -> bool {
        self.ends_previous.load(Ordering::Relaxed)
            && self.ends_previous.swap(false, Ordering::Relaxed)
    }

    /// The previous pair could not be ended: the next use tries again.
    pub(super) fn did_not_take_over(&self) {
        self.ends_previous.store(true, Ordering::Relaxed);
    }

    /// Whether memory holds it no longer.
    pub(super) fn is_forgotten(&self) -> bool {
        self.forgotten.load(Ordering::Acquire)
    }

    pub(super) fn mark_forgotten(&self) {
        self.forgotten.store(true, Ordering::Release);
    }

    /// Where it stands in memory.
    pub(super) fn place(&self) -> Tag {
        self.place
    }

    /// Whether it opens anything now, for a request that comes from there.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn admits(&self, request: &ApiRequest<'_>, now: Timestamp) -> Result<(), Refusal> {
        self.life.usable(now).map_err(Refusal::Unusable)?;
        let Some(rules) = self.rules.as_ref().filter(|rules| !rules.admits_all()) else {
            return Ok(());
        };
        let site = request.site.host();
        rules.admit(site.as_deref(), request.client).map_err(Refusal::NotAdmitted)
    }

    /// Whether programs may ask from that address.
    ///
    /// # Errors
    /// Why not.
    pub fn admits_program(&self, client: IpAddr, now: Timestamp) -> Result<(), Refusal> {
        self.life.usable(now).map_err(Refusal::Unusable)?;
        let holds = self.rules.as_ref().is_none_or(|rules| rules.networks.holds(client));
        if holds { Ok(()) } else { Err(Refusal::NotAdmitted(NotAdmitted::Network)) }
    }

    /// Notes that it asks for a token; no if it asked too often, at most `rate` times a minute with a
    /// sixth of that at once.
    pub fn may_ask(&self, now: Timestamp, rate: u32) -> bool {
        if rate == 0 {
            return true;
        }
        let rate = i64::from(rate);
        let rate = Rate { free: (rate / 6).max(10).min(rate), forgiven_in: 60_000 / rate };
        self.token_requests.take(now, rate)
    }

    /// How long its tokens live, if not as the store is set.
    pub fn token_life(&self) -> Option<TokenLife> {
        self.rules.as_ref()?.token_life
    }

    /// The number of the newest of its tokens that were ended all together.
    pub(super) fn tokens_over(&self) -> i64 {
        self.rules.as_ref().map_or(0, |rules| rules.tokens_over)
    }
}

/// When uses were last noted, in milliseconds since 1970.
#[derive(Default)]
pub(super) struct Noted {
    /// Any use.
    pub at: AtomicI64,
    /// A use for writing.
    pub wrote_at: AtomicI64,
}
