//! What changed about keys is heard and forgotten: at once in the process that changed it, within a
//! second in every other.
//!
//! How: the database's triggers write a row for each change. Every process reads the rows it has not
//! read: right after each change of its own, when the database tells of one (PostgreSQL's `LISTEN`), and
//! by the clock, more than twice a second, since what is told can be lost. If it could not read for a
//! while, memory is not trusted any more: so long, and no longer, keys are answered without a database.
//!
//! On PostgreSQL numbers are given before the commit, so a smaller one may appear after a greater one was
//! read. Each process remembers which numbers it has not seen, and looks for exactly those.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use tokio::{sync::Mutex, time::timeout};

use super::{line::Line, live_keys::LiveKeys};
use crate::{
    db::{self, DbError, Listener, outcomes::ChangedKey},
    domain::{keyring::Lookup, timestamp::Timestamp},
    service::{ServiceError, Services},
};

/// How often changes of other processes are looked for, whether the database tells of them or not.
pub const LOOK_EVERY: Duration = Duration::from_millis(400);

/// How long memory is trusted at least: as long as a change may take to be heard.
const TRUSTED_AT_LEAST: Duration = Duration::from_secs(1);

/// How long a request waits until memory can be trusted again.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a number is looked for that was given and not seen. No transaction of ours takes so long; one
/// that was rolled back leaves a number that never comes.
const MISSED_FOR: Duration = Duration::from_mins(10);

/// How many numbers before the first one that was read may still come.
const BEFORE: i64 = 1_000;

/// How many missed numbers are looked for at once.
const SOUGHT: usize = 500;

/// How many changes are read at once.
const BATCH: i64 = 1_000;

/// How far changes were read.
pub struct Changes {
    read: Mutex<Option<Read>>,
    heard_at: AtomicI64,
    trusted_for: Duration,
    /// Requests that wait until memory can be trusted.
    line: Line,
    /// The newest change when old ones were last deleted.
    newest_at_purge: AtomicI64,
}

struct Read {
    newest: i64,
    /// The numbers below it that were not there yet, and since when they are missed.
    missed: BTreeMap<i64, Timestamp>,
}

impl Changes {
    /// Nothing was heard yet. Memory is trusted for that long without hearing from the database.
    pub(super) fn trusted_for(without_database: Duration) -> Self {
        Self {
            read: Mutex::default(),
            heard_at: AtomicI64::default(),
            trusted_for: without_database.max(TRUSTED_AT_LEAST),
            line: Line::default(),
            newest_at_purge: AtomicI64::default(),
        }
    }

    /// Reads what is new and forgets those keys.
    ///
    /// # Errors
    /// If the database gives no answer; memory then holds what it held.
    pub async fn catch_up(&self, services: &Services) -> Result<(), ServiceError> {
        let mut read = self.read.lock().await;
        let now = services.now();
        let live = &services.verifier.live;
        let known = match read.as_mut() {
            Some(read) => read.go_on(services, live, now).await?,
            None => false,
        };
        if !known {
            *read = Some(Read::begin(services, now).await?);
            live.forget_all();
        }
        self.heard_at.store(now.as_millis(), Ordering::Release);
        services.metrics.key_changes_heard.all_until(now);
        Ok(())
    }

    /// Whether memory can be trusted.
    pub(super) fn is_trusted(&self, now: Timestamp) -> bool {
        // A clock that was set back is as bad as a silent database.
        let silent = (now.as_millis() - self.heard_at.load(Ordering::Acquire)).unsigned_abs();
        u128::from(silent) < self.trusted_for.as_millis()
    }

    /// Makes sure that memory can be trusted. While the database is away only so many wait for it, and
    /// none of them long.
    pub(super) async fn keep_up(
        &self,
        services: &Services,
        now: Timestamp,
    ) -> Result<(), ServiceError> {
        if self.is_trusted(now) {
            return Ok(());
        }
        let _place = self.line.join()?;
        timeout(PATIENCE, self.catch_up(services)).await.unwrap_or(Err(DbError::Silent.into()))
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
    /// Begins at the newest change; those shortly before it may still come.
    async fn begin(services: &Services, now: Timestamp) -> Result<Self, DbError> {
        let newest = db::read!(services.db, key_changes::newest())?;
        let from = (newest - BEFORE).max(0);
        let mut read = Self { newest: from, missed: BTreeMap::new() };
        for ChangedKey { seq, .. } in db::read!(services.db, key_changes::after(from, BEFORE))? {
            read.saw(seq, now);
        }
        read.newest = read.newest.max(newest);
        Ok(read)
    }

    /// Reads what came late, and what is new. No if the changes after those that were read are not
    /// there: they were deleted long ago, or the database is another one than it was (a backup, a
    /// replica that was behind).
    async fn go_on(
        &mut self,
        services: &Services,
        live: &LiveKeys,
        now: Timestamp,
    ) -> Result<bool, DbError> {
        let (oldest, newest) = db::read!(services.db, key_changes::kept())?.unwrap_or((1, 0));
        if oldest > self.newest + 1 || newest < self.newest {
            return Ok(false);
        }
        self.late(services, live, now).await?;
        while newest > self.newest && self.more(services, live, now).await? {}
        Ok(true)
    }

    /// Looks for numbers that were missed.
    async fn late(
        &mut self,
        services: &Services,
        live: &LiveKeys,
        now: Timestamp,
    ) -> Result<(), DbError> {
        self.missed.retain(|_, since| now.since(*since) < MISSED_FOR);
        let missed: Vec<i64> = self.missed.keys().copied().collect();
        for some in missed.chunks(SOUGHT) {
            for change in db::read!(services.db, key_changes::among(some))? {
                self.missed.remove(&change.seq);
                forget(live, change.lookup);
            }
        }
        Ok(())
    }

    /// Reads one batch; whether there may be more.
    async fn more(
        &mut self,
        services: &Services,
        live: &LiveKeys,
        now: Timestamp,
    ) -> Result<bool, DbError> {
        let changes = db::read!(services.db, key_changes::after(self.newest, BATCH))?;
        let is_full = i64::try_from(changes.len()).is_ok_and(|count| count == BATCH);
        let written: Vec<_> = changes.iter().map(|change| change.at).collect();
        for change in changes {
            self.saw(change.seq, now);
            forget(live, change.lookup);
        }
        measure(services, &written).await;
        Ok(is_full)
    }

    /// A number was read; those between the newest and it may still come.
    fn saw(&mut self, seq: i64, now: Timestamp) {
        let from = (self.newest + 1).max(seq - BEFORE);
        self.missed.extend((from..seq).map(|missed| (missed, now)));
        self.newest = seq;
    }
}

/// Listens for changes of keys, where the database tells of them.
///
/// # Errors
/// If the server cannot be reached.
pub async fn listen(services: &Services) -> Result<Option<Listener>, ServiceError> {
    Ok(services.db.listen().await?)
}

/// Deletes the changes that every process has read long ago.
///
/// # Errors
/// If the database gives no answer.
pub async fn purge_changes(services: &Services) -> Result<usize, ServiceError> {
    let changes = &services.verifier.changes;
    let newest = db::read!(services.db, key_changes::newest())?;
    // What was new since the last purge may stand beside numbers that still come.
    let known = changes.newest_at_purge.swap(newest, Ordering::Relaxed);
    Ok(db::write!(services.db, key_changes::purge(known))?)
}

/// How long changes took to be heard, both by the database's clock. What cannot be measured is not.
async fn measure(services: &Services, written: &[Timestamp]) {
    let Ok(clock) = services.db.clock().await else { return };
    let heard = clock.unwrap_or_else(|| services.now());
    for at in written {
        services.metrics.key_change_delay.observe(heard.since(*at).as_secs_f64());
    }
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
    fn numbers_that_were_jumped_over_are_missed() {
        let now = Timestamp::from_millis(1);
        let mut read = Read { newest: 5, missed: BTreeMap::new() };
        for seq in [6, 9, 10] {
            read.saw(seq, now);
        }
        assert_eq!(read.missed.keys().copied().collect::<Vec<_>>(), [7, 8]);
        read.saw(1_000_000, now);
        assert_eq!(read.missed.len(), 2 + 1_000, "however far a sequence jumps");
    }

    #[test]
    fn memory_is_trusted_for_a_minute_whichever_way_the_clock_goes() {
        let changes = Changes::trusted_for(Duration::from_secs(60));
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
        let never = Changes::trusted_for(Duration::ZERO);
        never.heard_at.store(1_000_000, Ordering::Release);
        assert!(never.is_trusted(at(1_000_999)) && !never.is_trusted(at(1_001_000)));
    }
}
