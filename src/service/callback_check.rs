//! The early word on a callback: what can be known of its address before anybody approves.
//!
//! The name is looked up and vetted as a delivery would do it, two seconds at most, and the verdict is
//! kept for a minute. Nothing is sent to the app, not even a connection made. A verdict stops nobody:
//! the delivery looks for itself, each time.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use tokio::time::timeout;

use super::Services;
use crate::{
    domain::{callback_url::CallbackUrl, failure::Failure, timestamp::Timestamp},
    outbound::CallbackClient,
};

/// How long a page waits for the verdict.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a verdict holds.
const KEPT: Duration = Duration::from_mins(1);

/// How many verdicts are kept.
const MOST: usize = 1000;

/// What is known of a callback's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Its name leads to addresses that may be reached.
    Fine,
    /// A delivery would fail now.
    Wrong(Failure),
    /// It could not be found out in time.
    Unknown,
}

/// Looks at callbacks' addresses, and remembers what it saw.
pub struct CallbackChecks {
    verdicts: Verdicts,
    callbacks: CallbackClient,
}

impl CallbackChecks {
    /// Checks with that client. Its look-ups should be its own: slow names must not hold up deliveries.
    pub fn new(callbacks: CallbackClient) -> Self {
        Self { verdicts: Verdicts::default(), callbacks }
    }
}

/// The verdicts of the last minute.
#[derive(Default)]
struct Verdicts(Mutex<HashMap<String, (Timestamp, Verdict)>>);

impl Verdicts {
    fn held(&self) -> MutexGuard<'_, HashMap<String, (Timestamp, Verdict)>> {
        self.0.lock().expect("nothing panics while it holds the verdicts")
    }

    fn known(&self, host: &str, now: Timestamp) -> Option<Verdict> {
        let verdicts = self.held();
        let (at, verdict) = verdicts.get(host)?;
        is_fresh(*at, now).then(|| verdict.clone())
    }

    fn keep(&self, host: &str, now: Timestamp, verdict: Verdict) {
        let mut verdicts = self.held();
        if verdicts.len() >= MOST {
            verdicts.retain(|_, (at, _)| is_fresh(*at, now));
        }
        if verdicts.len() < MOST {
            verdicts.insert(host.to_owned(), (now, verdict));
        }
    }
}

fn is_fresh(at: Timestamp, now: Timestamp) -> bool {
    at <= now && now.since(at) < KEPT
}

/// What is known of this callback's address.
pub async fn check(services: &Services, callback_url: &CallbackUrl) -> Verdict {
    let (checks, now, target) = (&services.callback_checks, services.now(), callback_url.target());
    let host = target.host_str().unwrap_or_default();
    if let Some(verdict) = checks.verdicts.known(host, now) {
        return verdict;
    }
    let verdict = match timeout(PATIENCE, checks.callbacks.vet(&target)).await {
        Ok(Ok(_)) => Verdict::Fine,
        Ok(Err(failure)) => Verdict::Wrong(failure),
        Err(_) => return Verdict::Unknown, // not kept: the next one may get an answer
    };
    checks.verdicts.keep(host, now, verdict.clone());
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_hold_for_a_minute_and_are_bounded() {
        let checks = Verdicts::default();
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1000);
        checks.keep("a", at(0), Verdict::Fine);
        assert_eq!(checks.known("a", at(59)), Some(Verdict::Fine));
        assert_eq!(checks.known("a", at(60)), None);
        assert_eq!(checks.known("a", at(-1)), None, "a clock put back makes nothing fresh");
        for number in 0..2 * MOST {
            checks.keep(&number.to_string(), at(1), Verdict::Unknown);
        }
        assert_eq!(checks.held().len(), MOST);
        checks.keep("b", at(100), Verdict::Fine);
        assert_eq!(checks.held().len(), 1, "what is stale makes room");
    }
}
