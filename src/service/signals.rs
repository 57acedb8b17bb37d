//! Nudges within this process, so that nobody has to wait for a timer.
//!
//! Only a nudge: what is true stands in the database, and everybody who waits also looks by himself
//! now and then. So nothing is lost when another process did the work.

use tokio::sync::{Notify, watch};

/// Wakes the worker when there is something to send, and browsers when something happened.
pub struct Signals {
    work: Notify,
    progress: watch::Sender<()>,
}

impl Default for Signals {
    fn default() -> Self {
        Self { work: Notify::new(), progress: watch::Sender::new(()) }
    }
}

impl Signals {
    /// There may be a delivery to send.
    pub fn wake_worker(&self) {
        self.work.notify_one();
    }

    /// Waits for [`Self::wake_worker`]; one that came before counts.
    pub async fn work(&self) {
        self.work.notified().await;
    }

    /// A delivery moved on.
    pub(super) fn tell_progress(&self) {
        self.progress.send_replace(());
    }

    /// A view that notices each [`Self::tell_progress`] from now on.
    pub(super) fn progress(&self) -> watch::Receiver<()> {
        self.progress.subscribe()
    }
}
