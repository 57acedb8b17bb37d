//! The fields of the license settings, as they stand and as they are sent. What was not touched is not changed,
//! so that two people who change different things at once both get what they want.

use super::{form::is_ticked, refused};
use crate::{
    domain::licenses::{LicenseSettings, SettingsChange, SettingsDraft},
    web::{
        pages::admin::{frame::field, typed::is_same, wrong::Wrong},
        visitor::Visitor,
    },
};

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
            errors: settings.errors.as_str().to_owned(),
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
    /// All that is wrong with it.
    pub fn change(self, was: &Self) -> Result<SettingsChange, Wrong> {
        let touched = |sent: String, was: &str| (sent != was).then_some(sent);
        let draft = SettingsDraft {
            token_seconds: touched(self.token_seconds, &was.token_seconds),
            errors: touched(self.errors, &was.errors),
            origins: (!is_same(&self.origins, &was.origins)).then_some(self.origins),
            page_url: touched(self.page_url, &was.page_url),
            ..SettingsDraft::default()
        };
        let change = draft.read().map_err(|wrongs| refused::at_fields(&wrongs))?;
        let touched = |sent: bool, was: bool| (sent != was).then_some(sent);
        Ok(SettingsChange {
            needs_token: touched(self.needs_token, was.needs_token),
            errors_in_status: touched(self.errors_in_status, was.errors_in_status),
            localhost_is_free: touched(self.localhost_is_free, was.localhost_is_free),
            ..change
        })
    }
}

/// Another store code, as it was typed.
pub struct CodeForm {
    /// `fresh` or `own`.
    pub choice: String,
    /// The code, if it is an own one.
    pub store_code: String,
    /// For how many days the old one is taken, too.
    pub overlap_days: String,
}

impl CodeForm {
    /// The form before anybody typed anything.
    pub fn empty() -> Self {
        Self {
            choice: "fresh".to_owned(),
            store_code: String::new(),
            overlap_days: OVERLAP.to_owned(),
        }
    }

    /// The form as it was sent.
    pub fn sent(visitor: &Visitor) -> Self {
        let text = |name| field(visitor, name).trim().to_owned();
        Self {
            choice: text("choice"),
            store_code: text("store_code"),
            overlap_days: text("overlap_days"),
        }
    }

    /// The change it asks for.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn change(&self) -> Result<SettingsChange, Wrong> {
        let mut wrong = Wrong::default();
        // Without a code that could be read, the rest is looked at as with a fresh one.
        let code = wrong.read(self.chosen()).flatten();
        let store_code = Some((code, self.overlap_days.clone()));
        let draft = SettingsDraft { store_code, ..SettingsDraft::default() };
        let change = wrong.read(draft.read().map_err(|wrongs| refused::at_fields(&wrongs)));
        change.filter(|_| wrong.anywhere().is_none()).ok_or(wrong)
    }

    /// The code that is meant, or none for a fresh one.
    fn chosen(&self) -> Result<Option<String>, Wrong> {
        let complaint = match (self.choice.as_str(), self.store_code.as_str()) {
            ("fresh", "") => return Ok(None),
            ("own", code) => return Ok(Some(code.to_owned())),
            ("fresh", _) => "choose “This one” if you mean this code, or empty the field",
            _ => "choose a fresh code, or one of your own",
        };
        Err(Wrong::at_field("store_code", complaint))
    }
}
