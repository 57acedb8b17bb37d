//! How long a key is to live, as the manager chooses on the consent page.

use std::time::Duration;

use super::timestamp::Timestamp;

const DAY: Duration = Duration::from_hours(24);

/// A choice of lifetime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// Until somebody revokes the key.
    NoEnd,
    /// Ends after that many days.
    Days(u32),
}

impl Lifetime {
    /// The choices, the first one preselected: form value and label.
    pub const CHOICES: [(&'static str, &'static str); 4] =
        [("none", "No end date"), ("1", "1 day"), ("30", "30 days"), ("365", "1 year")];

    /// The choice of that form value; an absent field means no end.
    pub fn parse(value: Option<&str>) -> Option<Self> {
        match value {
            None | Some("none") => Some(Self::NoEnd),
            Some(text) if Self::CHOICES.iter().any(|(choice, _)| *choice == text) => {
                text.parse().ok().map(Self::Days)
            }
            Some(_) => None,
        }
    }

    /// When a key made at `now` ends.
    pub fn ends(self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::NoEnd => None,
            Self::Days(days) => Some(now.plus(DAY * days)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_offered_choices_are_taken() {
        assert_eq!(Lifetime::parse(None), Some(Lifetime::NoEnd));
        assert!(Lifetime::CHOICES.iter().all(|(value, _)| Lifetime::parse(Some(value)).is_some()));
        for value in ["", "0", "2", "-1", "366", "none ", "1y"] {
            assert_eq!(Lifetime::parse(Some(value)), None, "{value:?}");
        }
        let day = Lifetime::Days(1).ends(Timestamp::from_millis(5)).unwrap();
        assert_eq!(day.as_millis(), 5 + 86_400_000);
    }
}
