//! Checks that the key file and the database belong together.
//!
//! With another key file every stored key, session and password would silently be wrong; better not
//! to start at all.

use super::{ServiceError, Services};
use crate::db;

/// Whether the key file in use is the one this database was made with. A fresh database takes it on.
///
/// # Errors
/// If the database gives no answer.
pub async fn key_file_fits(services: &Services) -> Result<bool, ServiceError> {
    let fingerprint = services.keyring.fingerprint();
    let ours = fingerprint.clone();
    let stored = db::write!(services.db, meta::get_or_put("key_file", &ours))?;
    Ok(stored == fingerprint)
}
