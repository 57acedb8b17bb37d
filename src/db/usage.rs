//! How a pool of connections is used, for metrics.

use deadpool::managed::Status;

use super::DbError;

/// How many queries may wait for a free connection; more would only wait in vain, and hold memory.
const LONGEST_LINE: usize = 512;

/// One pool, at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Which pool: `readers`, `writer` or `server`.
    pub pool: &'static str,
    /// How many connections it may have.
    pub most: usize,
    /// How many are open and not used.
    pub idle: usize,
    /// How many are used.
    pub busy: usize,
    /// How many queries wait for one.
    pub waiting: usize,
}

impl Usage {
    pub(super) fn of(pool: &'static str, status: &Status) -> Self {
        let Status { max_size, size, available, waiting } = *status;
        Self {
            pool,
            most: max_size,
            idle: available,
            busy: size.saturating_sub(available),
            waiting,
        }
    }
    /// Whether one more may wait.
    pub(super) fn admit(&self) -> Result<(), DbError> {
        if self.waiting < LONGEST_LINE {
            return Ok(());
        }
        Err(DbError::Unavailable("too many queries wait for it already".into()))
    }
}
