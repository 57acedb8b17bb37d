//! An instant, as it is stored: milliseconds since 1970 in UTC.
//!
//! One integer means the same on SQLite and PostgreSQL and sorts by itself. This type never reads a
//! clock; `service::Clock` does.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant `millis` milliseconds after 1970.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970, the stored form.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970, as `webhook-timestamp` wants them.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This instant moved later; stays at the end of time instead of overflowing.
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// This instant moved earlier.
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// How long after `earlier` this is; zero if it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    fn zoned(self) -> jiff::Timestamp {
        let end = if self.0 < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(end)
    }

    /// RFC 3339 in UTC to the millisecond, `2026-11-20T20:45:03.999Z`.
    pub fn to_millis_text(self) -> String {
        self.zoned().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
    }

    /// `2026-11-20 20:45:03`, in UTC: the form WooCommerce puts into a key's description.
    pub fn to_sql_style(self) -> String {
        self.zoned().strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// `2026-11-20 20:45`, in UTC: the form WooCommerce License Keys tells ends in.
    pub fn to_minute(self) -> String {
        self.zoned().strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// `20 November 2026`, in UTC, for people.
    pub fn to_date(self) -> String {
        self.zoned().strftime("%-d %B %Y").to_string()
    }

    /// `20:45:03 UTC`, for people.
    pub fn to_time(self) -> String {
        self.zoned().strftime("%H:%M:%S UTC").to_string()
    }
}

/// RFC 3339 in UTC to the second, `2026-11-20T20:45:03Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.zoned().strftime("%Y-%m-%dT%H:%M:%SZ"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_as_rfc_3339() {
        let at = Timestamp::from_millis(1_795_207_503_999);
        assert_eq!(at.to_string(), "2026-11-20T20:45:03Z");
        assert_eq!(at.to_millis_text(), "2026-11-20T20:45:03.999Z");
        assert_eq!(at.to_sql_style(), "2026-11-20 20:45:03");
        assert_eq!(at.to_date(), "20 November 2026");
        assert_eq!(at.to_time(), "20:45:03 UTC");
    }

    #[test]
    fn arithmetic_stops_at_the_ends() {
        let last = Timestamp::from_millis(i64::MAX);
        assert_eq!(last.plus(Duration::from_secs(1)), last);
        assert_eq!(Timestamp::from_millis(5).since(last), Duration::ZERO);
        assert_eq!(last.to_string(), "9999-12-30T22:00:00Z", "what is out of range shows its end");
    }
}
