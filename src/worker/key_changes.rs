//! Hears of keys that other processes changed: by the clock, and when it is told.
//!
//! Never: any other work in here. While something else is done, nothing is heard.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, time::sleep};

use crate::service::{ServiceError, Services, verify::LOOK_EVERY};

/// How long to leave a database alone that gave no answer.
const AFTER_TROUBLE: Duration = Duration::from_secs(1);

/// Runs until `stop` says so.
pub async fn run(services: Arc<Services>, mut stop: watch::Receiver<bool>) {
    let mut trouble = false;
    while !*stop.borrow() {
        let heard = services.verifier.changes.catch_up(&services).await;
        tell(&heard, trouble);
        trouble = heard.is_err();
        let wait = if trouble { AFTER_TROUBLE } else { LOOK_EVERY };
        tokio::select! {
            () = services.signals.key_changes() => {}
            () = sleep(wait) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Once when trouble begins, and once when it is over.
fn tell(heard: &Result<(), ServiceError>, trouble: bool) {
    match heard {
        Ok(()) if trouble => tracing::info!("changes of keys can be read again"),
        Ok(()) => {}
        Err(error) if trouble => tracing::debug!(%error, "changes of keys still cannot be read"),
        Err(error) => tracing::error!(%error, "changes of keys could not be read"),
    }
}
