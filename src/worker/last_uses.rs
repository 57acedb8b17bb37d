//! Writes when keys were last used: in batches, the rest at the end.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc::Receiver, watch},
    time::timeout,
};

use crate::service::{
    ServiceError, Services,
    verify::{self, KeyUse},
};

/// How long uses gather before they are written.
const GATHER: Duration = Duration::from_secs(2);

/// How many are written in one transaction.
const BATCH: usize = 500;

/// How often a batch is tried that the database refuses. A key that somebody deleted by hand refuses it
/// for ever, and others wait behind it.
const TRIES: u32 = 5;

/// Runs until `stop` says so; then writes what waits.
pub async fn run(services: Arc<Services>, mut stop: watch::Receiver<bool>) {
    let Some(mut line) = services.verifier.uses.end() else {
        return;
    };
    let mut batch = Batch::default();
    while !*stop.borrow() {
        let _ = timeout(GATHER, stop.changed()).await;
        batch.write_all(&services, &mut line).await;
    }
}

/// Uses that are to be written next.
#[derive(Default)]
struct Batch {
    uses: Vec<KeyUse>,
    refused: u32,
}

impl Batch {
    /// What cannot be written is kept for the next time; the line behind it has an end, and uses that find
    /// it full are noted with the key's next request.
    async fn write_all(&mut self, services: &Services, line: &mut Receiver<KeyUse>) {
        loop {
            let room = BATCH - self.uses.len();
            self.uses.extend(std::iter::from_fn(|| line.try_recv().ok()).take(room));
            if self.uses.is_empty() {
                return;
            }
            if let Err(error) = verify::note(services, self.uses.clone()).await {
                return self.failed(&error);
            }
            *self = Self::default();
        }
    }

    fn failed(&mut self, error: &ServiceError) {
        let count = self.uses.len();
        self.refused += u32::from(!error.is_away());
        if self.refused < TRIES {
            tracing::error!(%error, count, "when keys were last used could not be written yet");
        } else {
            tracing::error!(%error, count, "when keys were last used could not be written");
            *self = Self::default();
        }
    }
}
