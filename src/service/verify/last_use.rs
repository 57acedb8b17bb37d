//! When each key was last used: noted at most once a minute a key, written in batches, off the way of
//! the request.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use tokio::sync::mpsc::{self, Receiver, Sender};

use super::Pass;
pub use crate::db::outcomes::KeyUse;
use crate::{
    db,
    domain::{api_request::ApiRequest, text, timestamp::Timestamp},
    service::{ServiceError, Services},
};

/// How many uses may wait to be written. Beyond that a use is noted with the next request.
const LINE: usize = 4_096;

/// How long one note holds, in milliseconds.
const HOLDS: i64 = 60_000;

/// How much of a client's name is kept, in characters.
const NAME: usize = 200;

/// Where uses wait to be written.
pub struct LastUses {
    line: Sender<KeyUse>,
    end: Mutex<Option<Receiver<KeyUse>>>,
    dropped: AtomicU64,
}

impl Default for LastUses {
    fn default() -> Self {
        let (line, end) = mpsc::channel(LINE);
        Self { line, end: Mutex::new(Some(end)), dropped: AtomicU64::new(0) }
    }
}

impl LastUses {
    /// The end of the line, for the one worker that writes; nothing the second time.
    pub fn end(&self) -> Option<Receiver<KeyUse>> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// How many were not noted, since too many wait.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Notes a use, unless one was noted within the minute; whether it did. Uses for writing are noted
    /// apart, so that a key that mostly reads is seen to write.
    pub(super) fn saw(&self, pass: &Pass, request: &ApiRequest<'_>, now: Timestamp) -> bool {
        let wrote = request.writes();
        let noted = pass.noted();
        let noted_at = if wrote { &noted.wrote_at } else { &noted.at };
        let noted = noted_at.load(Ordering::Relaxed);
        let now_ms = now.as_millis();
        if now_ms - noted < HOLDS {
            return false;
        }
        let taken = noted_at.compare_exchange(noted, now_ms, Ordering::Relaxed, Ordering::Relaxed);
        if taken.is_ok() && self.line.try_send(key_use(pass, request, now, wrote)).is_err() {
            noted_at.store(noted, Ordering::Relaxed);
            self.dropped.fetch_add(1, Ordering::Relaxed);
        } else if taken.is_ok()
            && let Some(client) = pass.client_id()
        {
            // The app's own key is in use, too. One that finds no room is noted the next time.
            let used =
                KeyUse { key_id: client, token_id: None, ..key_use(pass, request, now, wrote) };
            let _ = self.line.try_send(used);
        }
        taken.is_ok()
    }
}

fn key_use(pass: &Pass, request: &ApiRequest<'_>, now: Timestamp, wrote: bool) -> KeyUse {
    let name = |agent: &str| text::shortened(&text::visible(agent), NAME);
    KeyUse {
        key_id: pass.identity().key_id,
        at: now,
        address: request.client,
        client: request.agent.map(name).filter(|name| !name.is_empty()),
        wrote,
        token_id: pass.token_id(),
    }
}

/// Writes a batch in one transaction.
///
/// # Errors
/// If the database gives no answer.
pub async fn note(services: &Services, uses: Vec<KeyUse>) -> Result<(), ServiceError> {
    Ok(db::write!(services.db, key_uses::note(uses))?)
}

/// The last use of a key that was written.
///
/// # Errors
/// If the database gives no answer.
pub async fn last_use(services: &Services, key_id: i64) -> Result<Option<KeyUse>, ServiceError> {
    Ok(db::read!(services.db, key_uses::of(key_id))?)
}
