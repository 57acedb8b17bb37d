//! What was approved: lists of grants, and one of them. Everybody who is logged in may look.

use super::{ServiceError, Services};
use crate::db;
pub use crate::db::outcomes::{GrantPage, GrantView};

/// How many grants a page has, unless asked for fewer or more.
pub const PAGE: usize = 50;

/// A part of the list of grants, newest first: of one callback host, or of all.
///
/// # Errors
/// If the database gives no answer.
pub async fn list(
    services: &Services,
    callback_host: Option<&str>,
    before: Option<&str>,
    limit: usize,
) -> Result<GrantPage, ServiceError> {
    Ok(db::read!(services.db, grants::page(callback_host, before, limit))?)
}

/// The grant of that id, if there is one.
///
/// # Errors
/// If the database gives no answer.
pub async fn show(services: &Services, id: &str) -> Result<Option<GrantView>, ServiceError> {
    Ok(db::read!(services.db, grants::find(id))?)
}
