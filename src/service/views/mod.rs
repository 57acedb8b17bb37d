//! Things as programs see them, in JSON: the names and forms that the API and `--json` of the command
//! line share, and their description for OpenAPI.
//!
//! Why one place: a script must read the same of both. Names only get added. Instants are RFC 3339 in
//! UTC. Never here: anything that opens something; a secret is written out by `keys::with_pair` alone. Licenses'
//! views stand with licenses (`licenses::views`).

mod access_tokens;
mod audit;
mod deliveries;
mod grants;
mod keys;
mod registered_apps;
mod tokens;
mod users;
pub mod words;

pub use access_tokens::{AccessTokenJson, KeyRulesJson};
pub use audit::{AuditObjectJson, AuditRowJson};
pub use deliveries::{AttemptJson, DeliveryDetailJson, DeliveryJson, FailureJson, StepJson};
pub use grants::{AppJson, ApproverJson, GrantJson};
pub use keys::{KeyAppJson, KeyJson, LastUsedJson};
pub use registered_apps::RegisteredAppJson;
pub use tokens::TokenJson;
pub use users::UserJson;

use serde::Serialize;

use crate::domain::timestamp::Timestamp;

/// A view as one line of JSON, its fields in their order.
pub fn line(view: &impl Serialize) -> String {
    serde_json::to_string(view).expect("texts and numbers can be written")
}

/// An instant that may be absent.
pub(super) fn instant(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}
