//! Looks after keys: ends previous pairs whose time is over, and warns of keys that end soon.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, time::timeout};

use crate::service::{ServiceError, Services, expiring, keys};

/// How often is looked. A pair opens nothing once its time is over, whether it was looked at or not; and
/// a warning of days need not come to the second.
const LOOK_EVERY: Duration = Duration::from_mins(2);

/// Runs until `stop` says so.
pub async fn run(services: Arc<Services>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        if let Err(error) = look(&services).await {
            tracing::error!(%error, "keys could not be looked after");
        }
        let _ = timeout(LOOK_EVERY, stop.changed()).await;
    }
}

async fn look(services: &Services) -> Result<(), ServiceError> {
    keys::end_overdue(services).await?;
    expiring::warn(services).await?;
    Ok(())
}
