//! The settings of licenses in JSON.

use serde::Serialize;
use utoipa::ToSchema;

use super::told;
use crate::{
    domain::{licenses::LicenseSettings, timestamp::Timestamp},
    service::views::words::words,
};

words! {
    /// How programs are told what is wrong: by the parameter (`property`) or by number (`code`), which tells
    /// why a license key is wrong.
    LicenseErrors {
        /// By the parameter.
        Property = "property",
        /// By number.
        Code = "code",
    }
}

/// What holds for all licenses.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = LicenseSettings)]
#[expect(clippy::struct_excessive_bools, reason = "switches of the screen, one by one")]
pub struct LicenseSettingsJson {
    /// What programs name the store by. It stands in every copy of a product, so it is no secret.
    pub store_code: String,
    /// The code before, which is taken too; null if there is none.
    #[schema(required)]
    pub previous_store_code: Option<String>,
    /// Until when.
    #[schema(required, format = DateTime)]
    pub previous_store_code_until: Option<String>,
    /// “Enable authorization”: whether programs must get a token first.
    pub needs_token: bool,
    /// “Token expiration”: how many seconds such a token lives; -1 for no end.
    #[schema(example = 600)]
    pub token_seconds: i64,
    /// How programs are told what is wrong.
    #[schema(value_type = LicenseErrors)]
    pub errors: &'static str,
    /// Whether that shows in the HTTP status, as 4xx; else it is 200.
    pub errors_in_status: bool,
    /// Whether the developer's own machine counts against no limit.
    pub localhost_is_free: bool,
    /// Which sites' scripts may ask; `*` for all.
    #[schema(example = json!(["https://customer.example"]))]
    pub origins: Vec<String>,
    /// Where customers see their licenses, with `{key}` where the key goes; null if there is no such page.
    #[schema(required)]
    pub page_url: Option<String>,
    /// Whether whole keys are kept, so that managers can look at them (`APPGRANT_LICENSE_KEYS`).
    pub keys_readable: bool,
    /// How often these were changed.
    pub version: i64,
}

impl LicenseSettingsJson {
    /// The settings at that time, of a store that keeps whole keys or does not.
    pub fn of(settings: &LicenseSettings, keys_readable: bool, now: Timestamp) -> Self {
        let previous = settings.previous.as_ref().filter(|(_, until)| now < *until);
        Self {
            store_code: settings.store_code.as_str().to_owned(),
            previous_store_code: previous.map(|(code, _)| code.as_str().to_owned()),
            previous_store_code_until: previous.map(|(_, until)| until.to_string()),
            needs_token: settings.needs_token,
            token_seconds: settings.token_life.seconds(),
            errors: settings.errors.as_str(),
            errors_in_status: settings.errors_in_status,
            localhost_is_free: settings.localhost_is_free,
            origins: settings.origins.to_lines().lines().map(str::to_owned).collect(),
            page_url: told(settings.page_url.as_str().to_owned()),
            keys_readable,
            version: settings.version,
        }
    }
}
