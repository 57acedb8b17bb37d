//! Writes when keys were last used: in batches, the rest at the end.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc::Receiver, watch},
    time::timeout,
};

use crate::service::{
    Services,
    verify::{self, KeyUse},
};

/// How long uses gather before they are written.
const GATHER: Duration = Duration::from_secs(2);

/// How many are written in one transaction.
const BATCH: usize = 500;

/// Runs until `stop` says so; then writes what waits.
pub async fn run(services: Arc<Services>, mut stop: watch::Receiver<bool>) {
    let Some(mut line) = services.verifier.uses.end() else {
        return;
    };
    while !*stop.borrow() {
        let _ = timeout(GATHER, stop.changed()).await;
        write_all(&services, &mut line).await;
    }
}

async fn write_all(services: &Services, line: &mut Receiver<KeyUse>) {
    loop {
        let uses: Vec<_> = std::iter::from_fn(|| line.try_recv().ok()).take(BATCH).collect();
        if uses.is_empty() {
            return;
        }
        let count = uses.len();
        if let Err(error) = verify::note(services, uses).await {
            tracing::error!(%error, count, "when keys were last used could not be written");
            return;
        }
    }
}
