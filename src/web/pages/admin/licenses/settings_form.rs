//! The fields of the license settings, as they stand and as they are sent. What was not touched is not changed,
//! so that two people who change different things at once both get what they want.

use super::form::is_ticked;
use crate::{
    domain::{
        licenses::{ErrorFormat, LicenseSettings},
        token_life::TokenLife,
    },
    service::licenses::{Overlap, SettingsChange},
    web::{
        pages::admin::{frame::field, typed::is_same, wrong::Wrong},
        visitor::Visitor,
    },
};

/// What is wrong with a number of seconds that is none.
const SECONDS: &str =
    "type a whole number of seconds, from 60 (a minute) to 315360000 (ten years), or -1 for ever";

/// For how many days the old store code is taken too, unless somebody says otherwise.
const OVERLAP: &str = "30";

/// What stands in the fields.
pub struct SettingsForm {
    /// Whether programs must get a token first.
    pub needs_token: bool,
    /// How long a token lives, in seconds.
    pub token_seconds: String,
    /// `property` or `code`.
    pub errors: String,
    /// Whether refusals show in the status.
    pub errors_in_status: bool,
    /// Whether the developer's own machine is free.
    pub localhost_is_free: bool,
    /// Which sites' scripts may ask, one a line.
    pub origins: String,
    /// The customers' page.
    pub page_url: String,
}

impl SettingsForm {
    /// The settings as they are.
    pub fn of(settings: &LicenseSettings) -> Self {
        Self {
            needs_token: settings.needs_token,
            token_seconds: settings.token_life.seconds().to_string(),
            errors: word(settings.errors).to_owned(),
            errors_in_status: settings.errors_in_status,
            localhost_is_free: settings.localhost_is_free,
            origins: settings.origins.to_lines(),
            page_url: settings.page_url.as_str().to_owned(),
        }
    }

    /// The fields as they were sent.
    pub fn sent(visitor: &Visitor) -> Self {
        Self::named(visitor, "")
    }

    /// The fields as they were first shown.
    pub fn was(visitor: &Visitor) -> Self {
        Self::named(visitor, "_was")
    }

    fn named(visitor: &Visitor, ending: &str) -> Self {
        let text = |name: &str| field(visitor, &format!("{name}{ending}")).to_owned();
        let is = |name: &str| is_ticked(visitor, &format!("{name}{ending}"));
        Self {
            needs_token: is("needs_token"),
            token_seconds: text("token_seconds").trim().to_owned(),
            errors: text("errors"),
            errors_in_status: is("errors_in_status"),
            localhost_is_free: is("localhost_is_free"),
            origins: text("origins"),
            page_url: text("page_url"),
        }
    }

    /// What was touched.
    ///
    /// # Errors
    /// What is wrong with it, as far as it is seen here.
    pub fn change(self, was: &Self) -> Result<SettingsChange, Wrong> {
        let mut wrong = Wrong::default();
        let life = TokenLife::parse(&self.token_seconds);
        let life = life.ok_or_else(|| Wrong::at_field("token_seconds", SECONDS));
        let token_life = wrong.read(life).filter(|_| self.token_seconds != was.token_seconds);
        let errors = [ErrorFormat::Property, ErrorFormat::Code];
        let errors = errors.into_iter().find(|format| word(*format) == self.errors);
        let errors = errors.ok_or_else(|| Wrong::at_field("errors", "choose one of the two"));
        let errors = wrong.read(errors).filter(|_| self.errors != was.errors);
        if wrong.anywhere().is_some() {
            return Err(wrong);
        }
        let touched = |sent: bool, was: bool| (sent != was).then_some(sent);
        Ok(SettingsChange {
            needs_token: touched(self.needs_token, was.needs_token),
            token_life,
            errors,
            errors_in_status: touched(self.errors_in_status, was.errors_in_status),
            localhost_is_free: touched(self.localhost_is_free, was.localhost_is_free),
            origins: (!is_same(&self.origins, &was.origins)).then_some(self.origins),
            page_url: (self.page_url != was.page_url).then_some(self.page_url),
            ..SettingsChange::default()
        })
    }
}

const fn word(format: ErrorFormat) -> &'static str {
    match format {
        ErrorFormat::Property => "property",
        ErrorFormat::Code => "code",
    }
}

/// Another store code, as it was typed.
pub struct CodeForm {
    /// `fresh` or `own`.
    pub choice: String,
    /// The code, if it is an own one.
    pub code: String,
    /// For how many days the old one is taken, too.
    pub overlap: String,
}

impl CodeForm {
    /// The form before anybody typed anything.
    pub fn empty() -> Self {
        Self { choice: "fresh".to_owned(), code: String::new(), overlap: OVERLAP.to_owned() }
    }

    /// The form as it was sent.
    pub fn sent(visitor: &Visitor) -> Self {
        let text = |name| field(visitor, name).trim().to_owned();
        Self { choice: text("choice"), code: text("store_code"), overlap: text("overlap") }
    }

    /// The change it asks for.
    ///
    /// # Errors
    /// What is wrong with it, as far as it is seen here.
    pub fn change(&self) -> Result<SettingsChange, Wrong> {
        let mut wrong = Wrong::default();
        let code = match (self.choice.as_str(), self.code.as_str()) {
            ("fresh", "") => Ok(String::new()),
            ("fresh", _) => Err("choose “This one” if you mean this code, or empty the field"),
            ("own", "") => Err("type the code"),
            ("own", code) => Ok(code.to_owned()),
            _ => Err("choose a fresh code, or one of your own"),
        };
        let code = wrong.read(code.map_err(|why| Wrong::at_field("store_code", why)));
        let days = self.overlap.parse().ok().and_then(Overlap::days);
        let days =
            days.ok_or_else(|| Wrong::at_field("overlap", "type a number of days, 0 to 731"));
        match (code, wrong.read(days)) {
            (Some(code), Some(days)) => {
                Ok(SettingsChange { store_code: Some((code, days)), ..SettingsChange::default() })
            }
            _ => Err(wrong),
        }
    }
}
