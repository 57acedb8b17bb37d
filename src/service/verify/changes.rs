//! What changed about keys is heard and forgotten: at once in the process that changed it, within a
//! second in every other.
//!
//! How: the database's triggers write a row for each change. Every process reads the rows it has not
//! read, twice a second, and right after each change of its own. If it could not read for a while,
//! memory is not trusted any more.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use tokio::sync::Mutex;

use super::live_keys::LiveKeys;
use crate::{
    db::{self, DbError},
    domain::{keyring::Lookup, timestamp::Timestamp},
    service::{ServiceError, Services},
};

/// How often changes of other processes are looked for.
pub const LOOK_EVERY: Duration = Duration::from_millis(400);

/// How long memory is trusted without hearing from the database, in milliseconds.
const TRUSTED_FOR: i64 = 60_000;

/// On PostgreSQL numbers are given before the commit, so a smaller one may appear later. That many
/// are read again.
const LATE: i64 = 200;

/// How many changes are read at once.
const BATCH: i64 = 1_000;

/// How far changes were read.
#[derive(Default)]
pub struct Changes {
    read: Mutex<Option<Read>>,
    heard_at: AtomicI64,
}

struct Read {
    newest: i64,
    /// Those of the last `LATE` that were read.
    seen: BTreeSet<i64>,
}

impl Changes {
    /// Reads what is new and forgets those keys.
    ///
    /// # Errors
    /// If the database gives no answer; memory then holds what it held.
    pub async fn catch_up(&self, services: &Services) -> Result<(), ServiceError> {
        let mut read = self.read.lock().await;
        let now = services.now();
        let live = &services.verifier.live;
        if let Some(read) = read.as_mut() {
            while read.more(services, live).await? {}
        } else {
            let newest = db::read!(services.db, key_changes::newest())?;
            *read = Some(Read { newest, seen: BTreeSet::new() });
            live.forget_all();
        }
        self.heard_at.store(now.as_millis(), Ordering::Release);
        Ok(())
    }

    /// Whether memory can be trusted.
    pub(super) fn is_trusted(&self, now: Timestamp) -> bool {
        // A clock that was set back is as bad as a silent database.
        (now.as_millis() - self.heard_at.load(Ordering::Acquire)).abs() < TRUSTED_FOR
    }

    /// Makes sure that memory can be trusted.
    pub(super) async fn keep_up(
        &self,
        services: &Services,
        now: Timestamp,
    ) -> Result<(), ServiceError> {
        if self.is_trusted(now) { Ok(()) } else { self.catch_up(services).await }
    }

    /// After a change by this process: nobody may pass by what was remembered before it. If the
    /// database does not answer now, everything is forgotten.
    pub async fn changed_here(&self, services: &Services) {
        if let Err(error) = self.catch_up(services).await {
            tracing::warn!(%error, "changes of keys could not be read; all keys are forgotten");
            services.verifier.live.forget_all();
        }
    }
}

impl Read {
    /// Reads one batch; whether there may be more.
    async fn more(&mut self, services: &Services, live: &LiveKeys) -> Result<bool, DbError> {
        let oldest = db::read!(services.db, key_changes::oldest())?;
        if oldest.is_some_and(|oldest| oldest > self.newest + 1) {
            live.forget_all();
        }
        let from = self.newest - LATE;
        let changes = db::read!(services.db, key_changes::after(from, BATCH))?;
        let is_full = i64::try_from(changes.len()).is_ok_and(|count| count == BATCH);
        for (seq, lookup) in changes {
            if self.is_new(seq) {
                forget(live, lookup);
            }
        }
        Ok(is_full)
    }

    fn is_new(&mut self, seq: i64) -> bool {
        self.newest = self.newest.max(seq);
        let is_new = self.seen.insert(seq);
        while self.seen.first().is_some_and(|first| *first <= self.newest - LATE) {
            self.seen.pop_first();
        }
        is_new
    }
}

/// Deletes the changes that every process has read long ago.
///
/// # Errors
/// If the database gives no answer.
pub async fn purge_changes(services: &Services) -> Result<usize, ServiceError> {
    Ok(db::write!(services.db, key_changes::purge())?)
}

fn forget(live: &LiveKeys, lookup: Option<Vec<u8>>) {
    match lookup.as_deref().map(Lookup::try_from) {
        Some(Ok(lookup)) => live.forget(&lookup),
        Some(Err(_)) | None => live.forget_all(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_trusted_for_a_minute_whichever_way_the_clock_goes() {
        let changes = Changes::default();
        let at = Timestamp::from_millis;
        assert!(!changes.is_trusted(at(1_700_000_000_000)), "nothing was heard yet");
        changes.heard_at.store(1_000_000, Ordering::Release);
        for (now, trusted) in [
            (1_000_000, true),
            (1_059_999, true),
            (1_060_000, false),
            (999_000, true),
            (940_000, false),
            (0, false),
        ] {
            assert_eq!(changes.is_trusted(at(now)), trusted, "at {now}");
        }
    }
}
