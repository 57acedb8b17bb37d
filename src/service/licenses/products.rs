//! What is sold under a SKU.

use serde_json::{Value, json};

use super::{LicenseError, permitted, somebody};
use crate::{
    db::{self, license_outcomes::ProductDeletion},
    domain::{
        audit::{Entry, Event, Object},
        licenses::{Product, ProductDraft},
        text,
        user::Role,
    },
    service::{Services, caller::Caller},
};

/// Products in the order of their SKUs, and after which SKU the next page begins.
///
/// # Errors
/// If nobody asks.
pub async fn products(
    services: &Services,
    caller: &Caller,
    after: Option<&str>,
    most: usize,
) -> Result<(Vec<Product>, Option<String>), LicenseError> {
    somebody(caller)?;
    let limit = i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1);
    let mut found = db::read!(services.db, license_products::list(after, limit))?;
    let has_more = found.len() > most;
    found.truncate(most);
    let next = found.last().map(|product| product.sku.clone()).filter(|_| has_more);
    Ok((found, next))
}

/// The product of a SKU.
///
/// # Errors
/// If nobody asks, or there is none.
pub async fn product(
    services: &Services,
    caller: &Caller,
    sku: &str,
) -> Result<Product, LicenseError> {
    somebody(caller)?;
    let found = db::read!(services.db, license_products::find(sku))?;
    found.ok_or_else(|| LicenseError::NoProduct(sku.to_owned()))
}

/// Makes a product.
///
/// # Errors
/// If the caller may not, a rule is broken, or there is one of its SKU.
pub async fn create_product(
    services: &Services,
    caller: &Caller,
    draft: &ProductDraft,
) -> Result<Product, LicenseError> {
    allowed(services, caller, Event::LicenseProductChanged, &draft.sku).await?;
    let new = draft.read()?;
    let (journal, entry) = (caller.journal(services), told(&new));
    let wanted = new.clone();
    let made = db::audited!(
        services.db,
        journal,
        license_products::create(wanted),
        |made: &bool| if *made { vec![entry] } else { Vec::new() },
    )?;
    if made { Ok(new) } else { Err(LicenseError::ProductTaken) }
}

/// Changes a product that is still as it was when somebody looked at it, for all its licenses.
///
/// # Errors
/// If the caller may not, there is none, a rule is broken, or somebody else changed it meanwhile.
pub async fn change_product(
    services: &Services,
    caller: &Caller,
    (sku, version): (&str, Option<i64>),
    edit: impl FnOnce(&mut ProductDraft),
) -> Result<Product, LicenseError> {
    allowed(services, caller, Event::LicenseProductChanged, sku).await?;
    let seen = product(services, caller, sku).await?;
    if version.is_some_and(|version| version != seen.version) {
        return Err(LicenseError::Changed);
    }
    let mut draft = ProductDraft {
        sku: seen.sku.clone(),
        name: seen.name.clone(),
        download_name: seen.download_name.clone(),
        download_url: seen.download_url.clone(),
        desktop: seen.desktop,
    };
    edit(&mut draft);
    draft.sku.clone_from(&seen.sku);
    let new = Product { version: seen.version, ..draft.read()? };
    if new == seen {
        return Ok(seen);
    }
    let (journal, entry) = (caller.journal(services), told(&new));
    let wanted = new.clone();
    let changed =
        db::audited!(services.db, journal, license_products::change(wanted), |changed: &bool| {
            if *changed { vec![entry] } else { Vec::new() }
        },)?;
    if changed {
        Ok(Product { version: new.version + 1, ..new })
    } else {
        Err(LicenseError::Changed)
    }
}

/// Whether there are licenses of a product, so that it cannot be deleted.
///
/// # Errors
/// If nobody asks.
pub async fn product_is_used(
    services: &Services,
    caller: &Caller,
    sku: &str,
) -> Result<bool, LicenseError> {
    somebody(caller)?;
    Ok(db::read!(services.db, license_products::is_used(sku))?)
}

/// Deletes a product that no license is of.
///
/// # Errors
/// If the caller may not, there is none, or licenses are of it.
pub async fn delete_product(
    services: &Services,
    caller: &Caller,
    sku: &str,
) -> Result<(), LicenseError> {
    allowed(services, caller, Event::LicenseProductDeleted, sku).await?;
    let seen = product(services, caller, sku).await?;
    let (journal, object) = (caller.journal(services), Object::license_product(&seen.sku));
    let entry = Entry::done(Event::LicenseProductDeleted, object, details(&seen));
    let deleted = db::audited!(
        services.db,
        journal,
        license_products::delete(seen.sku),
        |deleted: &ProductDeletion| match deleted {
            ProductDeletion::Deleted => vec![entry],
            ProductDeletion::InUse | ProductDeletion::Unknown => Vec::new(),
        },
    )?;
    match deleted {
        ProductDeletion::Deleted => Ok(()),
        ProductDeletion::InUse => Err(LicenseError::ProductInUse),
        ProductDeletion::Unknown => Err(LicenseError::NoProduct(sku.to_owned())),
    }
}

async fn allowed(
    services: &Services,
    caller: &Caller,
    event: Event,
    sku: &str,
) -> Result<(), LicenseError> {
    let sku = text::shortened(&text::visible(sku), 100);
    let what = (event, Object::license_product(&sku));
    permitted(services, caller, Role::may_manage_licenses, what).await
}

pub(super) fn told(product: &Product) -> Entry {
    let object = Object::license_product(&product.sku);
    Entry::done(Event::LicenseProductChanged, object, details(product))
}

fn details(product: &Product) -> Value {
    json!({
        "name": product.name, "download_name": product.download_name,
        "download_url": product.download_url, "desktop": product.desktop,
    })
}
