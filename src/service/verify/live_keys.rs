//! Keys in memory: what is known of each, for how long, and at what cost.
//!
//! A record stands here from a key's first use until the key changes (`changes`) or the room is needed.
//! The tag of the right secret stands inside the record, so that forgetting a key forgets everything
//! about it, and memory is bounded by the number of keys. Names that no key has are remembered for a
//! moment, so that a client with a mistyped key costs no query a request.
//!
//! Never: a record made from a row that was read before a change was heard (`Reading`).

use std::{
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use quick_cache::Lifecycle;
use tokio::sync::Semaphore;

use super::{
    Identity,
    by_tag::{ByTag, by_tag},
    identity::Words,
    slowdown::Budget,
};
use crate::{
    db,
    domain::{
        key::{KeyRecord, Life},
        keyring::{Lookup, Tag, cut},
        sealed::Sealed,
        timestamp::Timestamp,
    },
    service::{ServiceError, Services},
};

/// How many keys are remembered; about 400 bytes each.
pub(super) const KEYS: usize = 200_000;

/// How many names that no key has are remembered.
const UNKNOWN: usize = 20_000;

/// For how long: a key that was just made must not be unknown for long.
const UNKNOWN_FOR: Duration = Duration::from_secs(2);

/// How many look-ups ask the database side by side. Pages and deliveries ask there too.
const READS: usize = 2;

/// How many wait to ask.
const WAITING: usize = 256;

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
    /// Wrong secrets of late.
    pub(super) failures: Budget,
    /// When its last use was noted, in milliseconds since 1970.
    pub(super) noted_at: AtomicI64,
    /// Whether memory holds it no longer: then nobody passes by it.
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
    fn new(record: KeyRecord, words: &Words) -> Self {
        let KeyRecord { id, secret_hash, sealed_secret, permissions, owner, app, life } = record;
        let app = words.word(app.as_deref().unwrap_or_default());
        let identity = Identity { key_id: id, permissions, owner: words.word(&owner), app };
        Self {
            identity,
            life,
            sealed_secret: sealed_secret.map(Box::new),
            good: OnceLock::new(),
            unproven: Some(Arc::new(Unproven { phc: secret_hash, wrong: None.into() })).into(),
            failures: Budget::default(),
            noted_at: AtomicI64::new(0),
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

    /// Whether memory holds it no longer.
    pub(super) fn is_forgotten(&self) -> bool {
        self.forgotten.load(Ordering::Acquire)
    }

    fn mark_forgotten(&self) {
        self.forgotten.store(true, Ordering::Release);
    }
}

/// Marks the keys whose room is needed.
#[derive(Clone, Default)]
struct Evicted;

impl Lifecycle<Tag, Arc<LiveKey>> for Evicted {
    type RequestState = ();

    fn begin_request(&self) {}

    fn on_evict(&self, (): &mut (), _: Tag, key: Arc<LiveKey>) {
        key.mark_forgotten();
    }
}

/// The keys in memory.
pub struct LiveKeys {
    keys: ByTag<Arc<LiveKey>, Evicted>,
    unknown: ByTag<Timestamp>,
    words: Words,
    /// How often something was forgotten. Held while something is remembered or forgotten, which is
    /// rare and short; reading takes no part in it.
    forgotten: Mutex<u64>,
    reads: Semaphore,
    waiting: AtomicU64,
}

impl Default for LiveKeys {
    fn default() -> Self {
        Self {
            keys: by_tag(KEYS),
            unknown: by_tag(UNKNOWN),
            words: Words::default(),
            forgotten: Mutex::new(0),
            reads: Semaphore::new(READS),
            waiting: AtomicU64::new(0),
        }
    }
}

impl LiveKeys {
    /// The key, if it is in memory.
    pub(super) fn get(&self, lookup: &Lookup) -> Option<Arc<LiveKey>> {
        self.keys.get(&cut(lookup))
    }

    /// Whether the database said a moment ago that there is no such key.
    pub(super) fn is_unknown(&self, lookup: &Lookup, now: Timestamp) -> bool {
        let until = self.unknown.get(&cut(lookup));
        until.is_some_and(|until| now < until)
    }

    /// Forgets one key.
    pub(super) fn forget(&self, lookup: &Lookup) {
        let mut forgotten = self.forgotten.lock().unwrap_or_else(PoisonError::into_inner);
        *forgotten += 1;
        if let Some((_, key)) = self.keys.remove(&cut(lookup)) {
            key.mark_forgotten();
        }
        self.unknown.remove(&cut(lookup));
    }

    /// Forgets all keys.
    pub(super) fn forget_all(&self) {
        let mut forgotten = self.forgotten.lock().unwrap_or_else(PoisonError::into_inner);
        *forgotten += 1;
        self.keys.retain(|_, key| {
            key.mark_forgotten();
            false
        });
        self.unknown.clear();
    }

    /// The key, from memory or the database; nothing if there is none.
    ///
    /// # Errors
    /// If too many wait, or the database gives no answer.
    pub(super) async fn load(
        &self,
        services: &Services,
        lookup: &Lookup,
        now: Timestamp,
    ) -> Result<Option<Arc<LiveKey>>, ServiceError> {
        let _place = Waiting::join(&self.waiting)?;
        let _permit = self.reads.acquire().await.map_err(|_| ServiceError::Busy)?;
        loop {
            if let Some(key) = self.get(lookup) {
                return Ok(Some(key));
            }
            if self.is_unknown(lookup, now) {
                return Ok(None);
            }
            let before = *self.forgotten.lock().unwrap_or_else(PoisonError::into_inner);
            let record = db::read!(services.db, keys::by_lookup(lookup))?;
            if let Some(found) = self.remember(before, lookup, record, now) {
                return Ok(found);
            }
        }
    }

    /// Remembers what was read, unless something was forgotten since: then it may be old.
    fn remember(
        &self,
        before: u64,
        lookup: &Lookup,
        record: Option<KeyRecord>,
        now: Timestamp,
    ) -> Option<Option<Arc<LiveKey>>> {
        let forgotten = self.forgotten.lock().unwrap_or_else(PoisonError::into_inner);
        if *forgotten != before {
            return None;
        }
        let Some(record) = record else {
            self.unknown.insert(cut(lookup), now.plus(UNKNOWN_FOR));
            return Some(None);
        };
        if let Some(there) = self.keys.get(&cut(lookup)) {
            return Some(Some(there));
        }
        let key = Arc::new(LiveKey::new(record, &self.words));
        self.keys.insert(cut(lookup), Arc::clone(&key));
        Some(Some(key))
    }
}

/// A place in a line that is not endless.
struct Waiting<'a>(&'a AtomicU64);

impl<'a> Waiting<'a> {
    fn join(count: &'a AtomicU64) -> Result<Self, ServiceError> {
        let place = Self(count);
        if count.fetch_add(1, Ordering::Relaxed) >= WAITING as u64 {
            return Err(ServiceError::Busy);
        }
        Ok(place)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
