//! Deletes what is over: in small batches with pauses, so that nobody who writes waits for it.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use crate::{
    db::{self, token_outcomes::Purged},
    domain::{
        audit::{Entry, Event, Object},
        timestamp::Timestamp,
    },
    service::{ServiceError, Services, caller::Caller},
};

/// How long the rows stay that say why a token is refused.
const KEPT: Duration = Duration::from_hours(24);

/// How many go in one transaction.
const AT_ONCE: i64 = 500;

/// How long others may write between two batches.
const PAUSE: Duration = Duration::from_millis(50);

/// How many batches of each kind one call deletes at most; the next call goes on.
const BATCHES: usize = 5_000;

/// Deletes tokens, refresh tokens and codes that ended a day ago, by themselves or with their key; how many.
///
/// # Errors
/// If the database gives no answer.
pub async fn purge(services: &Services) -> Result<usize, ServiceError> {
    let before = services.now().minus(KEPT);
    let mut all = 0;
    for _ in 0..BATCHES {
        let now = services.now();
        let mut deleted = db::write!(services.db, access_tokens::purge(before, AT_ONCE))?;
        deleted += db::write!(services.db, token_purges::purge(now, before, AT_ONCE))?;
        deleted += refresh_tokens(services, before).await?;
        deleted += db::write!(services.db, authorization_codes::purge(before, AT_ONCE))?;
        all += deleted;
        if deleted == 0 {
            break;
        }
        sleep(PAUSE).await;
    }
    Ok(all)
}

/// The connections that end with their last token are written down.
async fn refresh_tokens(services: &Services, before: Timestamp) -> Result<usize, ServiceError> {
    let (now, journal) = (services.now(), Caller::system().journal(services));
    let purged = db::audited!(
        services.db,
        journal,
        refresh_tokens::purge(now, before, AT_ONCE),
        |purged: &Purged| {
            let entry = |(id, reason): &(i64, String)| {
                Entry::done(Event::KeyRevoked, Object::key(*id), json!({ "reason": reason }))
            };
            purged.ended.iter().map(entry).collect()
        },
    )?;
    Ok(purged.deleted)
}
