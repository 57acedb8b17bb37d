//! The generations of the key that signs callbacks: which of them sign, and are published, when.
//!
//! A rotation makes the next generation. The one before goes on signing beside it for a while, so that
//! an app that pinned or cached its public key goes on working. The keys themselves are derived
//! (`keyring::Keyring::signing`); nothing here is secret.

use std::time::Duration;

use super::timestamp::Timestamp;

/// How long a key goes on signing beside its successor.
pub const OVERLAP: Duration = Duration::from_hours(30 * 24);

/// How many keys may sign at once: each adds 93 bytes to a header, and servers limit headers.
pub const MOST_IN_USE: usize = 8;

/// One generation of the signing key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generation {
    /// 1, 2, …
    pub number: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it neither signs nor is published; nothing for the newest.
    pub retired_at: Option<Timestamp>,
}

/// What a generation is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It signs.
    Current,
    /// It signs beside its successor for a while.
    Retiring,
    /// It does nothing any more.
    Retired,
}

impl Generation {
    /// What it is doing at that time.
    pub fn state(&self, now: Timestamp) -> State {
        match self.retired_at {
            None => State::Current,
            Some(at) if at > now => State::Retiring,
            Some(_) => State::Retired,
        }
    }
}

impl State {
    /// A stable word for people and machines.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Retiring => "retiring",
            Self::Retired => "retired",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_works_until_the_moment_it_retires() {
        let at = Timestamp::from_millis;
        let mut key = Generation { number: 1, created_at: at(0), retired_at: None };
        assert_eq!(key.state(at(i64::MAX)), State::Current);
        key.retired_at = Some(at(1000));
        assert_eq!((key.state(at(999)), key.state(at(1000))), (State::Retiring, State::Retired));
    }
}
