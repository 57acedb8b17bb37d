//! How long, and how often.

use std::time::Duration;

/// What is to be run.
pub struct Plan {
    /// Changes of each way that are timed.
    pub changes: usize,
    /// For how long nodes are killed.
    pub killing: Duration,
    /// How often PostgreSQL is restarted; once of these it crashes.
    pub restarts: usize,
    /// Throws the dice of the people and the apps.
    pub seed: u64,
}

impl Plan {
    /// The whole, or what `CLUSTER_SHORT` asks for.
    pub fn from_environment() -> Self {
        let seed = fastrand::u64(..1_000_000);
        if std::env::var_os("CLUSTER_SHORT").is_some() {
            return Self { changes: 6, killing: Duration::from_secs(12), restarts: 2, seed };
        }
        Self { changes: 100, killing: Duration::from_mins(2), restarts: 5, seed }
    }
}
