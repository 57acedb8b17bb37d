//! The manager's side of a delivery: wait for it, look at it, hurry it, call it off.

use std::{pin::pin, time::Duration};

use serde_json::json;
use tokio::time::sleep;

use super::{ServiceError, Services, caller::Caller, deliver};
pub use crate::db::outcomes::{Attempt, DeliveryStatus};
use crate::{
    db,
    domain::{
        audit::{Entry, Event, Object},
        delivery::DeliveryState,
        user::User,
    },
};

/// How long a browser is kept waiting.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// How often a waiting browser's delivery is looked at even if nobody nudged.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The delivery of a grant, if this user approved it.
///
/// # Errors
/// If the database gives no answer.
pub async fn status(
    services: &Services,
    user: &User,
    grant_id: &str,
) -> Result<Option<DeliveryStatus>, ServiceError> {
    let found = db::read!(services.db, delivery_status::of_grant(grant_id))?;
    Ok(found.filter(|status| status.approved_by == user.id))
}

/// Waits until the delivery is over or waits for another attempt, ten seconds at most; then its state.
///
/// # Errors
/// If the database gives no answer.
pub async fn wait(
    services: &Services,
    user: &User,
    grant_id: &str,
) -> Result<Option<DeliveryStatus>, ServiceError> {
    wait_while(services, user, grant_id, is_under_way).await
}

/// Waits after a retry until that attempt is over, ten seconds at most; then the delivery's state.
///
/// # Errors
/// If the database gives no answer.
pub async fn wait_for_attempt(
    services: &Services,
    user: &User,
    grant_id: &str,
) -> Result<Option<DeliveryStatus>, ServiceError> {
    wait_while(services, user, grant_id, |found| is_about_to_end(services, found)).await
}

/// Whether an attempt runs or is due.
pub(super) fn is_about_to_end(services: &Services, found: &DeliveryStatus) -> bool {
    match found.state {
        DeliveryState::Sending => true,
        DeliveryState::Waiting => found.due_at <= services.now(),
        DeliveryState::Delivered | DeliveryState::Failed | DeliveryState::Cancelled => false,
    }
}

async fn wait_while(
    services: &Services,
    user: &User,
    grant_id: &str,
    is_under_way: impl Fn(&DeliveryStatus) -> bool,
) -> Result<Option<DeliveryStatus>, ServiceError> {
    let mut progress = services.signals.progress(grant_id);
    // Only the waiting is cut off: on SQLite a read that is dropped half-way panics (`diesel_async` blocks
    // until it is over, which a web worker's runtime does not allow).
    let mut over = pin!(sleep(PATIENCE));
    loop {
        match status(services, user, grant_id).await? {
            Some(found) if is_under_way(&found) && !over.is_elapsed() => {}
            other => return Ok(other),
        }
        tokio::select! {
            () = progress.next() => {}
            () = sleep(LOOK_EVERY) => {}
            () = &mut over => {}
        }
    }
}

/// Whether an attempt runs or is about to.
fn is_under_way(status: &DeliveryStatus) -> bool {
    match status.state {
        DeliveryState::Sending => true,
        DeliveryState::Waiting => status.failures == 0,
        DeliveryState::Delivered | DeliveryState::Failed | DeliveryState::Cancelled => false,
    }
}

/// Sends at once what waits for its next attempt; whether this user may and it waited.
///
/// # Errors
/// If the database gives no answer.
pub async fn retry_now(
    services: &Services,
    caller: &Caller,
    user: &User,
    grant_id: &str,
) -> Result<bool, ServiceError> {
    match status(services, user, grant_id).await? {
        Some(found) => send_now(services, caller, &found.id, grant_id).await,
        None => Ok(false),
    }
}

/// The same for whoever may, of any delivery; whether it waited.
pub(super) async fn send_now(
    services: &Services,
    caller: &Caller,
    id: &str,
    grant_id: &str,
) -> Result<bool, ServiceError> {
    let now = services.now();
    let (journal, object) = (caller.journal(services), Object::grant(grant_id));
    let (id, details) = (id.to_owned(), json!({ "delivery": id }));
    let retried =
        db::audited!(services.db, journal, deliveries::retry_one(now, &id), |done: &bool| {
            let entry = Entry::done(Event::DeliveryRetried, object, details);
            if *done { vec![entry] } else { Vec::new() }
        })?;
    services.signals.wake_worker();
    Ok(retried)
}

/// Calls a delivery off and ends its key; whether this user may and it was not over.
///
/// # Errors
/// If the database gives no answer.
pub async fn cancel(
    services: &Services,
    caller: &Caller,
    user: &User,
    grant_id: &str,
) -> Result<bool, ServiceError> {
    match status(services, user, grant_id).await? {
        Some(found) => call_off(services, caller, &found.id, grant_id).await,
        None => Ok(false),
    }
}

/// The same for whoever may, of any delivery; whether it was not over.
pub(super) async fn call_off(
    services: &Services,
    caller: &Caller,
    id: &str,
    grant_id: &str,
) -> Result<bool, ServiceError> {
    let now = services.now();
    let found = db::read!(services.db, delivery_list::find(id))?;
    let ended = found.and_then(|(delivery, _)| {
        deliver::key_ended(delivery.kind, delivery.key_id, "delivery cancelled")
    });
    let (journal, object) = (caller.journal(services), Object::grant(grant_id));
    let (id, details) = (id.to_owned(), json!({ "delivery": id }));
    let cancelled =
        db::audited!(services.db, journal, deliveries::cancel_one(now, &id), |done: &bool| {
            let entry = Entry::done(Event::DeliveryCancelled, object, details);
            if *done { [entry].into_iter().chain(ended).collect() } else { Vec::new() }
        })?;
    services.verifier.changes.changed_here(services).await;
    services.signals.tell_progress(grant_id);
    Ok(cancelled)
}
