//! The pairs of consumer key and secret that open a key: its own, and for a while another.
//!
//! A rotation gives a key a new pair, both halves, since plain consumer keys are not kept and apps read
//! both from what they are sent. For a key made by hand the new pair is its own at once, and the one
//! before works on for the overlap. For an app's key the new pair is the next one while the app is being
//! given it; when the app took it, it is the key's own, and the one before works on until the overlap is
//! over or the new one is used.

use std::time::Duration;

/// The longest a pair works on beside the next one.
pub const LONGEST_OVERLAP: Duration = Duration::from_hours(24 * 7);

/// What a pair is to its key that is not its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Its app is being given it.
    Next,
    /// It works on for a while.
    Previous,
    /// It opens nothing any more.
    Ended,
}

impl Role {
    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Previous => "previous",
            Self::Ended => "ended",
        }
    }

    /// The role of that stored word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Next, Self::Previous, Self::Ended].into_iter().find(|role| role.as_str() == text)
    }
}
