//! How failed logins are slowed, per account and per address.
//!
//! A wait, never a lock. It bounds guessing at one account to about 1500 a day. The price: somebody who
//! keeps guessing from many addresses makes its owner wait, a minute at most each time. Each attempt is counted before its password is looked at, so that a thousand at once are
//! a thousand failures, not one.

use std::time::Duration;

use super::timestamp::Timestamp;

/// Failures older than this are forgotten.
pub const MEMORY: Duration = Duration::from_hours(1);

/// Who is slowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// One account, whoever tries: free up to five failures, then up to a minute of waiting.
    Account,
    /// One client address, whatever account: free up to twenty, then up to fifteen minutes.
    Address,
}

/// What is known of a subject's recent failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failures {
    /// How many.
    pub count: i64,
    /// When the last one was.
    pub last_at: Timestamp,
}

impl Subject {
    const fn limits(self) -> (i64, u64) {
        match self {
            Self::Account => (5, 60),
            Self::Address => (20, 15 * 60),
        }
    }

    /// The stored prefix.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Address => "address",
        }
    }

    /// From when on the next attempt is looked at; nothing if it is free. Not the time of the last
    /// failure: on a node whose clock is behind that may still come.
    pub fn open_from(self, failures: Failures) -> Option<Timestamp> {
        let (free, longest) = self.limits();
        if failures.count < free {
            return None;
        }
        let doublings = u32::try_from(failures.count - free).unwrap_or(u32::MAX).min(32);
        Some(failures.last_at.plus(Duration::from_secs((1u64 << doublings).min(longest))))
    }
}

impl Failures {
    /// These failures with one more at `now`, the old ones forgotten if they are old enough.
    pub fn and_one_more(earlier: Option<Self>, now: Timestamp) -> Self {
        match earlier {
            Some(known) if now.since(known.last_at) < MEMORY => {
                Self { count: known.count.saturating_add(1), last_at: now }
            }
            _ => Self { count: 1, last_at: now },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_bound() {
        let last_at = Timestamp::from_millis(0);
        let seconds = |subject: Subject, count| {
            let open_from = subject.open_from(Failures { count, last_at });
            open_from.map_or(0, |at| at.since(last_at).as_secs())
        };
        for (count, wait) in
            [(1, 0), (4, 0), (5, 1), (6, 2), (7, 4), (10, 32), (11, 60), (i64::MAX, 60)]
        {
            assert_eq!(seconds(Subject::Account, count), wait, "account, {count} failures");
        }
        for (count, wait) in [(19, 0), (20, 1), (21, 2), (29, 512), (30, 900), (1_000_000, 900)] {
            assert_eq!(seconds(Subject::Address, count), wait, "address, {count} failures");
        }
    }

    #[test]
    fn an_hour_without_failure_is_a_fresh_start() {
        let at = |minutes: i64| Timestamp::from_millis(minutes * 60_000);
        let ten = Failures { count: 10, last_at: at(0) };
        assert_eq!(Failures::and_one_more(Some(ten), at(59)).count, 11);
        assert_eq!(Failures::and_one_more(Some(ten), at(60)).count, 1);
        assert_eq!(Failures::and_one_more(None, at(0)).count, 1);
    }
}
