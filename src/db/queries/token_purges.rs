//! Deletes what tokens of ended keys leave behind, and tokens that were ended all together.
//!
//! Why so: a token without an end has no instant by which it would be found once its key is over, and nobody
//! may look through all keys and tokens for it. The database's triggers write down which keys there are
//! (`token_purges`); each row is taken away when nothing is left.
//! Never: a token of a key that may come back, as one whose end is moved or whose owner is enabled again.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{Conn, access_tokens, refresh_tokens};
use crate::{
    db::{
        DbError,
        schema::{key_rules, keys, token_purges as table},
    },
    domain::{key::KeyState, timestamp::Timestamp},
};

/// How many keys are looked at in one transaction.
const KEYS: i64 = 100;

/// Why a family ends with its key.
const KEY_ENDED: &str = "its key was ended";

/// Why a family ends with all others of its key.
const TOGETHER: &str = "all tokens of its key were ended";

/// What of a key's tokens is over.
struct Over {
    /// Those up to this number.
    upto: i64,
    /// When their families ended, as far as that is known.
    since: Timestamp,
    /// Why.
    reason: &'static str,
}

/// Deletes tokens of keys that ended before then, and those that were ended all together, at most that many;
/// how many. Their families count too: they are marked as ended, for `refresh_tokens::purge`; and so does each
/// key that is done with, so that whoever goes on while there is something gets past keys without tokens.
pub async fn purge(
    conn: &mut Conn,
    now: Timestamp,
    before: Timestamp,
    most: i64,
) -> Result<usize, DbError> {
    let due = table::table.filter(table::since.lt(before.as_millis()));
    let due = due.order((table::since, table::id)).limit(KEYS).select((table::id, table::key_id));
    let (mut left, mut done, mut holds_tokens) = (most, 0, false);
    for (id, key_id) in due.load::<(i64, i64)>(conn).await? {
        let over = over(conn, key_id, now, before).await?;
        let deleted = access_tokens::purge_upto(conn, (key_id, over.upto), left).await?;
        left -= deleted;
        holds_tokens |= deleted > 0;
        if holds_tokens {
            // Families come in a later transaction: whoever ends one holds it before its tokens.
            if deleted == 0 || left <= 0 {
                break;
            }
            continue;
        }
        let families = (key_id, over.upto);
        left -= refresh_tokens::mark_ended(conn, over.since, families, over.reason, left).await?;
        if left <= 0 {
            break;
        }
        done += diesel::delete(table::table.find(id)).execute(conn).await?;
    }
    Ok(done + usize::try_from(most - left).unwrap_or(0))
}

/// A key that ended lately still says why its tokens are refused; its row of that moment comes later.
async fn over(
    conn: &mut Conn,
    key_id: i64,
    now: Timestamp,
    before: Timestamp,
) -> Result<Over, DbError> {
    let key = keys::table.find(key_id).filter(keys::state.eq(KeyState::Revoked.as_str()));
    let ended = key.select(keys::revoked_at).first::<Option<i64>>(conn).await.optional()?;
    if let Some(at) = ended.map(|at| at.unwrap_or(0)).filter(|at| *at < before.as_millis()) {
        let since = Timestamp::from_millis(at);
        return Ok(Over { upto: i64::MAX, since, reason: KEY_ENDED });
    }
    let upto = key_rules::table.find(key_id).select(key_rules::tokens_over);
    let upto = upto.first(conn).await.optional()?.unwrap_or(0);
    Ok(Over { upto, since: now, reason: TOGETHER })
}
