//! Checks that the key file and the database belong together.
//!
//! With another key file every stored key, session and password would silently be wrong; better not
//! to start at all.

use super::{ServiceError, Services};
use crate::db::{self, Db, copy::COPIED};

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

/// The fingerprint of the key file a database was made with; nothing if it has met none.
///
/// # Errors
/// If the database gives no answer.
pub async fn key_file_of(db: &Db) -> Result<Option<String>, ServiceError> {
    Ok(db::read!(db, meta::get("key_file"))?)
}

/// When this store was copied to another database, if it was: people go on there.
///
/// # Errors
/// If the database gives no answer.
pub async fn copied(services: &Services) -> Result<Option<String>, ServiceError> {
    Ok(db::read!(services.db, meta::get(COPIED))?)
}
