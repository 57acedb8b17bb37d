//! What stands in a form's field, beside what it was made of.

use std::time::Duration;

use crate::domain::timestamp::Timestamp;

/// The last day on which something works that ends at that time, as a date field holds it.
pub fn last_day(ends: Timestamp) -> String {
    let last = ends.minus(Duration::from_millis(1));
    last.to_string().chars().take_while(|c| *c != 'T').collect()
}

/// Whether two lists name the same, however they are written: a browser does not keep line ends.
pub fn is_same(one: &str, other: &str) -> bool {
    let names = |text: &str| -> Vec<String> {
        let pieces = text.split(|c: char| c == ',' || c.is_whitespace());
        pieces.filter(|piece| !piece.is_empty()).map(str::to_owned).collect()
    };
    names(one) == names(other)
}
