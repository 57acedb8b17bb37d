//! What people do to a license: other terms, taking it back and giving it again, taking an activation away.

use serde_json::json;

use super::{LicenseError, permitted};
use crate::{
    db,
    domain::{
        audit::{Entry, Event, Object},
        licenses::{Activation, License, LicenseDraft, LicenseTerms},
        text,
        user::Role,
    },
    service::{ServiceError, Services, caller::Caller},
};

/// Changes the terms of a license that is still as it was when somebody looked at it; gives them as they are
/// then. An end that is over may stay, and may not be set.
///
/// # Errors
/// If the caller may not, there is none, a rule is broken, or somebody else changed it meanwhile.
pub async fn change(
    services: &Services,
    caller: &Caller,
    (id, version): (i64, Option<i64>),
    edit: impl FnOnce(&mut LicenseDraft),
) -> Result<(), LicenseError> {
    let what = (Event::LicenseChanged, Object::license(id));
    permitted(services, caller, Role::may_manage_licenses, what).await?;
    let seen = found(services, id).await?;
    if version.is_some_and(|version| version != seen.version) {
        return Err(LicenseError::Changed);
    }
    let mut draft = LicenseDraft::of(&seen.terms);
    let before = draft.expires_at.clone();
    edit(&mut draft);
    let terms = if draft.expires_at.trim() == before {
        // Told to the second, it would else end earlier with each change.
        LicenseTerms { expires_at: seen.terms.expires_at, ..draft.read_old()? }
    } else {
        draft.read(services.now())?
    };
    if terms == seen.terms {
        return Ok(());
    }
    if db::read!(services.db, license_products::find(&terms.sku))?.is_none() {
        return Err(LicenseError::NoProduct(terms.sku));
    }
    let (journal, details) = (caller.journal(services), differences(&seen.terms, &terms));
    let changed = db::audited!(
        services.db,
        journal,
        license_edits::change(seen, terms),
        |changed: &bool| {
            let entry = Entry::done(Event::LicenseChanged, Object::license(id), details);
            if *changed { vec![entry] } else { Vec::new() }
        },
    )?;
    if changed { Ok(()) } else { Err(LicenseError::Changed) }
}

/// What changed, customers' data by name only.
fn differences(old: &LicenseTerms, new: &LicenseTerms) -> serde_json::Value {
    let mut told = json!({});
    let mut tell = |name: &str, changed: bool, value: serde_json::Value| {
        if changed {
            told[name] = value;
        }
    };
    tell("sku", old.sku != new.sku, json!(new.sku));
    tell("customer", old.customer != new.customer, json!(true));
    tell("email", old.email != new.email, json!(true));
    tell("cart_token", old.cart_token != new.cart_token, json!(true));
    let end = new.expires_at.map(|at| at.to_string());
    tell("expires_at", old.expires_at != new.expires_at, json!(end));
    let limits = [
        ("activation_limit", old.activation_limit, new.activation_limit),
        ("domain_limit", old.domain_limit, new.domain_limit),
    ];
    for (name, old, new) in limits {
        tell(name, old != new, json!(new));
    }
    let offline = new.offline.map(|offline| offline.to_string());
    tell("offline", old.offline != new.offline, json!(offline));
    told
}

/// Takes a license back: at once, on every node, with its tokens.
///
/// # Errors
/// If the caller may not, there is none, or it was taken back before.
pub async fn revoke(
    services: &Services,
    caller: &Caller,
    id: i64,
    reason: &str,
) -> Result<(), LicenseError> {
    let what = (Event::LicenseRevoked, Object::license(id));
    permitted(services, caller, Role::may_manage_licenses, what).await?;
    found(services, id).await?;
    let reason = text::shortened(&text::visible(reason), 200);
    let (now, journal) = (services.now(), caller.journal(services));
    let revoked =
        db::audited!(services.db, journal, license_edits::revoke(now, id), |revoked: &bool| {
            let details = json!({ "reason": reason });
            let entry = Entry::done(Event::LicenseRevoked, Object::license(id), details);
            if *revoked { vec![entry] } else { Vec::new() }
        },)?;
    if revoked { Ok(()) } else { Err(LicenseError::AlreadyRevoked) }
}

/// Gives a license again. The tokens it had stay dead; its activations stand.
///
/// # Errors
/// If the caller may not, there is none, or it had not been taken back.
pub async fn restore(services: &Services, caller: &Caller, id: i64) -> Result<(), LicenseError> {
    let what = (Event::LicenseRestored, Object::license(id));
    permitted(services, caller, Role::may_manage_licenses, what).await?;
    found(services, id).await?;
    let (now, journal) = (services.now(), caller.journal(services));
    let restored =
        db::audited!(services.db, journal, license_edits::restore(now, id), |restored: &bool| {
            let entry = Entry::done(Event::LicenseRestored, Object::license(id), json!({}));
            if *restored { vec![entry] } else { Vec::new() }
        },)?;
    if restored { Ok(()) } else { Err(LicenseError::NotRevoked) }
}

/// Takes an activation away, so that its place is free.
///
/// # Errors
/// If the caller may not, or there is none.
pub async fn deactivate_by_hand(
    services: &Services,
    caller: &Caller,
    id: i64,
    activation_id: i64,
) -> Result<(), LicenseError> {
    let what = (Event::LicenseDeactivated, Object::license(id));
    permitted(services, caller, Role::may_manage_licenses, what).await?;
    found(services, id).await?;
    let gone = take_away(services, caller, id, activation_id).await?;
    gone.map(|_| ()).ok_or(LicenseError::NoActivation)
}

/// Takes an activation away, whoever asks; it, if it was there.
pub(super) async fn take_away(
    services: &Services,
    caller: &Caller,
    id: i64,
    activation_id: i64,
) -> Result<Option<Activation>, ServiceError> {
    let journal = caller.journal(services);
    Ok(db::audited!(
        services.db,
        journal,
        license_activations::deactivate(id, activation_id),
        |gone: &Option<Activation>| {
            let entry = |activation: &Activation| {
                let details = json!({ "activation": activation.id, "domain": activation.domain });
                Entry::done(Event::LicenseDeactivated, Object::license(id), details)
            };
            gone.iter().map(entry).collect()
        },
    )?)
}

async fn found(services: &Services, id: i64) -> Result<License, LicenseError> {
    db::read!(services.db, licenses::by_id(id))?.ok_or(LicenseError::Unknown)
}
