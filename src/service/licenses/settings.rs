//! What holds for all licenses of the store, set by admins.

use std::time::Duration;

use serde_json::json;

use super::{LicenseError, permitted, somebody};
use crate::{
    db,
    domain::{
        audit::{Entry, Event, Object},
        licenses::{ErrorFormat, LicenseSettings, Origins, PageUrl, StoreCode},
        timestamp::Timestamp,
        token_life::TokenLife,
        user::Role,
    },
    service::{ServiceError, Services, caller::Caller},
};

/// Makes the settings with a store code of their own, unless they are there; at each start.
///
/// # Errors
/// If the database gives no answer.
pub async fn begin(services: &Services) -> Result<(), ServiceError> {
    let code = StoreCode::generate(&*services.entropy);
    if db::write!(services.db, license_settings::begin(code))? {
        tracing::debug!("the store has a store code for its license keys");
    }
    Ok(())
}

/// The settings, for anybody who is logged in.
///
/// # Errors
/// If nobody asks, or the database gives no answer.
pub async fn settings(
    services: &Services,
    caller: &Caller,
) -> Result<LicenseSettings, LicenseError> {
    somebody(caller)?;
    Ok(current(services).await?)
}

/// The settings.
pub(super) async fn current(services: &Services) -> Result<LicenseSettings, ServiceError> {
    Ok(db::read!(services.db, license_settings::get())?)
}

/// How refusals are put together, and whether they show in the status.
///
/// # Errors
/// If the database gives no answer.
pub async fn how_to_refuse(services: &Services) -> Result<(ErrorFormat, bool), ServiceError> {
    let settings = current(services).await?;
    Ok((settings.errors, settings.errors_in_status))
}

/// What a browser is told whose page of that origin asks; nothing if it may not.
///
/// # Errors
/// If the database gives no answer.
pub async fn answer_to_origin(
    services: &Services,
    origin: &str,
) -> Result<Option<String>, ServiceError> {
    Ok(current(services).await?.origins.answer(origin).map(str::to_owned))
}

/// For how long the store code before is taken, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overlap(Duration);

impl Overlap {
    /// That many days, at most two years; none ends the old code at once.
    pub fn days(days: u64) -> Option<Self> {
        (days <= 731).then(|| Self(Duration::from_hours(24 * days)))
    }
}

/// What shall change; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct SettingsChange {
    /// Another store code: this one, or if it is empty a fresh one; and how long the old one is taken, too.
    pub store_code: Option<(String, Overlap)>,
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
    /// Which sites' scripts may ask, one a line.
    pub origins: Option<String>,
    /// Where customers see their licenses.
    pub page_url: Option<String>,
}

/// Changes settings; gives them as they are then.
///
/// # Errors
/// If the caller may not, a value is none, or somebody else changed them meanwhile.
pub async fn change_settings(
    services: &Services,
    caller: &Caller,
    change: SettingsChange,
) -> Result<LicenseSettings, LicenseError> {
    let what = (Event::LicenseSettingsChanged, Object::license_settings());
    permitted(services, caller, Role::may_set_up_licenses, what).await?;
    let seen = current(services).await?;
    let new = applied(services, &seen, change)?;
    if new == seen {
        return Ok(seen);
    }
    if new.token_life == TokenLife::Never && seen.token_life != TokenLife::Never {
        tracing::warn!("tokens for license keys never end; whoever finds one may use it for ever");
    }
    let (journal, details) = (caller.journal(services), told(&new));
    let wanted = new.clone();
    let changed =
        db::audited!(services.db, journal, license_settings::change(wanted), |changed: &bool| {
            let object = Object::license_settings();
            let entry = Entry::done(Event::LicenseSettingsChanged, object, details);
            if *changed { vec![entry] } else { Vec::new() }
        },)?;
    if changed {
        Ok(LicenseSettings { version: new.version + 1, ..new })
    } else {
        Err(LicenseError::Changed)
    }
}

fn applied(
    services: &Services,
    seen: &LicenseSettings,
    change: SettingsChange,
) -> Result<LicenseSettings, LicenseError> {
    let mut new = seen.clone();
    if change.end_previous {
        new.previous = None;
    }
    if let Some((code, Overlap(overlap))) = change.store_code {
        let code = match code.trim() {
            "" => StoreCode::generate(&*services.entropy),
            code => StoreCode::parse(code)?,
        };
        if code != seen.store_code {
            let until = services.now().plus(overlap);
            let is_taken = !overlap.is_zero();
            new.previous = is_taken.then(|| (seen.store_code.clone(), until));
            new.store_code = code;
        }
    }
    if let Some(text) = change.origins {
        new.origins = Origins::parse(&text)?;
    }
    if let Some(text) = change.page_url {
        let complaint = "the customers’ page must be an http or https address, or empty";
        new.page_url = PageUrl::parse(&text).ok_or(LicenseError::Setting(complaint))?;
    }
    new.needs_token = change.needs_token.unwrap_or(seen.needs_token);
    new.token_life = change.token_life.unwrap_or(seen.token_life);
    new.errors = change.errors.unwrap_or(seen.errors);
    new.errors_in_status = change.errors_in_status.unwrap_or(seen.errors_in_status);
    new.localhost_is_free = change.localhost_is_free.unwrap_or(seen.localhost_is_free);
    Ok(new)
}

/// What the log says. A store code is no secret: it stands in every copy of a product.
fn told(new: &LicenseSettings) -> serde_json::Value {
    json!({
        "store_code": new.store_code.as_str(),
        "previous_code_until": new.previous.as_ref().map(|(_, until): &(_, Timestamp)| until.to_string()),
        "needs_token": new.needs_token,
        "token_seconds": new.token_life.seconds(),
        "errors_by_code": new.errors == ErrorFormat::Code,
        "errors_in_status": new.errors_in_status,
        "localhost_is_free": new.localhost_is_free,
        "origins": new.origins.to_lines(),
        "page_url": new.page_url.as_str(),
    })
}
