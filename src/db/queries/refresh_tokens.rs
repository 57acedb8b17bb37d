//! Refresh tokens and their families: each token is used once, and the second use of one ends all that
//! came of the first (RFC 9700 §4.14.2), but for a moment in which the answer may have been lost.

use std::time::Duration;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{Conn, access_tokens, key_rules};
use crate::{
    db::{
        DbError,
        schema::{
            access_tokens as tokens, connections, keys, refresh_tokens as table,
            token_families as families,
        },
        token_outcomes::{NewRefresh, NewToken, Purged, RefreshRecord, Spent},
    },
    domain::{keyring::Lookup, timestamp::Timestamp, token_life::TokenLife},
};

/// How long a spent token gets another pair: an answer may be lost, and two threads of an app may refresh
/// at once.
pub const GRACE: Duration = Duration::from_secs(30);

/// Why a connection ends that was not used.
const UNUSED: &str = "its app did not use it for so long that its tokens ended";

/// How long a spent token is recognised that had no end.
const RECOGNISED: Duration = Duration::from_hours(90 * 24);

/// Why a family ends whose token was used again.
pub const REUSED: &str = "a refresh token was used again";

#[derive(Queryable, Selectable)]
#[diesel(table_name = families)]
struct FamilyRow {
    id: i64,
    key_id: i64,
    client_id: Option<i64>,
    permissions: String,
    seconds: Option<i64>,
    revoked_at: Option<i64>,
}

/// The refresh token of that hash, whatever its state.
pub async fn by_lookup(conn: &mut Conn, lookup: &[u8]) -> Result<Option<RefreshRecord>, DbError> {
    let found: Option<(FamilyRow, Vec<u8>, Option<i64>, Option<i64>)> = table::table
        .inner_join(families::table.on(families::id.eq(table::family)))
        .inner_join(keys::table.on(keys::id.eq(families::key_id)))
        .filter(table::lookup.eq(lookup))
        .select((FamilyRow::as_select(), keys::lookup, table::expires_at, table::spent_at))
        .first(conn)
        .await
        .optional()?;
    let Some((family, key, expires_at, spent_at)) = found else { return Ok(None) };
    let over = key_rules::of(conn, family.key_id).await?.tokens_over;
    let asked = family
        .seconds
        .map(|seconds| TokenLife::of(seconds).ok_or(DbError::Corrupt("token_families.seconds")));
    Ok(Some(RefreshRecord {
        family: family.id,
        key_id: family.key_id,
        key: access_tokens::whole(key)?,
        client_id: family.client_id,
        permissions: access_tokens::permissions(&family.permissions)?,
        asked: asked.transpose()?,
        expires_at: expires_at.map(Timestamp::from_millis),
        spent_at: spent_at.map(Timestamp::from_millis),
        revoked: family.revoked_at.is_some() || family.id <= over,
    }))
}

/// Writes a refresh token of a family; `parent` was exchanged for it.
pub(super) async fn insert(
    conn: &mut Conn,
    now: Timestamp,
    (family, parent): (i64, Option<&Lookup>),
    new: &NewRefresh,
) -> Result<(), DbError> {
    let row = (
        table::lookup.eq(&new.lookup[..]),
        table::family.eq(family),
        table::parent.eq(parent.map(|parent| parent.to_vec())),
        table::created_at.eq(now.as_millis()),
        table::expires_at.eq(new.expires_at.map(Timestamp::as_millis)),
    );
    diesel::insert_into(table::table).values(row).execute(conn).await?;
    Ok(())
}

/// Uses a refresh token: a fresh pair stands in its place, all in one. The family's row is held, so of
/// two at once the second sees what the first did.
pub async fn spend(
    conn: &mut Conn,
    now: Timestamp,
    lookup: Lookup,
    next: NewToken,
) -> Result<Spent, DbError> {
    let row = table::table.find(lookup.to_vec()).select((table::family, table::expires_at));
    let row: Option<(i64, Option<i64>)> = row.first(conn).await.optional()?;
    let Some((family, expires_at)) = row else { return Ok(Spent::Over) };
    if !hold_family(conn, family).await? || expires_at.is_some_and(|end| end <= now.as_millis()) {
        return Ok(Spent::Over);
    }
    if key_rules::of(conn, next.key_id).await?.tokens_over >= family {
        return Ok(Spent::Over);
    }
    let spent = match spent_at(conn, &lookup).await? {
        None => {
            retire_others(conn, now, family, &lookup).await?;
            Spent::Fresh
        }
        Some(at) if is_forgiven(conn, (family, &lookup), at, now).await? => Spent::Again,
        Some(_) => {
            end_family(conn, now, family, REUSED).await?;
            return Ok(Spent::Reused);
        }
    };
    let unspent = table::table.find(lookup.to_vec()).filter(table::spent_at.is_null());
    // A spent one is kept to be recognised, and not for ever.
    let kept = expires_at.unwrap_or(now.plus(RECOGNISED).as_millis());
    let values = (table::spent_at.eq(now.as_millis()), table::expires_at.eq(kept));
    diesel::update(unspent).set(values).execute(conn).await?;
    access_tokens::insert_row(conn, now, &next, Some(family)).await?;
    if let Some(refresh) = &next.refresh {
        insert(conn, now, (family, Some(&lookup)), refresh).await?;
    }
    Ok(spent)
}

/// Uses up what else can be used of the family: tokens that were given when an answer may have been lost.
/// Whoever holds one of those, and is not the app, ends the family by using it.
async fn retire_others(
    conn: &mut Conn,
    now: Timestamp,
    family: i64,
    lookup: &Lookup,
) -> Result<(), DbError> {
    let others = table::table
        .filter(table::family.eq(family))
        .filter(table::lookup.ne(lookup.to_vec()))
        .filter(table::spent_at.is_null());
    diesel::update(others).set(table::spent_at.eq(now.as_millis())).execute(conn).await?;
    Ok(())
}

/// Read again once the family is held.
async fn spent_at(conn: &mut Conn, lookup: &Lookup) -> Result<Option<i64>, DbError> {
    Ok(table::table.find(lookup.to_vec()).select(table::spent_at).first(conn).await?)
}

/// Whether the answer to its first use may have been lost: it was a moment ago, and nothing that it was
/// exchanged for was used since. That is read off the rows and not off instants, since clocks of nodes
/// differ; a use in the future is one of this moment.
async fn is_forgiven(
    conn: &mut Conn,
    (family, lookup): (i64, &Lookup),
    spent_at: i64,
    now: Timestamp,
) -> Result<bool, DbError> {
    if now.minus(GRACE).as_millis() >= spent_at {
        return Ok(false);
    }
    let used = table::table
        .filter(table::family.eq(family))
        .filter(table::parent.eq(lookup.to_vec()))
        .filter(table::spent_at.is_not_null());
    let was_used: bool = diesel::select(diesel::dsl::exists(used)).get_result(conn).await?;
    Ok(!was_used)
}

/// Locks a family until the transaction ends, before anything of it is touched, so that nobody waits for
/// each other; whether it is live.
pub(super) async fn hold_family(conn: &mut Conn, family: i64) -> Result<bool, DbError> {
    let live = families::table.find(family).filter(families::revoked_at.is_null());
    Ok(diesel::update(live).set(families::id.eq(family)).execute(conn).await? == 1)
}

/// Ends a family: its tokens open nothing, its refresh tokens get nothing. Whether it was live.
pub async fn end_family(
    conn: &mut Conn,
    now: Timestamp,
    family: i64,
    reason: &str,
) -> Result<bool, DbError> {
    let live = families::table.find(family).filter(families::revoked_at.is_null());
    let values =
        (families::revoked_at.eq(now.as_millis()), families::revoke_reason.eq(reason.to_owned()));
    let ended = diesel::update(live).set(values).returning(families::key_id);
    let ended: Option<i64> = ended.get_result(conn).await.optional()?;
    if let Some(key_id) = ended {
        end_connection(conn, now, key_id, reason).await?;
    }
    let own = tokens::table.filter(tokens::family.eq(family)).filter(tokens::revoked_at.is_null());
    let open = tokens::expires_at.is_null().or(tokens::expires_at.gt(now.as_millis()));
    let own = own.filter(open.assume_not_null());
    diesel::update(own).set(tokens::revoked_at.eq(now.as_millis())).execute(conn).await?;
    Ok(ended.is_some())
}

/// A connection's family is its only way in: without it the connection is over; whether the key was one, and
/// live.
async fn end_connection(
    conn: &mut Conn,
    now: Timestamp,
    key_id: i64,
    reason: &str,
) -> Result<bool, DbError> {
    let is_connection = connections::table.find(key_id).count().get_result::<i64>(conn).await? == 1;
    Ok(is_connection && super::keys::revoke(conn, now, key_id, reason).await?)
}

/// The number of the newest family of a key; 0 if it has none.
pub(super) async fn newest_family(conn: &mut Conn, key_id: i64) -> Result<i64, DbError> {
    let newest = families::table.filter(families::key_id.eq(key_id)).select(families::id);
    let newest = newest.order(families::id.desc()).first(conn).await.optional()?;
    Ok(newest.unwrap_or(0))
}

/// Marks the families of a key up to that number as ended then, at most that many, so that [`purge`] finds
/// them, with the tokens that came of them; how many families.
pub(super) async fn mark_ended(
    conn: &mut Conn,
    since: Timestamp,
    (key_id, upto): (i64, i64),
    reason: &str,
    most: i64,
) -> Result<i64, DbError> {
    let over = families::table.filter(families::key_id.eq(key_id)).filter(families::id.le(upto));
    let over = over.filter(families::revoked_at.is_null()).order(families::id).limit(most);
    let over: Vec<i64> = over.select(families::id).load(conn).await?;
    let ended = families::table.filter(families::id.eq_any(&over));
    let ended = ended.filter(families::revoked_at.is_null());
    let values = (families::revoked_at.eq(since.as_millis()), families::revoke_reason.eq(reason));
    let count = diesel::update(ended).set(values).execute(conn).await?;
    // Whoever refreshed at the moment of the end has one with a number beyond it.
    let late = tokens::table.filter(tokens::family.eq_any(&over));
    let late = diesel::update(late.filter(tokens::revoked_at.is_null()));
    late.set(tokens::revoked_at.eq(since.as_millis())).execute(conn).await?;
    Ok(i64::try_from(count).unwrap_or(i64::MAX))
}

/// Deletes refresh tokens that ended before then, at most that many, and the families that have none left;
/// how many. A connection whose last family that was opens nothing any more and is ended.
pub async fn purge(
    conn: &mut Conn,
    now: Timestamp,
    before: Timestamp,
    most: i64,
) -> Result<Purged, DbError> {
    let before = before.as_millis();
    let expired = table::table.filter(table::expires_at.lt(before)).select(table::lookup);
    let mut over: Vec<Vec<u8>> = expired.order(table::expires_at).limit(most).load(conn).await?;
    let most = most.saturating_sub(i64::try_from(over.len()).unwrap_or(i64::MAX));
    let of_ended = table::table
        .inner_join(families::table.on(families::id.eq(table::family)))
        .filter(families::revoked_at.lt(before))
        .select(table::lookup);
    over.extend(of_ended.limit(most).load::<Vec<u8>>(conn).await?);
    let over = diesel::delete(table::table.filter(table::lookup.eq_any(over)));
    let mut left: Vec<i64> = over.returning(table::family).get_results(conn).await?;
    let deleted = left.len();
    left.sort_unstable();
    left.dedup();
    let mut ended = Vec::new();
    for family in left {
        ended.extend(forget_family(conn, now, family).await?);
    }
    Ok(Purged { deleted, ended })
}

/// Deletes a family that has no refresh token left, and ends the connection that has no family left: its
/// number, and why.
async fn forget_family(
    conn: &mut Conn,
    now: Timestamp,
    family: i64,
) -> Result<Option<(i64, String)>, DbError> {
    let refreshes = table::table.filter(table::family.eq(families::id));
    let bare =
        families::table.find(family).filter(diesel::dsl::not(diesel::dsl::exists(refreshes)));
    let gone = diesel::delete(bare).returning((families::key_id, families::revoke_reason));
    let gone: Option<(i64, Option<String>)> = gone.get_result(conn).await.optional()?;
    let Some((key_id, reason)) = gone else { return Ok(None) };
    let others = families::table.filter(families::key_id.eq(key_id));
    let open = tokens::expires_at.is_null().or(tokens::expires_at.gt(now.as_millis()));
    let open = tokens::table
        .filter(tokens::key_id.eq(key_id))
        .filter(tokens::revoked_at.is_null())
        .filter(open.assume_not_null());
    let has_more: bool = diesel::select(diesel::dsl::exists(others).or(diesel::dsl::exists(open)))
        .get_result(conn)
        .await?;
    let reason = reason.unwrap_or_else(|| UNUSED.to_owned());
    let ended = !has_more && end_connection(conn, now, key_id, &reason).await?;
    Ok(ended.then_some((key_id, reason)))
}
