//! When a key or token shall end, as people and programs write it: a day, or an instant.

use std::time::Duration;

use super::timestamp::Timestamp;

/// The furthest end that is taken; what is meant to be longer has none.
const LONGEST: Duration = Duration::from_hours(24 * 366 * 100);

/// Why a text is no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpiryError {
    /// Neither a day nor an instant.
    #[error("an end is a day like 2027-01-31, or an instant like 2027-01-31T18:00:00Z")]
    Unreadable,
    /// It is over already.
    #[error("that end lies in the past")]
    Past,
    /// Too far away.
    #[error("an end lies at most a hundred years ahead; leave it empty for none")]
    TooFar,
}

/// Reads an end: with a day, the key works until that day is over in UTC; with an instant (RFC 3339),
/// until then.
///
/// # Errors
/// If it is neither, over already, or too far away.
pub fn parse(text: &str, now: Timestamp) -> Result<Timestamp, ExpiryError> {
    let at = read(text).ok_or(ExpiryError::Unreadable)?;
    if at <= now {
        Err(ExpiryError::Past)
    } else if at > now.plus(LONGEST) {
        Err(ExpiryError::TooFar)
    } else {
        Ok(at)
    }
}

/// Reads an end as [`parse`] does, wherever it lies.
pub fn read(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        return Some(Timestamp::from_millis(instant.as_millisecond()));
    }
    let is_day = text.len() == 10;
    let day: jiff::civil::Date = text.parse().ok().filter(|_| is_day)?;
    let end = day.tomorrow().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Timestamp::from_millis(end.timestamp().as_millisecond()))
}

const DAY: Duration = Duration::from_hours(24);

/// Word that a key ends soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The key's number.
    pub key_id: i64,
    /// When it ends.
    pub expires_at: Timestamp,
    /// How many days before, at most.
    pub days: i64,
}

impl Warning {
    /// How long before the end the first warning is given.
    pub const EARLIEST: Duration = DAY.saturating_mul(14);

    /// How many days before the end warnings are given, the last one first.
    const DAYS: [u32; 2] = [2, 14];

    /// The warning that should have been given by now, if any. A key whose whole life is no longer than
    /// that is not warned of: its end is no surprise.
    pub fn due(
        key_id: i64,
        created_at: Timestamp,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Option<Self> {
        let days = Self::DAYS.into_iter().find(|days| expires_at <= now.plus(DAY * *days))?;
        let lives_longer = created_at.plus(DAY * days) < expires_at;
        (lives_longer && now < expires_at).then(|| Self { key_id, expires_at, days: days.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_warned_of_fourteen_and_two_days_before_its_end() {
        let day = |days: u32| Timestamp::from_millis(0).plus(DAY * days);
        let due = |life, now| Warning::due(1, day(0), day(life), day(now)).map(|w| w.days);
        for (life, now, warned) in [
            (30, 15, None),
            (30, 16, Some(14)),
            (30, 27, Some(14)),
            (30, 28, Some(2)),
            (30, 30, None),
            (14, 0, None),
            (14, 11, None),
            (14, 12, Some(2)),
            (2, 1, None),
            (1, 0, None),
        ] {
            assert_eq!(due(life, now), warned, "a life of {life} days on day {now}");
        }
    }

    #[test]
    fn days_and_instants() {
        let now = Timestamp::from_millis(1_795_207_503_999); // 2026-11-20T20:45:03Z
        let end = |text| parse(text, now).map(|at| at.to_string());
        assert_eq!(end("2026-11-20"), Ok("2026-11-21T00:00:00Z".to_owned()), "until today is over");
        assert_eq!(end(" 2027-01-31T18:00:00+02:00 "), Ok("2027-01-31T16:00:00Z".to_owned()));
        assert_eq!(end("2026-11-19"), Err(ExpiryError::Past));
        assert_eq!(end("2026-11-20T20:45:03Z"), Err(ExpiryError::Past));
        assert_eq!(end("2999-12-30"), Err(ExpiryError::TooFar));
        for text in ["", "never", "2026", "2026-13-01", "20261120", "31.1.2027", "2027-01-31 18:00"]
        {
            assert_eq!(end(text), Err(ExpiryError::Unreadable), "{text:?}");
        }
    }
}
