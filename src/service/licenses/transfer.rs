//! Licenses come from elsewhere and go elsewhere, as CSV.
//!
//! Rows are taken in batches, each one transaction with a row of the audit log for each license; a run that is
//! stopped left whole batches, and running it again takes the rest.

use std::{
    collections::{HashMap, HashSet},
    mem,
    time::Duration,
};

use serde_json::json;
use tokio::time::sleep;
use zeroize::Zeroizing;

use super::{
    LicenseError,
    look::kept_key,
    make::{Noted, row_of},
    permitted,
};
use crate::{
    db::{
        self,
        license_outcomes::{LicenseInsert, NewLicense},
    },
    domain::{
        audit::{Entry, Event, Object},
        keyring::Lookup,
        licenses::{Activation, BroughtLicense, License, Product, RowError, Wrongs, write},
        user::Role,
    },
    service::{Services, caller::Caller},
};

/// How many licenses are read for an export at once, as each may have very many activations.
const PIECE: i64 = 20;

/// How many activations one transaction of an import takes, and those of the license that makes it so many.
const AT_ONCE: usize = 500;

/// How long others may write before the next.
const PAUSE: Duration = Duration::from_millis(20);

/// What became of a row.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowOutcome {
    /// It is a license now, or would be.
    #[error("imported")]
    Taken,
    /// There is a license of its key already.
    #[error("its license key is here already")]
    There,
    /// Its product is here, and is another.
    #[error("the product of its SKU is here, and its name or download is another")]
    OtherProduct,
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(RowError),
    /// Rules are broken.
    #[error(transparent)]
    Wrong(Wrongs),
}

/// What became of some rows.
#[derive(Debug, Default)]
pub(super) struct Imported {
    /// How many were taken.
    pub taken: u64,
    /// Those that were not, by their numbers.
    pub passed_over: Vec<(u64, RowOutcome)>,
    /// The numbers of those that are licenses, now or before, and whose keys are short enough to be guessed.
    pub guessable: Vec<u64>,
}

/// Refuses whoever may not import, which is written down.
///
/// # Errors
/// If the caller may not.
pub async fn may_import(services: &Services, caller: &Caller) -> Result<(), LicenseError> {
    let what = (Event::LicenseImported, Object::licenses());
    permitted(services, caller, Role::may_manage_licenses, what).await
}

/// What a dry run has passed: what a real one would find in the database by then.
#[derive(Default)]
pub(super) struct Rehearsal {
    keys: HashSet<Lookup>,
    products: HashMap<String, Product>,
}

/// Takes a batch over, for whoever may; only looks, if it is a rehearsal.
pub(super) async fn taken(
    services: &Services,
    caller: &Caller,
    rows: Vec<(u64, Result<BroughtLicense, RowError>)>,
    rehearsal: Option<&mut Rehearsal>,
) -> Result<Imported, LicenseError> {
    let (mut imported, mut numbers, mut new) = (Imported::default(), Vec::new(), Vec::new());
    for (number, row) in rows {
        let is_guessable = row.as_ref().is_ok_and(|brought| brought.key.is_guessable());
        match read(services, row) {
            Ok(license) => {
                numbers.push((number, is_guessable));
                new.push(license);
            }
            Err(outcome) => imported.passed_over.push((number, outcome)),
        }
    }
    let outcomes = match rehearsal {
        Some(rehearsal) => looked_at(services, new, rehearsal).await?,
        None => written(services, caller, new).await?,
    };
    for ((number, is_guessable), outcome) in numbers.into_iter().zip(outcomes) {
        if is_guessable && matches!(outcome, RowOutcome::Taken | RowOutcome::There) {
            imported.guessable.push(number);
        }
        match outcome {
            RowOutcome::Taken => imported.taken += 1,
            other => imported.passed_over.push((number, other)),
        }
    }
    imported.passed_over.sort_by_key(|(number, _)| *number);
    Ok(imported)
}

fn read(
    services: &Services,
    row: Result<BroughtLicense, RowError>,
) -> Result<NewLicense, RowOutcome> {
    let BroughtLicense { key, draft, product, revoked, activations } =
        row.map_err(RowOutcome::Unreadable)?;
    let terms = draft.read_old().map_err(RowOutcome::Wrong)?;
    let product = product.read().map_err(RowOutcome::Wrong)?;
    Ok(NewLicense { revoked, activations, ..row_of(services, &key, terms, Some(product)) })
}

/// Writes licenses: few at a time, since others wait meanwhile.
async fn written(
    services: &Services,
    caller: &Caller,
    new: Vec<NewLicense>,
) -> Result<Vec<RowOutcome>, LicenseError> {
    let mut outcomes = Vec::with_capacity(new.len());
    let (mut batch, mut activations) = (Vec::new(), 0);
    for license in new {
        activations += license.activations.len();
        batch.push(license);
        if activations >= AT_ONCE {
            outcomes.extend(write_batch(services, caller, mem::take(&mut batch)).await?);
            activations = 0;
            sleep(PAUSE).await;
        }
    }
    outcomes.extend(write_batch(services, caller, batch).await?);
    Ok(outcomes)
}

async fn write_batch(
    services: &Services,
    caller: &Caller,
    new: Vec<NewLicense>,
) -> Result<Vec<RowOutcome>, LicenseError> {
    let noted: Vec<Noted> = new.iter().map(Noted::of).collect();
    let (now, journal) = (services.now(), caller.journal(services));
    let made = db::audited!(
        services.db,
        journal,
        license_edits::create_several(now, new),
        |made: &Vec<LicenseInsert>| {
            let entries = noted.into_iter().zip(made);
            let entries = entries.map(|(noted, made)| noted.entries(Event::LicenseImported, *made));
            entries.flatten().collect()
        },
    )?;
    Ok(made.into_iter().map(outcome).collect())
}

async fn looked_at(
    services: &Services,
    new: Vec<NewLicense>,
    rehearsal: &mut Rehearsal,
) -> Result<Vec<RowOutcome>, LicenseError> {
    let mut outcomes = Vec::with_capacity(new.len());
    for license in new {
        let there = db::read!(services.db, licenses::by_lookup(&license.lookup))?;
        let sku = &license.terms.sku;
        let product = db::read!(services.db, license_products::find(sku))?;
        let product = product.or_else(|| rehearsal.products.get(sku).cloned());
        let contradicts =
            |there: &Product| license.product.iter().any(|told| there.is_contradicted_by(told));
        outcomes.push(if there.is_some() || rehearsal.keys.contains(&license.lookup) {
            RowOutcome::There
        } else if product.as_ref().is_some_and(contradicts) {
            RowOutcome::OtherProduct
        } else {
            rehearsal.keys.insert(license.lookup);
            if let (None, Some(told)) = (product, license.product) {
                rehearsal.products.insert(told.sku.clone(), told);
            }
            RowOutcome::Taken
        });
    }
    Ok(outcomes)
}

fn outcome(made: LicenseInsert) -> RowOutcome {
    match made {
        LicenseInsert::Made { .. } => RowOutcome::Taken,
        LicenseInsert::Taken(_) => RowOutcome::There,
        LicenseInsert::NoProduct | LicenseInsert::OtherProduct => RowOutcome::OtherProduct,
    }
}

/// Begins an export; that somebody exports is written down.
///
/// # Errors
/// If the caller may not.
pub async fn begin_export(services: &Services, caller: &Caller) -> Result<(), LicenseError> {
    let what = (Event::LicensesExported, Object::licenses());
    permitted(services, caller, Role::may_manage_licenses, what).await?;
    let details = json!({ "whole_keys": services.licenses.keys_readable });
    let entry = Entry::done(Event::LicensesExported, Object::licenses(), details);
    Ok(caller.note(services, entry).await?)
}

/// A piece of an export, and after which license the next one begins; nothing at the end. For whoever has
/// begun one. Keys are whole if the store keeps them, else shortened.
///
/// # Errors
/// If the database gives no answer.
pub async fn export_after(
    services: &Services,
    after: i64,
) -> Result<Option<(Zeroizing<Vec<u8>>, i64)>, LicenseError> {
    let is_first = after == 0;
    let ids = db::read!(services.db, licenses::ids_after(after, PIECE))?;
    let Some(last) = ids.last().copied() else {
        let header = || Zeroizing::new(write(std::iter::empty(), services.now(), true));
        // The number comes after all there are, so that an empty store gives its header once.
        return Ok(is_first.then(|| (header(), i64::MAX - 1)));
    };
    let mut licenses = db::read!(services.db, licenses::by_ids(&ids))?;
    licenses.reverse();
    let activations = db::read!(services.db, license_activations::of_licenses(&ids))?;
    let mut keys = Vec::with_capacity(licenses.len());
    for license in &licenses {
        let kept = kept_key(services, license.id).await?;
        keys.push(kept.unwrap_or_else(|| Zeroizing::new(license.shortened_key())));
    }
    let of = |license: &License| -> Vec<Activation> {
        let own = activations.iter().filter(|(id, _)| *id == license.id);
        own.map(|(_, activation)| activation.clone()).collect()
    };
    let own: Vec<Vec<Activation>> = licenses.iter().map(of).collect();
    let rows = licenses.iter().zip(&keys).zip(&own);
    let rows = rows.map(|((license, key), own)| (license, key.as_str(), own.as_slice()));
    Ok(Some((Zeroizing::new(write(rows, services.now(), is_first)), last)))
}
