//! Deletes tokens that are over: in small batches with pauses, as those of keys.

use std::time::Duration;

use tokio::time::sleep;

use crate::{
    db,
    service::{ServiceError, Services},
};

/// How long a token's row stays that says that it is over.
const KEPT: Duration = Duration::from_hours(24);

/// How many go in one transaction.
const AT_ONCE: i64 = 500;

/// How long others may write between two batches.
const PAUSE: Duration = Duration::from_millis(50);

/// Deletes tokens that ended a day ago; how many.
///
/// # Errors
/// If the database gives no answer.
pub async fn purge(services: &Services) -> Result<usize, ServiceError> {
    let before = services.now().minus(KEPT);
    let mut all = 0;
    loop {
        let deleted = db::write!(services.db, license_tokens::purge(before, AT_ONCE))?;
        all += deleted;
        if deleted == 0 {
            return Ok(all);
        }
        sleep(PAUSE).await;
    }
}
