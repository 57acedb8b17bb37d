//! Sending a delivery: claim it, open it, post it, record how it went.
//!
//! A process may die between any two of these. Then the lease runs out, and whoever claims next sends
//! the very same body again under the same id.

use std::time::Duration;

use serde_json::json;

use super::{ServiceError, Services, caller::Caller, signing};
pub use crate::db::outcomes::{Claim, Claimed, Recorded};
use crate::{
    db,
    domain::{
        audit::{Entry, Event, Object},
        delivery::Attempted,
        failure::Failure,
        timeline::Timeline,
    },
    fault,
    outbound::Message,
};

/// How much longer than an attempt its lease lasts.
const LEASE_MARGIN: Duration = Duration::from_secs(5);

/// Claims the delivery that has been due longest.
///
/// # Errors
/// If the database gives no answer.
pub async fn claim(services: &Services) -> Result<Claim, ServiceError> {
    let (now, lease) = (services.now(), services.callback_timeout + LEASE_MARGIN);
    let journal = Caller::system().journal(services);
    let claim =
        db::audited!(services.db, journal, deliveries::claim(now, lease), |claim: &Claim| {
            match claim {
                Claim::GaveUp(grant_id) => {
                    let details = json!({ "failure": "out_of_time" });
                    let object = Object::grant(grant_id);
                    vec![Entry::done(Event::DeliveryFailed, object, details)]
                }
                Claim::Got(_) | Claim::LostRace | Claim::Nothing(_) => Vec::new(),
            }
        })?;
    match &claim {
        Claim::Got(_) => {
            // The key opens now: apps test it inside their callback.
            services.verifier.changes.changed_here(services).await;
            fault::point("after-claim").await;
        }
        Claim::GaveUp(grant_id) => {
            services.verifier.changes.changed_here(services).await;
            services.signals.tell_progress(grant_id);
        }
        Claim::LostRace | Claim::Nothing(_) => {}
    }
    Ok(claim)
}

/// An attempt that is over, still to be recorded.
pub struct Sent {
    /// The delivery's id.
    pub id: String,
    grant_id: String,
    attempt: i64,
    attempted: Attempted,
}

/// Sends a claimed delivery.
pub async fn send(services: &Services, claimed: Claimed) -> Sent {
    let host = claimed.request.callback_url.host();
    let (id, grant_id, attempt) = (claimed.id.clone(), claimed.grant_id.clone(), claimed.attempt);
    let attempted = post(services, claimed).await;
    let (word, took_ms) =
        (attempted.failure.as_ref().map(Failure::code), attempted.timeline.took_ms);
    tracing::info!(delivery = id, attempt, host, failure = word, took_ms, "callback sent");
    Sent { id, grant_id, attempt, attempted }
}

/// Records how an attempt went. May be tried again: it changes nothing the second time.
///
/// # Errors
/// If the database gives no answer.
pub async fn record(services: &Services, sent: &Sent) -> Result<Recorded, ServiceError> {
    let (id, attempt, attempted) = (sent.id.clone(), sent.attempt, sent.attempted.clone());
    let now = services.now();
    let journal = Caller::system().journal(services);
    let object = Object::delivery(&sent.id);
    let details = json!({
        "grant": sent.grant_id, "attempt": attempt,
        "failure": sent.attempted.failure.as_ref().map(Failure::code),
    });
    let recorded = db::audited!(
        services.db,
        journal,
        deliveries::record(now, &id, attempt, &attempted),
        |recorded: &Recorded| match recorded {
            Recorded::Delivered => vec![Entry::done(Event::Delivered, object, details)],
            Recorded::GaveUp => vec![Entry::done(Event::DeliveryFailed, object, details)],
            Recorded::RetryAt(_) | Recorded::Superseded => Vec::new(),
        },
    )?;
    services.verifier.changes.changed_here(services).await;
    services.signals.tell_progress(&sent.grant_id);
    services.signals.wake_worker();
    Ok(recorded)
}

async fn post(services: &Services, claimed: Claimed) -> Attempted {
    let Claimed { id, request, sealed, .. } = claimed;
    let Ok(body) = sealed.open(&services.keyring, &id) else {
        return Attempted { failure: Some(Failure::CannotOpen), timeline: Timeline::default() };
    };
    let signature = signing::sign(services, &id, &body).await;
    let url = request.callback_url.target();
    services.callbacks.post(Message { url, body, signature }).await
}
