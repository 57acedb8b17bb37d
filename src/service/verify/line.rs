//! A line before something slow that is not endless: whoever finds it full is told to come back.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::service::ServiceError;

/// How many wait at most.
const LONGEST: u64 = 256;

/// How many wait.
#[derive(Default)]
pub(super) struct Line(AtomicU64);

/// A place in the line, until it is dropped.
pub(super) struct Place<'a>(&'a AtomicU64);

impl Line {
    /// Takes a place.
    pub(super) fn join(&self) -> Result<Place<'_>, ServiceError> {
        let place = Place(&self.0);
        if self.0.fetch_add(1, Ordering::Relaxed) >= LONGEST {
            return Err(ServiceError::Busy);
        }
        Ok(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_line_takes_nobody_until_somebody_leaves() {
        let line = Line::default();
        let mut places: Vec<_> = (0..LONGEST).map(|_| line.join().ok().unwrap()).collect();
        assert!(line.join().is_err() && line.join().is_err());
        places.pop();
        assert!(line.join().is_ok());
    }
}
