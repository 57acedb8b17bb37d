//! Whether this process can do its work.

use super::{ServiceError, Services};

/// Whether the database answers and its schema is this version's.
///
/// # Errors
/// What is the matter.
pub async fn ready(services: &Services) -> Result<(), ServiceError> {
    Ok(services.db.check().await?)
}
