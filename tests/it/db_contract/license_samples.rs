//! Licenses, for the tests of their tables.

use appgrant::{
    db::license_outcomes::{Activated, LicenseInsert, NewActivation, NewLicense},
    domain::licenses::{LicenseDraft, LicenseTerms, Product, StoreCode},
};

use super::{
    TestDatabase,
    samples::{at, padded},
};

/// What a customer may buy of that product.
pub fn terms(sku: &str) -> LicenseTerms {
    let draft = LicenseDraft { sku: sku.to_owned(), ..LicenseDraft::default() };
    draft.read(at(0)).unwrap()
}

/// A product of that SKU.
pub fn product(sku: &str) -> Product {
    Product {
        sku: sku.to_owned(),
        name: sku.to_owned(),
        download_name: String::new(),
        download_url: String::new(),
        desktop: false,
        version: 0,
    }
}

/// A license to be made, with its product.
pub fn new_license(number: i64, terms: LicenseTerms) -> NewLicense {
    NewLicense {
        lookup: padded(&format!("license {number}")),
        sealed: None,
        beginning: "Abcd".to_owned(),
        number,
        product: Some(product(&terms.sku)),
        terms,
        revoked: false,
        activations: Vec::new(),
    }
}

/// Makes the settings that every store has.
pub async fn begin(db: &TestDatabase) {
    write!(db, license_settings::begin(StoreCode::parse("store-code-0001").unwrap()));
}

/// Makes a license; gives its number in the database.
pub async fn make(db: &TestDatabase, number: i64, terms: LicenseTerms) -> i64 {
    match write!(db, license_edits::create(at(0), new_license(number, terms))) {
        LicenseInsert::Made { id, .. } => id,
        other => panic!("license {number} was not made: {other:?}"),
    }
}

/// What activates a license on a domain.
pub fn activation(license_id: i64, domain: &str) -> NewActivation {
    NewActivation { license_id, domain: domain.to_owned(), address: None, client: None }
}

/// Activates a license on a domain, at that second.
pub async fn activate(db: &TestDatabase, second: i64, license_id: i64, domain: &str) -> Activated {
    write!(db, license_activations::activate(at(second), activation(license_id, domain)))
}
