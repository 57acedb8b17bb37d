//! Sending a delivery: claim it, open it, post it, record how it went.
//!
//! A process may die between any two of these. Then the lease runs out, and whoever claims next sends
//! the very same body again under the same id. Until then nobody may: a lease covers the attempt, the
//! time until it begins, and how far the clocks of two nodes may be apart; and an attempt that could not
//! begin in time does not begin.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;
use tracing::{Instrument as _, field::Empty};
use zeroize::Zeroizing;

use super::{ServiceError, Services, caller::Caller, signing};
pub use crate::{
    db::outcomes::{Claim, Claimed, Recorded},
    domain::delivery::Lane,
};
use crate::{
    db::{
        self,
        outcomes::{Cargo, GivenUp, Recording},
    },
    domain::{
        audit::{Entry, Event, Object},
        callback_url::CallbackUrl,
        delivery::{Attempted, Kind},
        failure::Failure,
        timeline::Timeline,
    },
    fault,
    outbound::Message,
    telemetry::traces,
};

/// How long after its claim an attempt may begin; a database that is slow may take as long.
const BEGIN_WITHIN: Duration = Duration::from_secs(5);

/// How far the clocks of two nodes may be apart. A file has one machine, and so one clock.
const CLOCKS_APART: Duration = Duration::from_secs(10);

/// Claims the pair's delivery that has been due longest.
///
/// # Errors
/// If the database gives no answer.
pub async fn claim(services: &Services) -> Result<Claim, ServiceError> {
    claim_on(services, Lane::Pairs).await
}

/// Claims the delivery of a lane that has been due longest.
///
/// # Errors
/// If the database gives no answer.
pub async fn claim_on(services: &Services, lane: Lane) -> Result<Claim, ServiceError> {
    let (now, lease) = (services.now(), lease(services));
    let journal = Caller::system().journal(services);
    let claim = db::audited!(
        services.db,
        journal,
        deliveries::claim_on(now, lease, lane),
        |claim: &Claim| match claim {
            Claim::GaveUp(given_up) => out_of_time(given_up),
            Claim::Got(_) | Claim::LostRace | Claim::Nothing(_) => Vec::new(),
        }
    )?;
    match &claim {
        Claim::Got(claimed) if claimed.kind != Kind::Event => {
            // The pair opens now: apps test it inside their callback.
            services.verifier.changes.changed_here(services).await;
            fault::point("after-claim").await;
        }
        Claim::GaveUp(GivenUp { grant_id, .. }) => {
            services.verifier.changes.changed_here(services).await;
            services.signals.tell_progress(grant_id);
        }
        Claim::Got(_) | Claim::LostRace | Claim::Nothing(_) => {}
    }
    Ok(claim)
}

fn lease(services: &Services) -> Duration {
    let apart = if services.db.is_sqlite() { Duration::ZERO } else { CLOCKS_APART };
    services.callback_timeout + BEGIN_WITHIN + apart
}

fn out_of_time(GivenUp { id, kind, grant_id, key_id }: &GivenUp) -> Vec<Entry> {
    let details = json!({ "grant": grant_id, "kind": kind.as_str(), "failure": "out_of_time" });
    let object = match kind {
        Kind::Keys => Object::grant(grant_id),
        Kind::Rotation | Kind::Event => Object::delivery(id),
    };
    let failed = Entry::done(Event::DeliveryFailed, object, details);
    [failed].into_iter().chain(key_ended(*kind, *key_id, "delivery failed")).collect()
}

/// A key whose first delivery did not succeed ends with it.
pub(super) fn key_ended(kind: Kind, key_id: i64, reason: &str) -> Option<Entry> {
    let details = json!({ "reason": reason });
    (kind == Kind::Keys).then(|| Entry::done(Event::KeyRevoked, Object::key(key_id), details))
}

/// An attempt that is over, still to be recorded.
pub struct Sent {
    /// The delivery's id.
    pub id: String,
    kind: Kind,
    grant_id: String,
    attempt: i64,
    attempted: Attempted,
}

/// Sends a delivery that was claimed after `since`; nothing if it is too late to begin, since somebody
/// else may claim it before this attempt were over.
pub async fn send(services: &Services, claimed: Claimed, since: Instant) -> Option<Sent> {
    let url = target(&claimed).target();
    let span = tracing::error_span!(
        "delivery",
        otel.kind = "client",
        delivery = claimed.id,
        kind = claimed.kind.as_str(),
        attempt = claimed.attempt,
        outcome = Empty,
        server.address = url.host_str(),
        server.port = url.port_or_known_default(),
        trace_id = Empty,
    );
    if let Some(trace_id) = traces::trace_id(&span) {
        span.record("trace_id", trace_id);
    }
    let Some(sent) = attempt(services, claimed, since).instrument(span.clone()).await else {
        span.record("outcome", "not_begun");
        return None;
    };
    span.record("outcome", sent.attempted.failure.as_ref().map_or("delivered", Failure::code));
    if let Some(failure) = &sent.attempted.failure {
        traces::failed(&span, failure.code());
    }
    Some(sent)
}

async fn attempt(services: &Services, claimed: Claimed, since: Instant) -> Option<Sent> {
    let host = target(&claimed).host();
    let (id, grant_id, attempt) = (claimed.id.clone(), claimed.grant_id.clone(), claimed.attempt);
    let kind = claimed.kind;
    let Some(attempted) = post(services, claimed, since).await else {
        tracing::warn!(attempt, "it took too long until this attempt could begin");
        return None;
    };
    let (word, took_ms) =
        (attempted.failure.as_ref().map(Failure::code), attempted.timeline.took_ms);
    let what = kind.as_str();
    services.metrics.attempts.ended(kind, attempt, attempted.failure.as_ref());
    tracing::info!(what, attempt, host, failure = word, took_ms, "callback sent");
    Some(Sent { id, kind, grant_id, attempt, attempted })
}

/// Records how an attempt went. May be tried again: it changes nothing the second time.
///
/// # Errors
/// If the database gives no answer.
pub async fn record(services: &Services, sent: &Sent) -> Result<Recorded, ServiceError> {
    let (id, attempt, attempted) = (sent.id.clone(), sent.attempt, sent.attempted.clone());
    let now = services.now();
    let journal = Caller::system().journal(services);
    let (object, details) = (Object::delivery(&sent.id), details(sent));
    let kind = sent.kind;
    let recording = db::audited!(
        services.db,
        journal,
        deliveries::record(now, &id, attempt, &attempted),
        |recording: &Recording| entries(kind, recording, object, details),
    )?;
    if sent.kind != Kind::Event {
        services.verifier.changes.changed_here(services).await;
    }
    services.signals.tell_progress(&sent.grant_id);
    services.signals.wake_worker();
    Ok(recording.recorded)
}

fn details(sent: &Sent) -> Value {
    json!({
        "grant": sent.grant_id, "kind": sent.kind.as_str(), "attempt": sent.attempt,
        "failure": sent.attempted.failure.as_ref().map(Failure::code),
    })
}

/// What is written down about an attempt that was the last one.
fn entries(kind: Kind, recording: &Recording, object: Object, details: Value) -> Vec<Entry> {
    let key_id = recording.key_id;
    let mut entries = match recording.recorded {
        Recorded::Delivered => vec![Entry::done(Event::Delivered, object, details)],
        Recorded::GaveUp => vec![Entry::done(Event::DeliveryFailed, object, details)],
        Recorded::RetryAt(_) | Recorded::Superseded => Vec::new(),
    };
    if kind == Kind::Rotation && recording.recorded == Recorded::Delivered {
        let details = json!({ "step": "taken" });
        entries.push(Entry::done(Event::KeyRotated, Object::key(key_id), details));
    }
    if recording.recorded == Recorded::GaveUp {
        entries.extend(key_ended(kind, key_id, "delivery failed"));
    }
    let reason = format!("replaced by key {key_id}");
    let replaced =
        |id: &i64| Entry::done(Event::KeyRevoked, Object::key(*id), json!({ "reason": reason }));
    entries.extend(recording.replaced.iter().map(replaced));
    entries
}

fn target(claimed: &Claimed) -> &CallbackUrl {
    let request = &claimed.request;
    match &claimed.cargo {
        Cargo::Sealed(_) => &request.callback_url,
        Cargo::Event(_) => request.events_url.as_ref().unwrap_or(&request.callback_url),
    }
}

async fn post(services: &Services, claimed: Claimed, since: Instant) -> Option<Attempted> {
    let url = target(&claimed).target();
    let Claimed { id, request, grant_id, cargo, .. } = claimed;
    let opened = match cargo {
        Cargo::Sealed(sealed) => sealed.open(&services.keyring, &id).ok(),
        Cargo::Event(facts) => {
            Some(Zeroizing::new(facts.body(&request, &grant_id, &services.public_url)))
        }
    };
    let Some(body) = opened else {
        let failure = Some(Failure::CannotOpen);
        return Some(Attempted { failure, timeline: Timeline::default() });
    };
    let signature = signing::sign(services, &id, &body).await;
    if since.elapsed() > BEGIN_WITHIN {
        return None;
    }
    Some(services.callbacks.post(Message { url, body, signature }).await)
}
