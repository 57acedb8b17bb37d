//! Nudges within this process, so that nobody has to wait for a timer.
//!
//! Only a nudge: what is true stands in the database, and everybody who waits also looks by himself
//! now and then. So nothing is lost when another process did the work.
//! Progress names its grant: two hundred browsers that all look whenever any delivery moves would slow
//! each of them.

use std::sync::Arc;

use tokio::sync::{
    Notify,
    broadcast::{self, error::RecvError},
};

use crate::domain::delivery::Lane;

/// How many steps a browser may fall behind; then it looks, whoever moved.
const REMEMBERED: usize = 256;

/// Wakes the worker when there is something to send, and browsers when something happened.
pub struct Signals {
    /// One for each lane.
    work: [Notify; 2],
    progress: broadcast::Sender<Arc<str>>,
    key_changes: Notify,
}

impl Default for Signals {
    fn default() -> Self {
        let progress = broadcast::Sender::new(REMEMBERED);
        Self { work: Default::default(), progress, key_changes: Notify::new() }
    }
}

impl Signals {
    /// There may be a delivery to send.
    pub fn wake_worker(&self) {
        self.work.iter().for_each(Notify::notify_one);
    }

    /// Waits for [`Self::wake_worker`]; one that came before counts.
    pub async fn work(&self, lane: Lane) {
        self.work[lane as usize].notified().await;
    }

    /// Keys may have changed.
    pub fn tell_key_changes(&self) {
        self.key_changes.notify_one();
    }

    /// Waits for [`Self::tell_key_changes`]; one that came before counts.
    pub async fn key_changes(&self) {
        self.key_changes.notified().await;
    }

    /// The delivery of that grant moved on.
    pub(super) fn tell_progress(&self, grant_id: &str) {
        // An error says that nobody waits.
        let _ = self.progress.send(grant_id.into());
    }

    /// Notices each [`Self::tell_progress`] about that grant from now on.
    pub(super) fn progress(&self, grant_id: &str) -> Progress {
        Progress { grant_id: grant_id.into(), moved: self.progress.subscribe() }
    }
}

/// One grant's progress, as one browser hears of it.
pub(super) struct Progress {
    grant_id: Box<str>,
    moved: broadcast::Receiver<Arc<str>>,
}

impl Progress {
    /// Waits until the grant's delivery moved on; what came since the last time counts.
    pub(super) async fn next(&mut self) {
        loop {
            match self.moved.recv().await {
                Ok(moved) if *moved != *self.grant_id => {}
                Ok(_) | Err(RecvError::Lagged(_)) => return,
                // Cannot be, since the sender lives as long as the services; then there is only time.
                Err(RecvError::Closed) => return std::future::pending().await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    async fn hears(progress: &mut Progress) -> bool {
        timeout(Duration::from_millis(20), progress.next()).await.is_ok()
    }

    #[tokio::test]
    async fn a_browser_hears_of_its_own_delivery_only() {
        let signals = Signals::default();
        let mut progress = signals.progress("own");
        signals.tell_progress("other");
        assert!(!hears(&mut progress).await);
        signals.tell_progress("own");
        signals.tell_progress("other");
        assert!(hears(&mut progress).await && !hears(&mut progress).await);
    }

    #[tokio::test]
    async fn who_missed_something_looks() {
        let signals = Signals::default();
        let mut progress = signals.progress("own");
        for _ in 0..=REMEMBERED {
            signals.tell_progress("other");
        }
        assert!(hears(&mut progress).await);
    }
}
