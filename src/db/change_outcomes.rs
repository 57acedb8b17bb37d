//! What is heard of keys that changed.

use crate::domain::timestamp::Timestamp;

/// Which transactions run: what begins at `next` or later began after this, and what is before `oldest` is
/// over. Always over on SQLite, which shows changes in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The oldest transaction that still runs.
    pub oldest: i64,
    /// The one that begins next.
    pub next: i64,
}

/// Changes that were read at one time.
#[derive(Debug)]
pub struct HeardChanges {
    /// Oldest first.
    pub changes: Vec<ChangedKey>,
    /// When they were read, by the database's clock.
    pub clock: Timestamp,
    /// Which transactions ran then.
    pub snapshot: Snapshot,
}

impl HeardChanges {
    /// Whether there may be more than the limit let through.
    pub fn is_full(&self, limit: i64) -> bool {
        i64::try_from(self.changes.len()).is_ok_and(|count| count >= limit)
    }
}

/// A change that processes must hear of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedKey {
    /// Its number.
    pub seq: i64,
    /// The keyed hash of the key, as it is stored; nothing for all keys.
    pub lookup: Option<Vec<u8>>,
    /// When it was written, by the database's clock.
    pub at: Timestamp,
}
