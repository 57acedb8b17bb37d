//! License keys: what customers bought, where they use it, and how the store answers their programs.
//!
//! The way of WooCommerce License Keys (docs/licenses.md), so that programs made for it work unchanged.
//! Beside keys and tokens, and of them only what any credential needs: the keyring, the form of access
//! tokens, their life. Never: a whole license key in an error, a log or an address of ours.

mod access;
mod activation_domain;
mod license;
mod license_key;
mod origins;
mod product;
mod query;
mod refusal;
mod settings;
mod settings_draft;
mod table;
mod terms;

pub use activation_domain::ActivationDomain;
pub use license::{Activation, License, LicenseState, MOST_ACTIVATIONS};
pub use license_key::{LicenseKey, Malformed};
pub use origins::{NoOrigin, Origins};
pub use product::{Product, ProductDraft};
pub use query::{Find, LicenseQuery};
pub use refusal::{ErrorFormat, Refusal};
pub use settings::{LicenseSettings, NoStoreCode, PageUrl, StoreCode};
pub use settings_draft::{Overlap, SettingsChange, SettingsDraft};
pub use table::{BroughtLicense, RowError, TableError, read, write};
pub use terms::{LicenseDraft, LicenseTerms, Offline, OfflineInterval, Wrong, Wrongs};
