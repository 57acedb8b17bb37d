//! Looks after what nobody waits for: ends previous pairs whose time is over, warns of keys that end soon,
//! and throws away what need not be known any more.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, time::timeout};

use crate::service::{
    ServiceError, Services, access_tokens, expiring, idempotency, keys, licenses,
    verify::{purge_changes, purge_nonces},
};

/// How often is looked. A pair opens nothing once its time is over, whether it was looked at or not; and
/// a warning of days need not come to the second.
const LOOK_EVERY: Duration = Duration::from_mins(2);

/// After how many looks old things are thrown away: ten minutes.
const PURGE_EVERY: u32 = 5;

/// Runs until `stop` says so.
pub async fn run(services: Arc<Services>, mut stop: watch::Receiver<bool>) {
    let mut looks = 0_u32;
    while !*stop.borrow() {
        if let Err(error) = look(&services).await {
            tracing::error!(%error, "keys could not be looked after");
        }
        looks += 1;
        if looks.is_multiple_of(PURGE_EVERY)
            && let Err(error) = purge(&services).await
        {
            tracing::error!(%error, "old changes of keys, nonces and answers could not be deleted");
        }
        if looks.is_multiple_of(PURGE_EVERY) {
            // It pauses between its batches; who stops does not wait for the rest.
            tokio::select! {
                () = purge_tokens(&services) => {}
                _ = stop.changed() => {}
            }
        }
        let _ = timeout(LOOK_EVERY, stop.changed()).await;
    }
}

async fn purge_tokens(services: &Services) {
    if let Err(error) = licenses::purge(services).await {
        tracing::error!(%error, "tokens of licenses that are over could not be deleted");
    }
    match access_tokens::purge(services).await {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "tokens and codes that are over were deleted"),
        Err(error) => tracing::error!(%error, "tokens that are over could not be deleted"),
    }
}

async fn look(services: &Services) -> Result<(), ServiceError> {
    keys::end_overdue(services).await?;
    expiring::warn(services).await?;
    Ok(())
}

async fn purge(services: &Services) -> Result<(), ServiceError> {
    purge_changes(services).await?;
    purge_nonces(services).await?;
    idempotency::purge(services).await?;
    Ok(())
}
