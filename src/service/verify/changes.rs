//! What changed about keys is heard and forgotten: at once in the process that changed it, within a
//! second in every other.
//!
//! How: the database's triggers write a row for each change. Every process reads the rows it has not
//! read: right after each change of its own, when the database tells of one (PostgreSQL's `LISTEN`), and
//! by the clock, more than twice a second, since what is told can be lost. If it could not read for a
//! while, memory is not trusted any more: so long, and no longer, keys are answered without a database.
//!
//! On PostgreSQL a smaller number may appear after a greater one was read (`gaps`). The newest change that
//! was read is read again each time: if it is not there, or another one, then this process is too far
//! behind, or the database is not the one it was (a backup, a replica that was behind), and everything is
//! forgotten. Reading goes by a connection of its own, so that no crowd of pages makes it late.
use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use tokio::{sync::Mutex, time::timeout};

use super::{gaps::Gaps, line::Line, live_keys::LiveKeys};
use crate::{
    db::{
        self, DbError, Listener,
        outcomes::{ChangedKey, HeardChanges},
    },
    domain::{keyring::Lookup, timestamp::Timestamp},
    service::{ServiceError, Services},
};

/// How often changes of other processes are looked for, whether the database tells of them or not.
pub const LOOK_EVERY: Duration = Duration::from_millis(400);

/// How long memory is trusted at least: as long as a change may take to be heard.
const TRUSTED_AT_LEAST: Duration = Duration::from_secs(1);

/// How long a request waits until memory can be trusted again.
const PATIENCE: Duration = Duration::from_secs(2);

/// How many numbers before the newest one are looked through for gaps at the beginning.
const BEFORE: i64 = 10_000;

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
    /// The newest change that was read, and when it was written.
    newest: Option<(i64, Timestamp)>,
    gaps: Gaps,
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
        self.look(services, &mut read).await
    }

    async fn look(&self, services: &Services, read: &mut Option<Read>) -> Result<(), ServiceError> {
        let now = services.now();
        let live = &services.verifier.live;
        let known = match read.as_mut() {
            Some(read) => read.go_on(services, live).await?,
            None => false,
        };
        if !known {
            *read = Some(Read::begin(services).await?);
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
        let wait = async {
            let mut read = self.read.lock().await;
            // Whoever was before in this line may have looked.
            if self.is_trusted(services.now()) {
                return Ok(());
            }
            self.look(services, &mut read).await
        };
        timeout(PATIENCE, wait).await.unwrap_or(Err(DbError::Silent.into()))
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
    /// Begins at the newest change; what has a number before it may still come.
    async fn begin(services: &Services) -> Result<Self, DbError> {
        let newest = db::read!(services.hearing, key_changes::newest())?;
        let mut read = Self { newest: None, gaps: Gaps::default() };
        let mut from = (newest - BEFORE).max(0);
        loop {
            let heard = db::read!(services.hearing, key_changes::from(from, BATCH))?;
            for change in &heard.changes {
                read.saw(change, &heard);
            }
            match heard.changes.last() {
                Some(last) if heard.is_full(BATCH) => from = last.seq + 1,
                Some(_) | None => return Ok(read),
            }
        }
    }

    /// Reads what is new, and what came late. No if the newest change that was read is not there.
    async fn go_on(&mut self, services: &Services, live: &LiveKeys) -> Result<bool, DbError> {
        loop {
            let from = self.newest.map_or(0, |(seq, _)| seq);
            let heard = db::read!(services.hearing, key_changes::from(from, BATCH))?;
            let mut new = heard.changes.iter();
            if self.newest.is_some() && new.next().map(|c| (c.seq, c.at)) != self.newest {
                return Ok(false);
            }
            for change in new {
                self.saw(change, &heard);
                forget(live, change.lookup.as_deref());
                let delay = heard.clock.since(change.at).as_secs_f64();
                services.metrics.key_change_delay.observe(delay);
            }
            if !heard.is_full(BATCH) {
                self.late(services, live, &heard).await?;
                return Ok(true);
            }
        }
    }

    /// Looks for numbers that were jumped over. What is read here is newer than what was read before it,
    /// so transactions that were over then are seen whole now.
    async fn late(
        &mut self,
        services: &Services,
        live: &LiveKeys,
        before: &HeardChanges,
    ) -> Result<(), DbError> {
        loop {
            let ranges = self.gaps.ranges();
            if ranges.is_empty() {
                return Ok(());
            }
            let came = db::read!(services.hearing, key_changes::within(&ranges, BATCH))?;
            for change in &came.changes {
                self.gaps.came(change.seq);
                forget(live, change.lookup.as_deref());
            }
            if !came.is_full(BATCH) {
                self.gaps.looked(before.snapshot);
                return Ok(());
            }
        }
    }

    /// A number was read; those between the newest and it may still come.
    fn saw(&mut self, change: &ChangedKey, heard: &HeardChanges) {
        if let Some((newest, _)) = self.newest {
            self.gaps.jumped(newest + 1..=change.seq - 1, heard.snapshot);
        }
        self.newest = Some((change.seq, change.at));
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

fn forget(live: &LiveKeys, lookup: Option<&[u8]>) {
    match lookup.map(Lookup::try_from) {
        Some(Ok(lookup)) => live.forget(&lookup),
        Some(Err(_)) | None => live.forget_all(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_trusted_for_a_minute_whichever_way_the_clock_goes() {
        let changes = Changes::trusted_for(Duration::from_mins(1));
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
