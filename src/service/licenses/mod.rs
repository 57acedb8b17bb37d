//! License keys (docs/licenses.md): what people do with licenses, and what programs ask about them.
//!
//! A part of its own beside keys and tokens: it uses what any use case uses (database, clock, keyring, audit
//! log, budgets) and of tokens their form and life alone, and no key or token knows of it
//! (`tests/architecture.rs`). So `/verify` never takes a license's token, and a license opens no API.
//! Never: a whole license key in a log, an error, or in the database in plain.

mod counter;
mod edit;
mod look;
mod make;
mod products;
mod program;
mod purge;
mod settings;
mod table;
mod throttle;
mod transfer;
pub mod views;

use data_encoding::HEXLOWER;
use serde_json::json;

pub use edit::{change, deactivate_by_hand, restore, revoke};
pub use look::{LicenseDetails, activations, find_typed, history, list, show, whole_key};
pub use make::{MadeLicense, create, create_once};
pub use products::{
    change_product, create_product, delete_product, product, product_is_used, products,
};
pub use program::{Asked, Denied, Granted, Handed, activate, deactivate, hand_token, validate};
pub use purge::purge;
pub use settings::{answer_to_origin, begin, change_settings, how_to_refuse, settings};
pub use table::{Table, TableReport};
pub use throttle::Throttle;
pub use transfer::{RowOutcome, begin_export, export_after, may_import};

pub use crate::db::license_outcomes::LicensePage;
use crate::{
    db::DbError,
    domain::{
        audit::{Entry, Event, Object},
        keyring::Lookup,
        licenses::Wrongs,
        user::Role,
    },
    service::{ServiceError, Services, caller::Caller},
};

/// What licenses have of their own.
pub struct Desk {
    /// Whether keys are kept, sealed, so that staff can look at whole ones.
    pub keys_readable: bool,
    /// Who guesses.
    pub throttle: Throttle,
}

impl Desk {
    /// Nobody guesses yet.
    pub fn new(keys_readable: bool) -> Self {
        Self { keys_readable, throttle: Throttle::default() }
    }
}

/// Why something was not done about licenses.
#[derive(Debug, thiserror::Error)]
pub enum LicenseError {
    /// There is none of that number.
    #[error("there is no such license")]
    Unknown,
    /// There is no activation of that id.
    #[error("the license has no such activation")]
    NoActivation,
    /// The caller may not.
    #[error("you may not do that")]
    NotAllowed,
    /// Rules are broken.
    #[error(transparent)]
    Wrong(#[from] Wrongs),
    /// There is a license of that key.
    #[error("that license key is taken, by the license with the number {0}")]
    Taken(i64),
    /// No product has the SKU.
    #[error("there is no product with the SKU “{0}”; name it, and it is made")]
    NoProduct(String),
    /// The product differs from what is said of it.
    #[error(
        "the product “{0}” is there, and its name or download is another; leave these out, or change the product on its page"
    )]
    OtherProduct(String),
    /// There is a product of that SKU.
    #[error("there is a product with that SKU already")]
    ProductTaken,
    /// Licenses are of it.
    #[error("there are licenses of this product, so it cannot be deleted")]
    ProductInUse,
    /// It was taken back before.
    #[error("this license is revoked already")]
    AlreadyRevoked,
    /// It had not been taken back.
    #[error("this license is not revoked")]
    NotRevoked,
    /// Somebody changed it at the same time.
    #[error("somebody else changed this at the same time; look at it again")]
    Changed,
    /// The key is not kept.
    #[error("this license’s key was not kept; it was shown when it was made")]
    KeyNotKept,
    /// Something nobody asked for.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<DbError> for LicenseError {
    fn from(error: DbError) -> Self {
        Self::Service(error.into())
    }
}

/// The caller, if its role may; a refusal is written down.
async fn permitted(
    services: &Services,
    caller: &Caller,
    may: fn(Role) -> bool,
    (event, object): (Event, Object),
) -> Result<(), LicenseError> {
    if caller.actor.role().is_some_and(may) {
        return Ok(());
    }
    caller.note(services, Entry::refused(event, object, json!({}))).await?;
    Err(LicenseError::NotAllowed)
}

/// Anybody who is logged in.
fn somebody(caller: &Caller) -> Result<(), LicenseError> {
    caller.actor.role().map(|_| ()).ok_or(LicenseError::NotAllowed)
}

/// What a license's sealed key belongs to.
fn sealed_row(lookup: &[u8]) -> String {
    format!("licenses {}", HEXLOWER.encode(lookup))
}

/// The keyed hash of what may be a license key, whatever it is: looking for a wrong one is the same work.
fn lookup(services: &Services, key: &str) -> Lookup {
    services.keyring.lookup(key.trim())
}
