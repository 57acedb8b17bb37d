//! How long tokens live: in words, and as fields of forms. A number that was typed without its choice being
//! made is asked about and not passed over, since pages do without script.

use super::{frame::field, wrong::Wrong};
use crate::{
    domain::token_life::TokenLife,
    service::access_tokens::{self, InheritedLife, TokenOptions},
    web::{errors::WebError, visitor::Visitor},
};

/// What is wrong with a number of seconds that is none.
const SECONDS: &str = "type a whole number of seconds, from 60 (a minute) to 315360000 (ten years)";

/// What stands in the fields.
#[derive(Clone, PartialEq, Eq)]
pub struct LifeForm {
    /// `store`, `seconds` or `never`.
    pub choice: String,
    /// How many seconds, if so many.
    pub seconds: String,
}

impl LifeForm {
    /// The fields of a life; nothing is its app's, or else the store's.
    pub fn of(life: Option<TokenLife>) -> Self {
        let (choice, seconds) = match life {
            None => ("store", String::new()),
            Some(TokenLife::Seconds(seconds)) => ("seconds", seconds.to_string()),
            Some(TokenLife::Never) => ("never", String::new()),
        };
        Self { choice: choice.to_owned(), seconds }
    }

    /// The fields as they were sent.
    pub fn sent(visitor: &Visitor) -> Self {
        Self::named(visitor, ["life", "seconds"])
    }

    /// The fields as they were first shown.
    pub fn was(visitor: &Visitor) -> Self {
        Self::named(visitor, ["life_was", "seconds_was"])
    }

    fn named(visitor: &Visitor, [choice, seconds]: [&str; 2]) -> Self {
        let text = |name| field(visitor, name).trim().to_owned();
        Self { choice: text(choice), seconds: text(seconds) }
    }

    /// The life they mean; nothing is its app's, or else the store's.
    ///
    /// # Errors
    /// If they mean none.
    pub fn read(&self, was: &Self) -> Result<Option<TokenLife>, Wrong> {
        let typed = !self.seconds.is_empty() && self.seconds != was.seconds;
        match self.choice.as_str() {
            "seconds" => match TokenLife::parse(&self.seconds) {
                Some(life @ TokenLife::Seconds(_)) => Ok(Some(life)),
                _ => Err(Wrong::at_field("seconds", SECONDS)),
            },
            "store" | "never" if typed => Err(Wrong::at_field(
                "seconds",
                "choose “This many seconds” if you mean this number, or empty the field",
            )),
            "store" => Ok(None),
            "never" => Ok(Some(TokenLife::Never)),
            _ => Err(Wrong::at_field("life", "choose how long its tokens live")),
        }
    }
}

/// The life of a key's tokens where its own rules name none, for people.
pub struct Inherited {
    /// How long.
    pub life: String,
    /// Whose setting that is.
    pub whose: &'static str,
}

impl Inherited {
    /// What that key's tokens have if it says nothing.
    ///
    /// # Errors
    /// If the database gives no answer.
    pub async fn of(visitor: &Visitor, key_id: i64) -> Result<Self, WebError> {
        let inherited = access_tokens::inherited_life(&visitor.services, key_id).await?;
        Ok(Self { life: in_words(inherited.life), whose: whose(inherited) })
    }
}

/// Whose setting such a life is, in words.
pub const fn whose(inherited: InheritedLife) -> &'static str {
    if inherited.is_apps { "as its app is set" } else { "as the store is set" }
}

/// A life in words: `1 hour`.
pub fn in_words(life: TokenLife) -> String {
    match life {
        TokenLife::Seconds(seconds) => span(seconds),
        TokenLife::Never => "for ever".to_owned(),
    }
}

/// So many seconds in the largest unit that tells them exactly: `90 minutes`.
fn span(seconds: i64) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let fitting = units.into_iter().find(|(unit, _)| seconds % unit == 0);
    let (unit, name) = fitting.unwrap_or((1, "second"));
    let count = seconds / unit;
    if count == 1 { format!("1 {name}") } else { format!("{count} {name}s") }
}

/// What whoever sets the store up is warned of.
pub fn warnings(options: &TokenOptions) -> Vec<&'static str> {
    let access = (options.life == TokenLife::Never).then_some(
        "Access tokens never end, unless their key says otherwise (APPGRANT_TOKEN_SECONDS is negative). \
         Whoever finds one can use it until somebody ends it.",
    );
    let refresh = (options.refresh_life == TokenLife::Never).then_some(
        "Refresh tokens never end (APPGRANT_REFRESH_TOKEN_SECONDS is negative). What an app forgot \
         somewhere still opens the store years later.",
    );
    access.into_iter().chain(refresh).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_is_told_exactly() {
        for (seconds, words) in [
            (60, "1 minute"),
            (61, "61 seconds"),
            (3_600, "1 hour"),
            (5_400, "90 minutes"),
            (86_400, "1 day"),
            (604_800, "7 days"),
        ] {
            assert_eq!(in_words(TokenLife::Seconds(seconds)), words);
        }
    }

    #[test]
    fn a_number_counts_only_where_it_was_chosen() {
        let form = |choice: &str, seconds: &str| LifeForm {
            choice: choice.to_owned(),
            seconds: seconds.to_owned(),
        };
        let was = form("seconds", "300");
        for (choice, seconds, life) in [
            ("store", "", Some(None)),
            ("store", "300", Some(None)),
            ("never", "300", Some(Some(TokenLife::Never))),
            ("seconds", "60", Some(Some(TokenLife::Seconds(60)))),
            ("store", "600", None),
            ("seconds", "", None),
            ("seconds", "59", None),
            ("seconds", "-1", None),
            ("seconds", "1 hour", None),
            ("", "", None),
        ] {
            assert_eq!(form(choice, seconds).read(&was).ok(), life, "{choice} {seconds}");
        }
        for life in [None, Some(TokenLife::Never), Some(TokenLife::Seconds(90))] {
            let shown = LifeForm::of(life);
            assert_eq!(shown.read(&shown).ok(), Some(life));
        }
    }
}
