//! Looking at licenses.

use serde_json::json;
use zeroize::Zeroizing;

use super::{LicenseError, LicensePage, lookup, permitted, sealed_row, somebody};
use crate::{
    db::{self, DbError},
    domain::{
        audit::{Entry, Event, Object},
        licenses::{Activation, License, LicenseKey, LicenseQuery},
        user::Role,
    },
    service::{
        ServiceError, Services,
        audit::{self, AuditFilter, AuditPage},
        caller::Caller,
    },
};

/// A page of licenses, the newest first.
///
/// # Errors
/// If nobody asks.
pub async fn list(
    services: &Services,
    caller: &Caller,
    query: &LicenseQuery,
    limit: usize,
) -> Result<LicensePage, LicenseError> {
    somebody(caller)?;
    Ok(db::read!(services.db, license_list::page(services.now(), query, limit))?)
}

/// The license of a whole key that somebody typed or pasted, if there is one.
///
/// # Errors
/// If nobody asks.
pub async fn find_typed(
    services: &Services,
    caller: &Caller,
    typed: &str,
) -> Result<Option<i64>, LicenseError> {
    somebody(caller)?;
    let Ok(key) = LicenseKey::parse(typed) else { return Ok(None) };
    let found = db::read!(services.db, licenses::by_lookup(&lookup(services, key.expose())))?;
    Ok(found.map(|record| record.license.id))
}

/// A license with what its page shows.
pub struct LicenseDetails {
    /// It.
    pub license: License,
    /// Whether its whole key is kept, and the caller may look at it.
    pub key_is_kept: bool,
}

/// A license.
///
/// # Errors
/// If nobody asks, or there is none.
pub async fn show(
    services: &Services,
    caller: &Caller,
    id: i64,
) -> Result<LicenseDetails, LicenseError> {
    somebody(caller)?;
    let license = db::read!(services.db, licenses::by_id(id))?.ok_or(LicenseError::Unknown)?;
    let may = caller.actor.role().is_some_and(Role::may_manage_licenses);
    let key_is_kept = may
        && services.licenses.keys_readable
        && db::read!(services.db, licenses::sealed_key(id))?.is_some();
    Ok(LicenseDetails { license, key_is_kept })
}

/// The whole key of a license, if the store keeps them; that somebody looked is written down.
///
/// # Errors
/// If the caller may not, or the key is not kept.
pub async fn whole_key(
    services: &Services,
    caller: &Caller,
    id: i64,
) -> Result<Zeroizing<String>, LicenseError> {
    let what = (Event::LicenseKeySeen, Object::license(id));
    permitted(services, caller, Role::may_manage_licenses, what).await?;
    let key = kept_key(services, id).await?.ok_or(LicenseError::KeyNotKept)?;
    let entry = Entry::done(Event::LicenseKeySeen, Object::license(id), json!({}));
    caller.note(services, entry).await?;
    Ok(key)
}

/// The whole key, if it is kept and the setting lets people see it.
pub(super) async fn kept_key(
    services: &Services,
    id: i64,
) -> Result<Option<Zeroizing<String>>, ServiceError> {
    if !services.licenses.keys_readable {
        return Ok(None);
    }
    let Some((sealed, lookup)) = db::read!(services.db, licenses::sealed_key(id))? else {
        return Ok(None);
    };
    let opened = sealed.open(&services.keyring, &sealed_row(&lookup));
    let opened = opened.map_err(|_| DbError::Corrupt("licenses.sealed"))?;
    let text = str::from_utf8(&opened).map_err(|_| DbError::Corrupt("licenses.sealed"))?;
    Ok(Some(Zeroizing::new(text.to_owned())))
}

/// Activations of a license, the newest first, and before which id the next page begins. From which address, and
/// by what program, is told to readers of the audit log alone.
///
/// # Errors
/// If nobody asks, or there is no such license.
pub async fn activations(
    services: &Services,
    caller: &Caller,
    id: i64,
    (before, most): (Option<i64>, usize),
) -> Result<(Vec<Activation>, Option<i64>), LicenseError> {
    somebody(caller)?;
    db::read!(services.db, licenses::by_id(id))?.ok_or(LicenseError::Unknown)?;
    let limit = i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1);
    let mut found = db::read!(services.db, license_activations::list(id, before, limit))?;
    let has_more = found.len() > most;
    found.truncate(most);
    let next = found.last().map(|activation| activation.id).filter(|_| has_more);
    if !caller.actor.role().is_some_and(Role::may_read_audit) {
        for activation in &mut found {
            (activation.address, activation.client) = (None, None);
        }
    }
    Ok((found, next))
}

/// What was done to a license, newest first.
///
/// # Errors
/// If nobody asks.
pub async fn history(
    services: &Services,
    caller: &Caller,
    id: i64,
    before: Option<i64>,
) -> Result<AuditPage, LicenseError> {
    somebody(caller)?;
    db::read!(services.db, licenses::by_id(id))?.ok_or(LicenseError::Unknown)?;
    let object = Some(("license".to_owned(), id.to_string()));
    let filter = AuditFilter { object, ..AuditFilter::default() };
    Ok(audit::page_as_seen(services, caller, &filter, before, audit::PAGE).await?)
}
