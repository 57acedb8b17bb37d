//! Lists of keys: what is looked for, in which order, and from where on.
//!
//! A page is found by walking along an index from the cursor. Where filters pass most keys over, a page
//! ends after a bounded walk, with what was found and the place to go on from; so no list is ever a
//! question about all keys at once.

use super::{
    key_view::{KeyView, ShownState},
    permissions::Permissions,
    search::Search,
    timestamp::Timestamp,
};

/// How many keys a page has, unless asked for fewer or more.
pub const PAGE: usize = 50;

/// How many keys a page may have.
pub const LARGEST_PAGE: usize = 100;

/// Which keys were used how long ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// Never.
    Never,
    /// Made and last used before that time.
    NotSince(Timestamp),
}

/// Which keys are looked for; all that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyFilter {
    /// Words of description, app, host or ending.
    pub text: Option<Search>,
    /// Where they are in their life.
    pub state: Option<ShownState>,
    /// The callback host of their app.
    pub app_host: Option<String>,
    /// The number of their owner.
    pub owner_id: Option<i64>,
    /// What they may do.
    pub permissions: Option<Permissions>,
    /// How long ago they were used.
    pub usage: Option<Usage>,
    /// May write, are used, and never wrote.
    pub writes_in_vain: bool,
    /// Work now and end before that time.
    pub expires_before: Option<Timestamp>,
}

/// In which order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyOrder {
    /// Made last first.
    #[default]
    Newest,
    /// Made first first.
    Oldest,
    /// Used last first; never used ones at the end.
    RecentlyUsed,
    /// Never used ones first, then those used longest ago.
    LongestUnused,
    /// Those that work and end soonest first.
    ExpiringFirst,
    /// Those whose time was over last first.
    ExpiredLast,
}

impl KeyOrder {
    /// The orders one may ask for.
    pub const ALL: [Self; 5] =
        [Self::Newest, Self::Oldest, Self::RecentlyUsed, Self::LongestUnused, Self::ExpiringFirst];

    /// The word for machines.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Oldest => "oldest",
            Self::RecentlyUsed => "recently_used",
            Self::LongestUnused => "longest_unused",
            Self::ExpiringFirst => "expiring_first",
            Self::ExpiredLast => "expired_last",
        }
    }

    /// The order of that word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|order| order.as_str() == text)
    }

    /// The order in which a filter's index runs, where it has one of its own.
    pub fn fitting(self, filter: &KeyFilter) -> Self {
        match filter {
            KeyFilter { state: Some(ShownState::Expired), .. } => Self::ExpiredLast,
            KeyFilter { expires_before: Some(_), .. } => Self::ExpiringFirst,
            KeyFilter { usage: Some(Usage::NotSince(_)), .. } => Self::LongestUnused,
            _ => self,
        }
    }
}

/// A place in a list, after which a page begins: the order, the value it is ordered by, and the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The order of the pages before, which the next one keeps.
    pub order: KeyOrder,
    /// The instant it is ordered by; 0 in the order of numbers.
    pub value: i64,
    /// The number.
    pub id: i64,
}

impl Position {
    /// As it stands in an address.
    pub fn to_cursor(self) -> String {
        format!("{}.{}.{}", self.order.as_str(), self.value, self.id)
    }

    /// Reads what [`Self::to_cursor`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let (order, place) = text.split_once('.')?;
        let (value, id) = place.split_once('.')?;
        let orders = KeyOrder::ALL.into_iter().chain([KeyOrder::ExpiredLast]);
        let order = orders.into_iter().find(|one| one.as_str() == order)?;
        Some(Self { order, value: value.parse().ok()?, id: id.parse().ok()? })
    }
}

/// How far the walk for one page goes at most.
#[derive(Clone, Copy, Debug)]
pub struct WalkBounds {
    /// How many keys are passed.
    pub keys: i64,
    /// How many words with one beginning are looked for.
    pub words: usize,
    /// How many keys of one word are looked at.
    pub of_a_word: i64,
    /// How many keys of all words together.
    pub of_all_words: usize,
}

impl Default for WalkBounds {
    /// Some milliseconds on a small machine.
    fn default() -> Self {
        Self { keys: 5_000, words: 20, of_a_word: 200, of_all_words: 500 }
    }
}

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct KeyQuery {
    /// Which keys.
    pub filter: KeyFilter,
    /// In which order.
    pub order: KeyOrder,
    /// After which place; from the beginning if nothing is given.
    pub after: Option<Position>,
    /// How many at most; as many as a page has if 0.
    pub limit: usize,
}

/// A part of a list.
#[derive(Clone, Debug)]
pub struct KeyPage {
    /// The keys.
    pub keys: Vec<KeyView>,
    /// Where the next page begins, if there may be more.
    pub next: Option<Position>,
    /// Whether the walk ended before the page was full; the next page goes on from there.
    pub walked_far: bool,
    /// The order they are in; another than asked for if a filter has its own.
    pub order: KeyOrder,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_come_back() {
        for order in KeyOrder::ALL.into_iter().chain([KeyOrder::ExpiredLast]) {
            let place = Position { order, value: -1, id: i64::MAX };
            assert_eq!(Position::parse(&place.to_cursor()), Some(place));
        }
        for text in [
            "",
            "7",
            "..",
            "newest",
            "newest.",
            "newest.0",
            "newest.0.",
            "newest.a.1",
            "best.0.1",
            "newest.0.1.2",
            "newest.99999999999999999999.1",
        ] {
            assert_eq!(Position::parse(text), None, "{text:?}");
        }
    }
}
