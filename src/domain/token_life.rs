//! How long tokens live: as the store is set, as the key is, and as a request asks (docs/oauth2.md).

use std::time::Duration;

use super::timestamp::Timestamp;

/// The longest that has an end: ten years.
const LONGEST: i64 = 315_360_000;

/// How far clocks may differ: so long a token still passes after its end.
pub const SKEW: Duration = Duration::from_secs(5);

/// A life. Ordered: what never ends is the longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TokenLife {
    /// Ends after that many seconds.
    Seconds(i64),
    /// Never ends.
    Never,
}

impl TokenLife {
    /// What is wrong with a number of seconds that is none.
    pub const RULE: &str = "must be 60 to 315360000 seconds, or below 0 for no end";

    /// The life of a number of seconds; a negative one never ends. Nothing for one that is too short or
    /// too long.
    pub fn of(seconds: i64) -> Option<Self> {
        match seconds {
            ..0 => Some(Self::Never),
            60..=LONGEST => Some(Self::Seconds(seconds)),
            _ => None,
        }
    }

    /// The life that somebody typed.
    pub fn parse(text: &str) -> Option<Self> {
        Self::of(text.trim().parse().ok()?)
    }

    /// The number it is stored and shown as.
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Seconds(seconds) => seconds,
            Self::Never => -1,
        }
    }

    /// When what begins at `now` ends.
    pub fn ends(self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Seconds(seconds) => {
                Some(now.plus(Duration::from_secs(u64::try_from(seconds).unwrap_or(0))))
            }
            Self::Never => None,
        }
    }
}

/// Whether what ends then is over at `now`, whichever of both clocks is ahead.
pub fn is_over(expires_at: Option<Timestamp>, now: Timestamp) -> bool {
    expires_at.is_some_and(|end| end.plus(SKEW) <= now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_is_a_minute_or_more_or_for_ever() {
        for (seconds, life) in [
            (60, Some(TokenLife::Seconds(60))),
            (3_600, Some(TokenLife::Seconds(3_600))),
            (-1, Some(TokenLife::Never)),
            (i64::MIN, Some(TokenLife::Never)),
            (59, None),
            (0, None),
            (i64::MAX, None),
        ] {
            assert_eq!(TokenLife::of(seconds), life, "{seconds}");
        }
        assert_eq!(TokenLife::parse(" 60 "), Some(TokenLife::Seconds(60)));
        assert_eq!(TokenLife::parse("an hour"), None);
        assert!(TokenLife::Never > TokenLife::Seconds(LONGEST));
        assert_eq!(TokenLife::Never.ends(Timestamp::from_millis(1)), None);
        let end = TokenLife::Seconds(60).ends(Timestamp::from_millis(1));
        assert_eq!(end, Some(Timestamp::from_millis(60_001)));
    }

    #[test]
    fn an_end_is_believed_five_seconds_later() {
        let end = Some(Timestamp::from_millis(10_000));
        assert!(!is_over(end, Timestamp::from_millis(14_999)));
        assert!(is_over(end, Timestamp::from_millis(15_000)));
        assert!(!is_over(None, Timestamp::from_millis(i64::MAX)));
    }
}
