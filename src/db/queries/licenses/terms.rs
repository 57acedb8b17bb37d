//! The words licenses are found by: of SKU, customer and e-mail address.
//!
//! Not those of the product's name, which may change for very many licenses at once; the list's filter by
//! product does that.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use std::collections::BTreeSet;

use super::Conn;
use crate::{
    db::{DbError, schema::license_terms, word_index::word_index},
    domain::{licenses::LicenseTerms, search},
};

word_index!(license_terms, license_id);

/// The words of a license.
pub(super) fn of(terms: &LicenseTerms) -> BTreeSet<String> {
    let LicenseTerms { sku, customer, email, .. } = terms;
    search::terms(&format!("{sku} {customer} {email}"), "", None)
}
