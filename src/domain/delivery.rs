//! The life of a delivery: its states and its back-off (contract §5).

use std::time::Duration;

use super::{failure::Failure, timeline::Timeline, timestamp::Timestamp};

/// Failed attempts after which a delivery is given up.
pub const MOST_FAILURES: i64 = 5;

/// How long after approval a delivery is given up, whatever happened until then.
pub const GIVE_UP_AFTER: Duration = Duration::from_mins(15);

/// How long to wait after the first, second, … failed attempt. With five attempts of 15 s each all
/// of them fall within [`GIVE_UP_AFTER`].
const BACK_OFF: [Duration; 4] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_mins(2),
    Duration::from_mins(10),
];

/// Where a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// Waits for its next attempt.
    Waiting,
    /// Leased by a worker that is sending it.
    Sending,
    /// The app answered 2xx.
    Delivered,
    /// Given up.
    Failed,
    /// Ended by the manager.
    Cancelled,
}

impl DeliveryState {
    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sending => "sending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state of that stored word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Waiting, Self::Sending, Self::Delivered, Self::Failed, Self::Cancelled]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// What follows a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Try again at that time.
    RetryAt(Timestamp),
    /// That was the last one.
    GiveUp,
}

/// What follows the failed attempt number `failures` of a delivery that ends at `give_up_at`.
pub fn after_failure(failures: i64, now: Timestamp, give_up_at: Timestamp) -> Next {
    let wait = usize::try_from(failures).ok().and_then(|n| BACK_OFF.get(n.saturating_sub(1)));
    match wait.map(|wait| now.plus(*wait)) {
        Some(at) if at < give_up_at && failures < MOST_FAILURES => Next::RetryAt(at),
        _ => Next::GiveUp,
    }
}

/// How one attempt went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempted {
    /// Why the app does not have the keys, or cannot be known to have them; nothing if it took them.
    pub failure: Option<Failure>,
    /// What happened, step by step.
    pub timeline: Timeline,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_attempts_fit_into_fifteen_minutes_at_any_speed() {
        for slow in [Duration::ZERO, Duration::from_secs(15)] {
            let start = Timestamp::from_millis(0);
            let give_up_at = start.plus(GIVE_UP_AFTER);
            let (mut now, mut attempts) = (start, 0);
            loop {
                now = now.plus(slow);
                attempts += 1;
                match after_failure(attempts, now, give_up_at) {
                    Next::RetryAt(at) => now = at,
                    Next::GiveUp => break,
                }
            }
            assert_eq!(attempts, MOST_FAILURES);
            assert!(now < give_up_at, "{now:?}");
        }
    }

    #[test]
    fn back_off_table() {
        let now = Timestamp::from_millis(0);
        let far = now.plus(Duration::from_secs(100_000));
        for (failures, seconds) in [(1, 5), (2, 30), (3, 120), (4, 600)] {
            let at = now.plus(Duration::from_secs(seconds));
            assert_eq!(after_failure(failures, now, far), Next::RetryAt(at));
            assert_eq!(after_failure(failures, now, at), Next::GiveUp, "never past the end");
        }
        for failures in [5, 6, i64::MAX, 0, -1].into_iter().filter(|n| *n > 4) {
            assert_eq!(after_failure(failures, now, far), Next::GiveUp);
        }
    }
}
