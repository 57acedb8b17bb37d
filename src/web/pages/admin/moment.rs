//! Instants as screens show them: how long ago, with the exact time beside it for machines and for
//! whoever points at it. All in UTC, since nobody here knows the reader's zone.

use std::time::Duration;

use crate::domain::timestamp::Timestamp;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const MILLIS_OF_DAY: i64 = 24 * 3_600_000;

/// An instant, ready to be shown.
pub struct Moment {
    /// For machines: RFC 3339.
    pub iso: String,
    /// The date and the time.
    pub exact: String,
    /// The date of the last moment before it: an end at midnight still leaves the whole day before.
    pub last_day: String,
    /// As an end: the last day if it is whole, else date and time.
    pub ends: String,
    /// How far from now: `3 days ago`, `in 5 hours`.
    pub distance: String,
}

impl Moment {
    /// An instant as it is seen at `now`.
    pub fn of(at: Timestamp, now: Timestamp) -> Self {
        let distance = if at > now {
            format!("in {}", in_words(at.since(now)))
        } else if now.since(at) < Duration::from_mins(1) {
            "just now".to_owned()
        } else {
            format!("{} ago", in_words(now.since(at)))
        };
        let exact = format!("{}, {}", at.to_date(), at.to_time());
        let last_day = at.minus(Duration::from_millis(1)).to_date();
        let is_midnight = at.as_millis().rem_euclid(MILLIS_OF_DAY) == 0;
        let ends =
            if is_midnight { format!("{last_day}, end of the day UTC") } else { exact.clone() };
        Self { iso: at.to_string(), exact, last_day, ends, distance }
    }
}

/// `5 minutes`, `1 day`, `3 months`: the largest unit that fits twice, or once.
fn in_words(time: Duration) -> String {
    let seconds = time.as_secs();
    let units = [(365 * DAY, "year"), (30 * DAY, "month"), (DAY, "day"), (HOUR, "hour")];
    let fitting = units.into_iter().find(|(unit, name)| {
        // Below two months, days say more.
        let least = if matches!(*name, "year" | "month") { 2 } else { 1 };
        seconds >= least * unit
    });
    let (unit, name) = fitting.unwrap_or((MINUTE, "minute"));
    let count = (seconds / unit).max(1);
    if count == 1 { format!("1 {name}") } else { format!("{count} {name}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_told_in_the_largest_telling_unit() {
        let now = Timestamp::from_millis(1_795_207_503_999);
        let told = |seconds| Moment::of(now.minus(Duration::from_secs(seconds)), now).distance;
        for (seconds, words) in [
            (0, "just now"),
            (59, "just now"),
            (60, "1 minute ago"),
            (3 * HOUR, "3 hours ago"),
            (DAY, "1 day ago"),
            (45 * DAY, "45 days ago"),
            (100 * DAY, "3 months ago"),
            (400 * DAY, "13 months ago"),
            (800 * DAY, "2 years ago"),
        ] {
            assert_eq!(told(seconds), words);
        }
        let later = now.plus(Duration::from_secs(14 * DAY));
        assert_eq!(Moment::of(later, now).distance, "in 14 days");
        assert_eq!(Moment::of(later, now).exact, "4 December 2026, 20:45:03 UTC");
        assert_eq!(Moment::of(later, now).last_day, "4 December 2026");
        let midnight = crate::domain::expiry::parse("2027-01-31", now).unwrap();
        assert_eq!(Moment::of(midnight, now).last_day, "31 January 2027");
        assert_eq!(Moment::of(midnight, now).ends, "31 January 2027, end of the day UTC");
        assert_eq!(Moment::of(later, now).ends, "4 December 2026, 20:45:03 UTC");
    }
}
