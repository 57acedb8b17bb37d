//! Warns of keys that end soon: in the audit log, and to apps that want to hear of it.
//!
//! Walks along the index of ends in small batches. Each warning is a row that exists once, so that of
//! all processes one gives it; another end begins anew.

use serde_json::json;

use super::{ServiceError, Services, caller::Caller};
use crate::{
    db,
    domain::{
        audit::{Entry, Event, Object},
        expiry::Warning,
    },
};

/// How many keys are looked at at once.
const BATCH: i64 = 200;

/// Gives the warnings that are due; how many.
///
/// # Errors
/// If the database gives no answer.
pub async fn warn(services: &Services) -> Result<usize, ServiceError> {
    let (now, mut place, mut given) = (services.now(), (0, 0), 0);
    loop {
        let keys = db::read!(services.db, key_warnings::ending(now, place, BATCH))?;
        let Some((id, _, end)) = keys.last() else { return Ok(given) };
        place = (end.as_millis(), *id);
        let due = keys.iter().filter_map(|(id, made, end)| Warning::due(*id, *made, *end, now));
        let missing = db::read!(services.db, key_warnings::missing(due.collect()))?;
        if !missing.is_empty() {
            given += give(services, missing).await?;
        }
    }
}

async fn give(services: &Services, warnings: Vec<Warning>) -> Result<usize, ServiceError> {
    let (now, journal) = (services.now(), Caller::system().journal(services));
    let given =
        db::audited!(services.db, journal, key_warnings::give(now, warnings), |given: &Vec<
            Warning,
        >| given
            .iter()
            .map(entry)
            .collect(),)?;
    services.signals.wake_worker();
    Ok(given.len())
}

fn entry(warning: &Warning) -> Entry {
    let details = json!({ "expires_at": warning.expires_at.to_string(), "days": warning.days });
    Entry::done(Event::KeyExpiring, Object::key(warning.key_id), details)
}
