//! Making a license: its key is shown once, to whoever made it.

use std::sync::Arc;

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{
    LicenseError, lookup, permitted, products, sealed_row,
    views::{self, LicenseJson},
};
use crate::{
    db::{
        self,
        license_outcomes::{LicenseInsert, NewLicense},
        outcomes::OnceMade,
    },
    domain::{
        audit::{Entry, Event, Object},
        licenses::{License, LicenseDraft, LicenseKey, LicenseTerms, Product, ProductDraft},
        sealed::Sealed,
        user::Role,
    },
    service::{
        Services,
        caller::Caller,
        idempotency::{self, Creation, Once, ShownAnswer},
    },
};

/// A license that was made, and the only showing of its key if keys are not kept.
pub struct MadeLicense {
    /// Its number in the database.
    pub id: i64,
    /// Its key.
    pub key: LicenseKey,
}

/// Makes a license with a fresh key. A product that somebody brings along is made unless it is there.
///
/// # Errors
/// If the caller may not, or a rule is broken.
pub async fn create(
    services: &Services,
    caller: &Caller,
    draft: &LicenseDraft,
    product: Option<&ProductDraft>,
) -> Result<MadeLicense, LicenseError> {
    allowed(services, caller).await?;
    let (key, new) = prepare(services, draft, product).await?;
    let (now, journal, noted) = (services.now(), caller.journal(services), Noted::of(&new));
    let sku = new.terms.sku.clone();
    let made = db::audited!(
        services.db,
        journal,
        license_edits::create(now, new),
        |made: &LicenseInsert| noted.entries(Event::LicenseCreated, *made),
    )?;
    Ok(MadeLicense { id: number(made, &sku)?, key })
}

/// Makes a license as [`create`] does and gives the whole answer, once for a named request: sent again, it
/// gets the same answer, key included.
///
/// # Errors
/// As [`create`].
pub async fn create_once(
    services: &Services,
    caller: &Caller,
    (draft, product): (&LicenseDraft, Option<&ProductDraft>),
    once: Option<Once>,
) -> Result<Creation, LicenseError> {
    allowed(services, caller).await?;
    if let Some(before) = idempotency::recall(services, once.as_ref()).await? {
        return Ok(before);
    }
    let (key, new) = prepare(services, draft, product).await?;
    let (now, journal, noted) = (services.now(), caller.journal(services), Noted::of(&new));
    let sku = new.terms.sku.clone();
    let answer = Arc::new(shown_once(services, &new, key).await?);
    let kept = Arc::clone(&answer);
    let remember = idempotency::to_remember(services, once.as_ref(), move |id| kept(id));
    let made = db::audited!(
        services.db,
        journal,
        license_edits::create_once(now, new, remember),
        |made: &OnceMade<LicenseInsert>| match made {
            OnceMade::Now(made) => noted.entries(Event::LicenseCreated, *made),
            OnceMade::Before(_) | OnceMade::Another => Vec::new(),
        },
    )?;
    match idempotency::settled(services, once.as_ref(), made)? {
        Ok(made) => {
            let body = answer(number(made, &sku)?);
            Ok(Creation::Answered(ShownAnswer { body, again: false }))
        }
        Err(before) => Ok(before),
    }
}

/// The answer to a creation: the license as it is shown ever after, with its whole key.
async fn shown_once(
    services: &Services,
    new: &NewLicense,
    key: LicenseKey,
) -> Result<impl Fn(i64) -> Zeroizing<Vec<u8>> + Send + Sync + use<>, LicenseError> {
    let terms = new.terms.clone();
    let there = db::read!(services.db, license_products::find(&terms.sku))?;
    let product = there.or_else(|| new.product.clone());
    let product = product.ok_or_else(|| LicenseError::NoProduct(terms.sku.clone()))?;
    let (now, beginning) = (services.now(), new.beginning.clone());
    let license = License {
        id: 0,
        beginning,
        number: new.number,
        terms,
        product,
        created_at: now,
        revoked_at: None,
        activations: 0,
        domains: 0,
        version: 0,
    };
    Ok(move |id| {
        let license = License { id, ..license.clone() };
        views::with_key(LicenseJson::of(license, now), &key)
    })
}

async fn allowed(services: &Services, caller: &Caller) -> Result<(), LicenseError> {
    let what = (Event::LicenseCreated, Object::licenses());
    permitted(services, caller, Role::may_manage_licenses, what).await
}

async fn prepare(
    services: &Services,
    draft: &LicenseDraft,
    product: Option<&ProductDraft>,
) -> Result<(LicenseKey, NewLicense), LicenseError> {
    let terms = draft.read(services.now());
    let product = product.map(ProductDraft::read).transpose();
    let (terms, product) = match (terms, product) {
        (Ok(terms), Ok(product)) => (terms, product),
        (Err(mut wrongs), product) => {
            let others = product.err().map(|more| more.0).unwrap_or_default();
            wrongs.0.extend(others.into_iter().filter(|wrong| wrong.field != "sku"));
            return Err(wrongs.into());
        }
        (Ok(_), Err(wrongs)) => return Err(wrongs.into()),
    };
    if product.is_none() && db::read!(services.db, license_products::find(&terms.sku))?.is_none() {
        return Err(LicenseError::NoProduct(terms.sku));
    }
    // Not before: a refused license shall use up no number.
    let number = db::write!(services.db, license_settings::next_number())?;
    let key = LicenseKey::generate(&*services.entropy, number);
    let new = row_of(services, &key, terms, product);
    Ok((key, new))
}

/// The row of a license.
pub(super) fn row_of(
    services: &Services,
    key: &LicenseKey,
    terms: LicenseTerms,
    product: Option<Product>,
) -> NewLicense {
    let lookup = lookup(services, key.expose());
    let seal = || {
        let plain = key.expose().as_bytes();
        Sealed::seal(&services.keyring, &*services.entropy, &sealed_row(&lookup), plain)
    };
    NewLicense {
        lookup,
        sealed: services.licenses.keys_readable.then(seal),
        beginning: key.beginning().to_owned(),
        number: key.number(),
        terms,
        product,
        revoked: false,
        activations: Vec::new(),
    }
}

/// What the log says of a new license.
pub(super) struct Noted {
    details: Value,
    product: Option<Product>,
}

impl Noted {
    pub(super) fn of(new: &NewLicense) -> Self {
        let terms = &new.terms;
        let details = json!({
            "number": new.number, "sku": terms.sku,
            "expires_at": terms.expires_at.map(|at| at.to_string()),
            "activation_limit": terms.activation_limit, "domain_limit": terms.domain_limit,
            "activations": new.activations.len(),
        });
        Self { details, product: new.product.clone() }
    }

    /// The license, and the product that was made with it.
    pub(super) fn entries(self, event: Event, made: LicenseInsert) -> Vec<Entry> {
        let LicenseInsert::Made { id, with_product } = made else { return Vec::new() };
        let product = self.product.filter(|_| with_product);
        let license = Entry::done(event, Object::license(id), self.details);
        product.iter().map(products::told).chain([license]).collect()
    }
}

/// The number of what was made.
pub(super) fn number(made: LicenseInsert, sku: &str) -> Result<i64, LicenseError> {
    match made {
        LicenseInsert::Made { id, .. } => Ok(id),
        LicenseInsert::Taken(id) => Err(LicenseError::Taken(id)),
        LicenseInsert::NoProduct => Err(LicenseError::NoProduct(sku.to_owned())),
        LicenseInsert::OtherProduct => Err(LicenseError::OtherProduct(sku.to_owned())),
    }
}
