//! Listens for changes of keys where the database tells of them, and passes the nudge on.
//!
//! Apart from `key_changes`, which looks by the clock: making a connection can take seconds, and nobody
//! may wait for that to look. Each new connection is a nudge too, since nobody listened before it.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, time::sleep};

use crate::service::{ServiceError, Services, verify};

/// How long to leave a server alone that hung up.
const AFTER_TROUBLE: Duration = Duration::from_secs(1);

/// Runs until `stop` says so.
pub async fn run(services: Arc<Services>, mut stop: watch::Receiver<bool>) {
    let mut trouble = false;
    while !*stop.borrow() {
        let listened = tokio::select! {
            listened = listen(&services, &mut trouble) => listened,
            _ = stop.changed() => return,
        };
        if listened.is_err() {
            services.metrics.key_change_listener.is_connected(false);
        }
        match listened {
            Ok(()) => return drop(stop.changed().await),
            Err(error) if trouble => tracing::debug!(%error, "still nobody tells of changed keys"),
            Err(error) => {
                tracing::warn!(%error, "nobody tells of changed keys; they are looked for by the clock");
            }
        }
        trouble = true;
        tokio::select! {
            () = sleep(AFTER_TROUBLE) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Passes on what is told until the connection is lost; ends where nobody tells.
async fn listen(services: &Services, trouble: &mut bool) -> Result<(), ServiceError> {
    let Some(mut listener) = verify::listen(services).await? else {
        return Ok(());
    };
    if std::mem::take(trouble) {
        tracing::info!("changed keys are told of again");
    }
    services.metrics.key_change_listener.is_connected(true);
    loop {
        services.signals.tell_key_changes();
        listener.changed().await?;
    }
}
