//! Sends what is due on a lane: claims one delivery after the other, sends some side by side.
//!
//! A slow app keeps one slot busy until its time is up; the others go on. Pairs and events have slots of
//! their own, so that events to slow apps hold up nobody who waits.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::service::{
    Services,
    deliver::{self, Claim, Claimed, Lane},
};

/// How many attempts to hand over pairs run side by side.
pub const AT_ONCE: usize = 256;

/// How many events are sent side by side.
const EVENTS_AT_ONCE: usize = 32;

/// How often the database is looked at even if nobody nudged: another process may have written.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long to leave a database alone that gave no answer.
const AFTER_TROUBLE: Duration = Duration::from_secs(1);

/// How often an outcome is tried to be recorded.
const RECORD_TRIES: usize = 10;

/// Runs until `stop` says so; then lets the attempts under way finish.
pub async fn run(services: Arc<Services>, lane: Lane, mut stop: watch::Receiver<bool>) {
    let slots = Arc::new(Semaphore::new(match lane {
        Lane::Pairs => AT_ONCE,
        Lane::Events => EVENTS_AT_ONCE,
    }));
    let mut attempts = JoinSet::new();
    while !*stop.borrow() {
        while attempts.try_join_next().is_some() {}
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
            break;
        };
        let since = Instant::now();
        match deliver::claim_on(&services, lane).await {
            Ok(Claim::Got(claimed)) => {
                let services = Arc::clone(&services);
                attempts.spawn(async move {
                    attempt(&services, *claimed, since).await;
                    drop(slot);
                });
            }
            Ok(Claim::GaveUp(_) | Claim::LostRace) => {}
            Ok(Claim::Nothing(due)) => {
                let wait = due.map_or(LOOK_EVERY, |at| at.since(services.now()).min(LOOK_EVERY));
                rest(&services, lane, &mut stop, wait).await;
            }
            Err(error) => {
                tracing::error!(%error, "the next delivery could not be claimed");
                rest(&services, lane, &mut stop, AFTER_TROUBLE).await;
            }
        }
    }
    while attempts.join_next().await.is_some() {}
}

/// Sends, and records how it went; a database that gives no answer is asked again until about the end
/// of the lease. What then is not recorded is sent again, which the app recognises by its id.
async fn attempt(services: &Services, claimed: Claimed, since: Instant) {
    let Some(sent) = deliver::send(services, claimed, since).await else { return };
    for _ in 0..RECORD_TRIES {
        match deliver::record(services, &sent).await {
            Ok(recorded) => return tracing::debug!(delivery = sent.id, ?recorded, "recorded"),
            Err(error) => tracing::error!(delivery = sent.id, %error, "not recorded"),
        }
        sleep(AFTER_TROUBLE).await;
    }
}

async fn rest(services: &Services, lane: Lane, stop: &mut watch::Receiver<bool>, wait: Duration) {
    tokio::select! {
        () = services.signals.work(lane) => {}
        () = sleep(wait.max(Duration::from_millis(5))) => {}
        _ = stop.changed() => {}
    }
}
