//! Keys in memory: what is known of each, for how long, and at what cost.
//!
//! A record stands here from a key's first use until the key changes (`changes`) or the room is needed.
//! The tag of the right secret stands inside the record, and a record that is let go says so, so that
//! forgetting a key is forgetting one thing, and memory is bounded by the number of keys. Names that no
//! key has are remembered for a moment, so that a client with a mistyped key costs no query a request.
//!
//! A key taken over from WooCommerce is stored under another hash, since nobody knew the consumer key
//! when it came: a keyed hash of WooCommerce's hash, which can be computed from the consumer key too. So
//! a name that is not found is looked for among those (`imported_keys`, one read, on the slow way only).
//! What changes is heard under the hash that is stored, so a record must never stand here under the
//! ordinary hash while the other one is stored: a revocation would pass it by. Hence the first use moves
//! the key to its ordinary hash for good (an update that names the old one, so of many processes one does
//! it), and reads again; only a row read under the ordinary hash is remembered. Then a change is either
//! committed before the move, and stands in the row that was read after it; or comes after, and is heard
//! under the ordinary hash. The row of `imported_keys` stays, so no process can miss a key that another
//! moves meanwhile. Moving needs no secret: whoever can name the consumer key of a stored hash knows it,
//! and the key opens nothing by being moved.
//!
//! Never: a record made from a row that was read before a change was heard (`remember`).

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use quick_cache::Lifecycle;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{
    by_tag::{ByTag, by_tag},
    identity::Words,
    line::{Line, Place},
    live_key::LiveKey,
    live_token::LiveToken,
    seen::Seen,
};
use crate::{
    db,
    domain::{
        key::KeyRecord,
        keyring::{Lookup, Tag, cut},
        timestamp::Timestamp,
        woocommerce::KeyHash,
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
    tokens: ByTag<Arc<LiveToken>>,
    unknown: ByTag<Timestamp>,
    /// Headers that proved a key's secret.
    pub(super) seen: Seen,
    words: Words,
    /// How often something was forgotten. Held while something is remembered or forgotten, which is
    /// rare and short; reading takes no part in it.
    forgotten: Mutex<u64>,
    reads: Semaphore,
    line: Line,
}

impl Default for LiveKeys {
    fn default() -> Self {
        Self::with_room(KEYS)
    }
}

impl LiveKeys {
    /// How many keys are remembered.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    fn with_room(keys: usize) -> Self {
        Self {
            keys: by_tag(keys),
            tokens: by_tag(keys),
            unknown: by_tag(UNKNOWN),
            seen: Seen::default(),
            words: Words::default(),
            forgotten: Mutex::new(0),
            reads: Semaphore::new(READS),
            line: Line::default(),
        }
    }

    /// The key, if it is in memory.
    pub(super) fn get(&self, lookup: &Lookup) -> Option<Arc<LiveKey>> {
        self.keys.get(&cut(lookup))
    }

    /// Whether the database said a moment ago that there is no such key.
    pub(super) fn is_unknown(&self, lookup: &Lookup, now: Timestamp) -> bool {
        let until = self.unknown.get(&cut(lookup));
        until.is_some_and(|until| now < until)
    }

    /// The token, if it is in memory and its keys still are what they were.
    pub(super) fn token(&self, lookup: &Lookup) -> Option<Arc<LiveToken>> {
        let token = self.tokens.get(&cut(lookup))?;
        if token.is_forgotten() {
            self.tokens.remove_if(&cut(lookup), |there| Arc::ptr_eq(there, &token));
            return None;
        }
        Some(token)
    }

    /// Forgets one key, or one token.
    pub(super) fn forget(&self, lookup: &Lookup) {
        let mut forgotten = self.forgotten.lock().unwrap_or_else(PoisonError::into_inner);
        *forgotten += 1;
        if let Some((_, key)) = self.keys.remove(&cut(lookup)) {
            key.mark_forgotten();
        }
        self.tokens.remove(&cut(lookup));
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
        self.tokens.clear();
        self.unknown.clear();
        self.seen.clear();
    }

    /// The key is in use, though it is found by its header and not here: else it would have to go
    /// before others that are not.
    pub(super) fn keep(&self, key: &LiveKey) {
        self.keys.get(&key.place());
    }

    /// A place among those who ask the database.
    ///
    /// # Errors
    /// If too many wait.
    pub(super) async fn turn(&self) -> Result<(Place<'_>, SemaphorePermit<'_>), ServiceError> {
        let place = self.line.join()?;
        let permit = self.reads.acquire().await.map_err(|_| ServiceError::Busy)?;
        Ok((place, permit))
    }

    /// How often something was forgotten.
    pub(super) fn forgotten(&self) -> u64 {
        *self.forgotten.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key, from memory or the database; nothing if there is none. `lookup` is the consumer key's.
    ///
    /// # Errors
    /// If too many wait, or the database gives no answer.
    pub(super) async fn load(
        &self,
        services: &Services,
        consumer_key: &str,
        lookup: &Lookup,
        now: Timestamp,
    ) -> Result<Option<Arc<LiveKey>>, ServiceError> {
        if let Some(key) = self.get(lookup) {
            return Ok(Some(key));
        }
        let _turn = self.turn().await?;
        let mut looked_for = false;
        loop {
            if let Some(key) = self.get(lookup) {
                return Ok(Some(key));
            }
            if self.is_unknown(lookup, now) {
                return Ok(None);
            }
            let before = self.forgotten();
            let record = db::read!(services.db, keys::by_lookup(lookup))?;
            if record.is_none() && !looked_for {
                looked_for = true;
                if is_moved(services, consumer_key, *lookup).await? {
                    continue;
                }
            }
            if let Some(found) = self.remember(before, lookup, record, now) {
                return Ok(found);
            }
        }
    }

    /// The key that is stored under that hash.
    ///
    /// # Errors
    /// If too many wait, or the database gives no answer.
    pub(super) async fn load_stored(
        &self,
        services: &Services,
        lookup: &Lookup,
        now: Timestamp,
    ) -> Result<Option<Arc<LiveKey>>, ServiceError> {
        if let Some(key) = self.get(lookup) {
            return Ok(Some(key));
        }
        let _turn = self.turn().await?;
        loop {
            let before = self.forgotten();
            let record = db::read!(services.db, keys::by_lookup(lookup))?;
            if let Some(found) = self.remember(before, lookup, record, now) {
                return Ok(found);
            }
        }
    }

    /// Remembers a token that was read and whose keys stand here, unless something was forgotten since.
    pub(super) fn remember_token(
        &self,
        before: u64,
        lookup: &Lookup,
        token: LiveToken,
    ) -> Option<Arc<LiveToken>> {
        let forgotten = self.forgotten.lock().unwrap_or_else(PoisonError::into_inner);
        if *forgotten != before {
            return None;
        }
        let token = Arc::new(token);
        self.tokens.insert(cut(lookup), Arc::clone(&token));
        Some(token)
    }

    /// Remembers what was read, unless something was forgotten since: then it may be old.
    pub(super) fn remember(
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
        let key = Arc::new(LiveKey::new(cut(lookup), record, &self.words));
        self.keys.insert(cut(lookup), Arc::clone(&key));
        Some(Some(key))
    }
}

/// Whether it is a key that was taken over; from now on it is found by its ordinary hash. Whoever is
/// second finds that done.
async fn is_moved(
    services: &Services,
    consumer_key: &str,
    lookup: Lookup,
) -> Result<bool, ServiceError> {
    let imported = services.keyring.imported_lookup(&KeyHash::of(consumer_key));
    if db::read!(services.db, imported_keys::key_of(&imported))?.is_none() {
        return Ok(false);
    }
    if db::write!(services.db, imported_keys::move_to(imported, lookup))? {
        // The move is a change like others: heard now, it need not be forgotten a moment later.
        services.verifier.changes.catch_up(services).await?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        key::{KeyState, Life},
        permissions::Permissions,
    };

    fn lookup(n: u64) -> Lookup {
        let mut lookup = [0; 32];
        lookup[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
        lookup
    }

    fn record(id: i64) -> KeyRecord {
        let opened_at = Some(Timestamp::from_millis(1));
        KeyRecord {
            id,
            secret_hash: String::new(),
            sealed_secret: None,
            permissions: Permissions::Read,
            owner_id: 1,
            owner: "max".to_owned(),
            app: None,
            life: Life {
                state: KeyState::Active,
                opened_at,
                expires_at: None,
                owner_disabled: false,
                replaced_at: None,
            },
            ends_previous: false,
            rules: None,
        }
    }

    /// Remembers that many keys, as if each had been read from the database.
    fn remembered(live: &LiveKeys, count: u64) -> Vec<Arc<LiveKey>> {
        let now = Timestamp::from_millis(1);
        let remember = |n| live.remember(0, &lookup(n), Some(record(0)), now).unwrap().unwrap();
        (0..count).map(remember).collect()
    }

    /// The rule that `Seen` hangs on.
    #[test]
    fn what_memory_let_go_says_so_and_nothing_else_does() {
        let live = LiveKeys::with_room(100);
        let keys = remembered(&live, 1_000);
        let there = |n: u64| live.get(&lookup(n)).is_some();
        let held = (0..).zip(&keys).filter(|(n, key)| {
            assert_eq!(there(*n), !key.is_forgotten(), "key {n}");
            there(*n)
        });
        let held: Vec<u64> = held.map(|(n, _)| n).collect();
        assert!((50..=150).contains(&held.len()), "{} of 1 000 in room for 100", held.len());

        live.forget(&lookup(held[0]));
        let key = |n: u64| &keys[usize::try_from(n).unwrap()];
        assert!(key(held[0]).is_forgotten() && !key(held[1]).is_forgotten());
        live.forget_all();
        assert!(keys.iter().all(|key| key.is_forgotten()));
        assert!((0..1_000).all(|n| !there(n)));
    }

    #[test]
    fn a_row_read_before_a_change_is_not_remembered() {
        let live = LiveKeys::with_room(10);
        let before = *live.forgotten.lock().unwrap();
        live.forget(&lookup(1));
        let now = Timestamp::from_millis(1);
        assert!(live.remember(before, &lookup(1), Some(record(1)), now).is_none());
        assert!(live.remember(before, &lookup(2), None, now).is_none());
        assert!(live.get(&lookup(1)).is_none() && !live.is_unknown(&lookup(2), now));
    }
}
