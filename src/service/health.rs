//! Whether this process can do its work: what a load balancer asks before it sends somebody here.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use tokio::time::timeout;

use super::Services;
use crate::db::DbError;

/// How long whoever asks waits for the database.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether this process is stopping.
#[derive(Default)]
pub struct Health {
    stopping: AtomicBool,
}

impl Health {
    /// From now on nobody should be sent here.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }
}

/// Why nobody should be sent here.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    /// The process was told to stop.
    #[error("this process is stopping")]
    Stopping,
    /// The database gives no answer, or its schema is none that this program works on.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Whether requests can be answered: the database answers, and its schema is one that this program works on.
///
/// # Errors
/// What is the matter.
pub async fn ready(services: &Services) -> Result<(), NotReady> {
    if services.health.stopping.load(Ordering::Relaxed) {
        return Err(NotReady::Stopping);
    }
    Ok(timeout(PATIENCE, services.db.check_running()).await.unwrap_or(Err(DbError::Silent))?)
}
