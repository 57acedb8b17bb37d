//! What shall change of the license settings: read from what somebody typed, everything wrong told at once.

use std::time::Duration;

use super::{ErrorFormat, Origins, PageUrl, StoreCode, Wrong, Wrongs};
use crate::domain::token_life::TokenLife;

/// The longest overlap of two store codes, in days: two years.
const LONGEST_OVERLAP: u64 = 731;

/// For how long the store code before is taken, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overlap(Duration);

impl Overlap {
    /// What is wrong with a number of days that is none.
    pub const RULE: &str = "must be a whole number from 0 to 731";

    /// That many days, at most two years; none ends the old code at once.
    pub fn days(days: u64) -> Option<Self> {
        (days <= LONGEST_OVERLAP).then(|| Self(Duration::from_hours(24 * days)))
    }

    /// How long it is.
    pub const fn duration(self) -> Duration {
        self.0
    }
}

/// What shall change; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettingsChange {
    /// Another store code, or none for a fresh one; and how long the old one is taken, too.
    pub store_code: Option<(Option<StoreCode>, Overlap)>,
    /// Whether the code before shall not be taken any more.
    pub end_previous: bool,
    /// “Enable authorization”.
    pub needs_token: Option<bool>,
    /// “Token expiration”.
    pub token_life: Option<TokenLife>,
    /// How errors are put together.
    pub errors: Option<ErrorFormat>,
    /// Whether errors show in the status.
    pub errors_in_status: Option<bool>,
    /// Whether the developer's own machine counts against no limit.
    pub localhost_is_free: Option<bool>,
    /// Which sites' scripts may ask.
    pub origins: Option<Origins>,
    /// Where customers see their licenses.
    pub page_url: Option<PageUrl>,
}

/// Those that can be wrong, as somebody typed them; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct SettingsDraft {
    /// Another store code, or none for a fresh one; and for how many days the old one is taken, too.
    pub store_code: Option<(Option<String>, String)>,
    /// How long a token lives, in seconds.
    pub token_seconds: Option<String>,
    /// `property` or `code`.
    pub errors: Option<String>,
    /// Which sites' scripts may ask, one a line.
    pub origins: Option<String>,
    /// The customers' page.
    pub page_url: Option<String>,
}

impl SettingsDraft {
    /// The change.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn read(self) -> Result<SettingsChange, Wrongs> {
        let mut wrongs = Vec::new();
        let mut read = Reader(&mut wrongs);
        let (code, days) = self.store_code.unzip();
        let code = code.map(|code| read.each("store_code", code, |text| StoreCode::parse(&text)));
        let overlap = read.each("overlap_days", days, |days| {
            days.trim().parse().ok().and_then(Overlap::days).ok_or(Overlap::RULE)
        });
        let change = SettingsChange {
            store_code: code.zip(overlap),
            token_life: read.each("token_seconds", self.token_seconds, |seconds| {
                TokenLife::parse(&seconds).ok_or(TokenLife::RULE)
            }),
            errors: read.each("errors", self.errors, |word| {
                ErrorFormat::parse(&word).ok_or("must be property or code")
            }),
            origins: read.each("origins", self.origins, |lines| Origins::parse(&lines)),
            page_url: read.each("page_url", self.page_url, |text| {
                PageUrl::parse(&text).ok_or("must be an http or https address, or empty for none")
            }),
            ..SettingsChange::default()
        };
        if wrongs.is_empty() { Ok(change) } else { Err(Wrongs(wrongs)) }
    }
}

/// Notes what is wrong, and goes on.
struct Reader<'a>(&'a mut Vec<Wrong>);

impl Reader<'_> {
    fn each<T, E: ToString>(
        &mut self,
        field: &'static str,
        typed: Option<String>,
        read: impl FnOnce(String) -> Result<T, E>,
    ) -> Option<T> {
        let complain = |error: E| self.0.push(Wrong::new(field, error.to_string()));
        read(typed?).map_err(complain).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_stays() {
        assert_eq!(SettingsDraft::default().read(), Ok(SettingsChange::default()));
        let draft = SettingsDraft { store_code: Some((None, " 7 ".into())), ..Default::default() };
        let week = Overlap::days(7).unwrap();
        assert_eq!(draft.read().unwrap().store_code, Some((None, week)), "a fresh one");
        assert_eq!(Overlap::days(731).map(Overlap::duration), Some(Duration::from_hours(24 * 731)));
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let draft = SettingsDraft {
            store_code: Some((Some(String::new()), "732".to_owned())),
            token_seconds: Some("59".to_owned()),
            errors: Some("words".to_owned()),
            origins: Some("shop.example\nhttps://a.example\nb.example".to_owned()),
            page_url: Some("javascript:{key}".to_owned()),
        };
        let wrongs = draft.read().unwrap_err();
        let fields: Vec<_> = wrongs.0.iter().map(|wrong| wrong.field).collect();
        let all = ["store_code", "overlap_days", "token_seconds", "errors", "origins", "page_url"];
        assert_eq!(fields, all);
        let origins = &wrongs.0[4].message;
        assert!(origins.contains("shop.example") && origins.contains("b.example"), "{origins}");
    }
}
