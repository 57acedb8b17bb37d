//! Hears of keys that other processes changed, and throws away what everybody has heard, with what else
//! need not be known any more.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, time::sleep};

use crate::service::{
    ServiceError, Services, idempotency,
    verify::{LOOK_EVERY, purge_changes, purge_nonces},
};

/// After how many looks old changes are thrown away: about ten minutes.
const PURGE_EVERY: u32 = 1_500;

/// How long to leave a database alone that gave no answer.
const AFTER_TROUBLE: Duration = Duration::from_secs(1);

/// Runs until `stop` says so.
pub async fn run(services: Arc<Services>, mut stop: watch::Receiver<bool>) {
    let mut looks = 0_u32;
    while !*stop.borrow() {
        looks += 1;
        if let Err(error) = services.verifier.changes.catch_up(&services).await {
            tracing::error!(%error, "changes of keys could not be read");
            sleep(AFTER_TROUBLE).await;
        }
        if looks.is_multiple_of(PURGE_EVERY)
            && let Err(error) = purge(&services).await
        {
            tracing::error!(%error, "old changes of keys, nonces and answers could not be deleted");
        }
        tokio::select! {
            () = services.signals.key_changes() => {}
            () = sleep(LOOK_EVERY) => {}
            _ = stop.changed() => {}
        }
    }
}

async fn purge(services: &Services) -> Result<(), ServiceError> {
    purge_changes(services).await?;
    purge_nonces(services).await?;
    idempotency::purge(services).await?;
    Ok(())
}
