//! The life of a delivery: what is delivered, its states and its back-off (contract §5).
//!
//! Keys and rotations are soon over, since a person waits and keys must not lie about. Events wait for an
//! app that is away for a day, on a lane of their own, so that no flood of them holds a person up.

use std::time::Duration;

use super::{failure::Failure, timeline::Timeline, timestamp::Timestamp};

/// Failed attempts after which a delivery is given up.
pub const MOST_FAILURES: i64 = 5;

/// How long after approval a delivery is given up, whatever happened until then.
pub const GIVE_UP_AFTER: Duration = Duration::from_mins(15);

/// How long after something happened its event is given up.
pub const EVENT_GIVE_UP_AFTER: Duration = Duration::from_hours(28);

/// How long to wait after the first, second, … failed attempt. With five attempts of 15 s each all
/// of them fall within [`GIVE_UP_AFTER`].
const BACK_OFF: [Duration; 4] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_mins(2),
    Duration::from_mins(10),
];

/// The same for events, as Standard Webhooks advises.
const EVENT_BACK_OFF: [Duration; 7] = [
    Duration::from_secs(5),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(5),
    Duration::from_hours(10),
    Duration::from_hours(10),
];

/// What is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A new key's pair.
    Keys,
    /// The next pair of a key whose app has one.
    Rotation,
    /// Word of something that happened to a key.
    Event,
}

impl Kind {
    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::Rotation => "rotation",
            Self::Event => "event",
        }
    }

    /// The kind of that stored word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Keys, Self::Rotation, Self::Event].into_iter().find(|kind| kind.as_str() == text)
    }

    fn back_off(self) -> &'static [Duration] {
        match self {
            Self::Keys | Self::Rotation => &BACK_OFF,
            Self::Event => &EVENT_BACK_OFF,
        }
    }
}

/// Deliveries that are sent side by side, whatever happens on the other lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Somebody waits for it.
    Pairs,
    /// Nobody does.
    Events,
}

impl Lane {
    /// What goes there.
    pub const fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Pairs => &[Kind::Keys, Kind::Rotation],
            Self::Events => &[Kind::Event],
        }
    }
}

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
pub fn after_failure(kind: Kind, failures: i64, now: Timestamp, give_up_at: Timestamp) -> Next {
    let wait =
        usize::try_from(failures).ok().and_then(|n| kind.back_off().get(n.saturating_sub(1)));
    match wait.map(|wait| now.plus(*wait)) {
        Some(at) if at < give_up_at => Next::RetryAt(at),
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
    fn all_attempts_fit_into_their_time_at_any_speed() {
        for (kind, time, most) in [
            (Kind::Keys, GIVE_UP_AFTER, MOST_FAILURES),
            (Kind::Rotation, GIVE_UP_AFTER, MOST_FAILURES),
            (Kind::Event, EVENT_GIVE_UP_AFTER, 8),
        ] {
            for slow in [Duration::ZERO, Duration::from_secs(15)] {
                let start = Timestamp::from_millis(0);
                let give_up_at = start.plus(time);
                let (mut now, mut attempts) = (start, 0);
                loop {
                    now = now.plus(slow);
                    attempts += 1;
                    match after_failure(kind, attempts, now, give_up_at) {
                        Next::RetryAt(at) => now = at,
                        Next::GiveUp => break,
                    }
                }
                assert_eq!(attempts, most, "{kind:?}");
                assert!(now < give_up_at, "{kind:?} {now:?}");
            }
        }
    }

    #[test]
    fn back_off_table() {
        let now = Timestamp::from_millis(0);
        let far = now.plus(Duration::from_secs(100_000));
        let keys: [(i64, u64); 4] = [(1, 5), (2, 30), (3, 120), (4, 600)];
        let events = [(1, 5), (2, 300), (3, 1800), (4, 7200), (5, 18_000), (6, 36_000)];
        let table = keys.map(|row| (Kind::Keys, row)).into_iter();
        for (kind, (failures, seconds)) in table.chain(events.map(|row| (Kind::Event, row))) {
            let at = now.plus(Duration::from_secs(seconds));
            assert_eq!(after_failure(kind, failures, now, far), Next::RetryAt(at));
            assert_eq!(after_failure(kind, failures, now, at), Next::GiveUp, "never past the end");
        }
        for failures in [5, 6, i64::MAX] {
            assert_eq!(after_failure(Kind::Rotation, failures, now, far), Next::GiveUp);
        }
    }

    #[test]
    fn each_kind_has_one_lane() {
        for kind in [Kind::Keys, Kind::Rotation, Kind::Event] {
            assert_eq!(Kind::parse(kind.as_str()), Some(kind));
            let lanes = [Lane::Pairs, Lane::Events].map(|lane| lane.kinds().contains(&kind));
            assert_eq!(lanes.into_iter().filter(|is_there| *is_there).count(), 1, "{kind:?}");
        }
    }
}
