//! Attempts to deliver, by what was sent, the how-manieth attempt it was, and how it went.

use prometheus_client::{
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

use super::metrics::Labels;
use crate::domain::{delivery::Kind, failure::Failure};

/// Attempts beyond these, which people asked for by hand, are one series.
const NUMBERS: [&str; 9] = ["1", "2", "3", "4", "5", "6", "7", "8", "9+"];

/// Counts of attempts. A series is there from its first attempt on.
pub struct Attempts(Family<Labels<3>, Counter>);

impl Attempts {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let family = Family::default();
        let help = "Attempts to deliver; outcome is delivered or the failure's word";
        registry.register("appgrant_delivery_attempts", help, Family::clone(&family));
        Self(family)
    }

    /// Counts one that ended.
    pub fn ended(&self, kind: Kind, attempt: i64, failure: Option<&Failure>) {
        let outcome = failure.map_or("delivered", Failure::code);
        let labels = [("kind", kind.as_str()), ("attempt", number(attempt)), ("outcome", outcome)];
        self.0.get_or_create(&labels).inc();
    }
}

fn number(attempt: i64) -> &'static str {
    let last = NUMBERS.len() - 1;
    let number = usize::try_from(attempt).unwrap_or_default().saturating_sub(1);
    NUMBERS[number.min(last)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_without_end_are_one_series() {
        for (attempt, label) in [(1, "1"), (8, "8"), (9, "9+"), (i64::MAX, "9+"), (-1, "1")] {
            assert_eq!(number(attempt), label);
        }
    }
}
