//! What queries about licenses take and give.

use crate::domain::{
    keyring::Lookup,
    licenses::{License, LicenseTerms, Product, Refusal},
    sealed::Sealed,
    timestamp::Timestamp,
};

/// A license that only lacks its row.
#[derive(Clone)]
pub struct NewLicense {
    /// The keyed hash of its key.
    pub lookup: Lookup,
    /// The key itself, if the store keeps keys readable.
    pub sealed: Option<Sealed>,
    /// How the key begins.
    pub beginning: String,
    /// The number behind its dash.
    pub number: i64,
    /// What the customer bought.
    pub terms: LicenseTerms,
    /// The product, if somebody brings it along; it is made unless it is there.
    pub product: Option<Product>,
    /// Whether it was taken back.
    pub revoked: bool,
    /// Where it is activated: id and domain.
    pub activations: Vec<(i64, String)>,
}

/// How making a license went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LicenseInsert {
    /// It has this number; its product was made with it, if it was brought along and not there.
    Made {
        /// The license's number.
        id: i64,
        /// Whether its product was made.
        with_product: bool,
    },
    /// That key is another license's, which has this number.
    Taken(i64),
    /// There is no product of its SKU, and none was brought along.
    NoProduct,
    /// There is a product of its SKU, which differs from the one that was brought along.
    OtherProduct,
}

/// How deleting a product went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProductDeletion {
    /// It is gone.
    Deleted,
    /// Licenses are of it.
    InUse,
    /// There is none of that SKU.
    Unknown,
}

/// A license that a program asks about.
#[derive(Clone, Debug)]
pub struct LicenseRecord {
    /// It.
    pub license: License,
    /// The newest id that one of its activations got.
    pub last_activation: i64,
}

/// A place where a license shall be activated.
#[derive(Clone, Debug)]
pub struct NewActivation {
    /// The license's number.
    pub license_id: i64,
    /// The domain; empty if there is none.
    pub domain: String,
    /// From which address.
    pub address: Option<String>,
    /// What the program calls itself.
    pub client: Option<String>,
}

/// How activating went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activated {
    /// It is activated under this id.
    Now(i64),
    /// It was activated there before, under this id.
    Before(i64),
    /// A limit is reached.
    Full(Refusal),
    /// It was taken back, or ended, meanwhile.
    Over,
}

/// A token that only lacks its row.
#[derive(Clone, Debug)]
pub struct NewLicenseToken {
    /// Its keyed hash.
    pub lookup: Lookup,
    /// The license it is for.
    pub license_id: i64,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
}

/// A token that a program shows.
#[derive(Clone, Debug)]
pub struct LicenseToken {
    /// The keyed hash of the key of the license that it is for.
    pub license: Lookup,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
    /// Whether it died with its license.
    pub is_dead: bool,
}

/// A page of licenses.
#[derive(Clone, Debug, Default)]
pub struct LicensePage {
    /// The newest first.
    pub licenses: Vec<License>,
    /// Before which number the next page begins, if there is one.
    pub next: Option<i64>,
    /// Whether the walk ended before the page was full.
    pub walked_far: bool,
}
