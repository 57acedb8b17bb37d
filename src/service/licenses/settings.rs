//! What holds for all licenses of the store, set by admins.

use serde_json::json;

use super::{LicenseError, permitted, somebody};
use crate::{
    db,
    domain::{
        audit::{Entry, Event, Object},
        licenses::{ErrorFormat, LicenseSettings, SettingsChange, StoreCode},
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

/// Changes settings; gives them as they are then.
///
/// # Errors
/// If the caller may not, or somebody else changed them meanwhile.
pub async fn change_settings(
    services: &Services,
    caller: &Caller,
    change: SettingsChange,
) -> Result<LicenseSettings, LicenseError> {
    let what = (Event::LicenseSettingsChanged, Object::license_settings());
    permitted(services, caller, Role::may_set_up_licenses, what).await?;
    let seen = current(services).await?;
    let new = applied(services, &seen, change);
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

fn applied(services: &Services, seen: &LicenseSettings, change: SettingsChange) -> LicenseSettings {
    let mut new = LicenseSettings {
        needs_token: change.needs_token.unwrap_or(seen.needs_token),
        token_life: change.token_life.unwrap_or(seen.token_life),
        errors: change.errors.unwrap_or(seen.errors),
        errors_in_status: change.errors_in_status.unwrap_or(seen.errors_in_status),
        localhost_is_free: change.localhost_is_free.unwrap_or(seen.localhost_is_free),
        origins: change.origins.unwrap_or_else(|| seen.origins.clone()),
        page_url: change.page_url.unwrap_or_else(|| seen.page_url.clone()),
        ..seen.clone()
    };
    if change.end_previous {
        new.previous = None;
    }
    if let Some((code, overlap)) = change.store_code {
        let code = code.unwrap_or_else(|| StoreCode::generate(&*services.entropy));
        if code != seen.store_code {
            let overlap = overlap.duration();
            let until = services.now().plus(overlap);
            let is_taken = !overlap.is_zero();
            new.previous = is_taken.then(|| (seen.store_code.clone(), until));
            new.store_code = code;
        }
    }
    new
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
