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
    /// Whether whoever asked last was told that the database fails.
    failing: AtomicBool,
}

impl Health {
    /// From now on nobody should be sent here.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Logs what changed since somebody asked last: strangers are not told what the database said.
    fn note(&self, looked: &Result<(), DbError>) {
        if self.failing.swap(looked.is_err(), Ordering::Relaxed) == looked.is_err() {
            return;
        }
        match looked {
            Ok(()) => tracing::info!("the database can be worked with again"),
            Err(error) => tracing::warn!(%error, "the database cannot be worked with"),
        }
    }
}

/// Why nobody should be sent here.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    /// The process was told to stop.
    #[error("this process is stopping")]
    Stopping,
    /// The database gives no answer, or its schema is none that this program works on.
    #[error("{}", for_strangers(.0))]
    Db(#[from] DbError),
}

/// Words of ours alone: what a driver says may name hosts, roles and queries.
fn for_strangers(error: &DbError) -> String {
    match error {
        DbError::Schema(line) => line.clone(),
        DbError::Silent => DbError::Silent.to_string(),
        DbError::Address(_) | DbError::Unavailable(_) => "the database cannot be reached".into(),
        DbError::Query(_) | DbError::Corrupt(_) | DbError::Interrupted => {
            "the database gave no usable answer".into()
        }
    }
}

/// Whether requests can be answered: the database answers, and its schema is one that this program works on.
///
/// # Errors
/// What is the matter.
pub async fn ready(services: &Services) -> Result<(), NotReady> {
    if services.health.stopping.load(Ordering::Relaxed) {
        return Err(NotReady::Stopping);
    }
    let looked = timeout(PATIENCE, services.db.check_running()).await;
    let looked = looked.unwrap_or(Err(DbError::Silent));
    services.health.note(&looked);
    Ok(looked?)
}
