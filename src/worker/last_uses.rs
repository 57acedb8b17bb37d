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
    let mut batch = Vec::new();
    while !*stop.borrow() {
        let _ = timeout(GATHER, stop.changed()).await;
        write_all(&services, &mut line, &mut batch).await;
    }
}

/// A batch that cannot be written is kept for the next time; the line behind it has an end, and uses
/// that find it full are noted with the key's next request.
async fn write_all(services: &Services, line: &mut Receiver<KeyUse>, batch: &mut Vec<KeyUse>) {
    loop {
        let room = BATCH - batch.len();
        batch.extend(std::iter::from_fn(|| line.try_recv().ok()).take(room));
        if batch.is_empty() {
            return;
        }
        if let Err(error) = verify::note(services, batch.clone()).await {
            let count = batch.len();
            tracing::error!(%error, count, "when keys were last used could not be written yet");
            return;
        }
        batch.clear();
    }
}
