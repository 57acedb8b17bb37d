//! Access tokens, found by the keyed hash of the token.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{Conn, key_edits, key_rules, refresh_tokens};
use crate::{
    db::{
        DbError,
        schema::{access_tokens as table, keys, token_families as families},
        token_outcomes::{Ended, NewToken, TokenRecord, TokenView},
    },
    domain::{
        access_token::MadeBy, keyring::Lookup, permissions::Permissions, timestamp::Timestamp,
        token_life::TokenLife,
    },
};

mod alias {
    #![allow(missing_docs, reason = "the macro writes none")]
    diesel::alias!(crate::db::schema::keys as clients: Clients);
}
use alias::clients;

#[derive(Queryable, Selectable)]
#[diesel(table_name = table)]
struct TokenRow {
    id: i64,
    family: Option<i64>,
    permissions: String,
    created_at: i64,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
}

/// The token of that hash, whatever its state.
pub async fn by_lookup(conn: &mut Conn, lookup: &[u8]) -> Result<Option<TokenRecord>, DbError> {
    let client = clients.field(keys::id).nullable().eq(table::client_id);
    let found: Option<(TokenRow, Vec<u8>, Option<Vec<u8>>)> = table::table
        .inner_join(keys::table)
        .left_join(clients.on(client))
        .filter(table::lookup.eq(lookup))
        .select((TokenRow::as_select(), keys::lookup, clients.field(keys::lookup).nullable()))
        .first(conn)
        .await
        .optional()?;
    let Some((row, key, client)) = found else { return Ok(None) };
    Ok(Some(TokenRecord {
        id: row.id,
        key: whole(key)?,
        client: client.map(whole).transpose()?,
        family: row.family,
        permissions: permissions(&row.permissions)?,
        created_at: Timestamp::from_millis(row.created_at),
        expires_at: row.expires_at.map(Timestamp::from_millis),
        revoked: row.revoked_at.is_some(),
    }))
}

/// Writes tokens, each with the refresh token that comes with it.
pub async fn insert(conn: &mut Conn, now: Timestamp, new: Vec<NewToken>) -> Result<(), DbError> {
    for token in new {
        insert_one(conn, now, token).await?;
    }
    Ok(())
}

/// Writes a token, and begins a family if a refresh token comes with it; the token's number.
pub(super) async fn insert_one(
    conn: &mut Conn,
    now: Timestamp,
    new: NewToken,
) -> Result<i64, DbError> {
    let id = insert_row(conn, now, &new, None).await?;
    let Some(refresh) = new.refresh else { return Ok(id) };
    let family = (
        families::id.eq(id),
        families::key_id.eq(new.key_id),
        families::client_id.eq(new.client_id),
        families::permissions.eq(new.permissions.as_str()),
        families::seconds.eq(refresh.asked.map(TokenLife::seconds)),
        families::created_at.eq(now.as_millis()),
    );
    diesel::insert_into(families::table).values(family).execute(conn).await?;
    let own = diesel::update(table::table.find(id));
    own.set(table::family.eq(id)).execute(conn).await?;
    refresh_tokens::insert(conn, now, (id, None), &refresh).await?;
    Ok(id)
}

/// Writes the row of a token; its number.
pub(super) async fn insert_row(
    conn: &mut Conn,
    now: Timestamp,
    new: &NewToken,
    family: Option<i64>,
) -> Result<i64, DbError> {
    let row = (
        table::lookup.eq(&new.lookup[..]),
        table::ending.eq(&new.ending),
        table::key_id.eq(new.key_id),
        table::client_id.eq(new.client_id),
        table::family.eq(family),
        table::permissions.eq(new.permissions.as_str()),
        table::made_by.eq(new.made_by.as_str()),
        table::created_at.eq(now.as_millis()),
        table::expires_at.eq(new.expires_at.map(Timestamp::as_millis)),
    );
    let inserted = diesel::insert_into(table::table).values(row).returning(table::id);
    Ok(inserted.get_result(conn).await?)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = table)]
struct ListedRow {
    id: i64,
    ending: String,
    key_id: i64,
    family: Option<i64>,
    permissions: String,
    made_by: String,
    created_at: i64,
    expires_at: Option<i64>,
    last_used_at: i64,
    revoked_at: Option<i64>,
}

/// The tokens of a key that were not ended all together, newest first: those before that number.
pub async fn list(
    conn: &mut Conn,
    key_id: i64,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<TokenView>, DbError> {
    let over = key_rules::of(conn, key_id).await?.tokens_over;
    let rows: Vec<ListedRow> = table::table
        .filter(table::key_id.eq(key_id))
        .filter(table::id.gt(over).and(table::id.lt(before.unwrap_or(i64::MAX))))
        .filter(table::family.is_null().or(table::family.gt(over).assume_not_null()))
        .order(table::id.desc())
        .limit(limit)
        .select(ListedRow::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(view).collect()
}

/// The token of that number, if it is that key's.
pub async fn find(conn: &mut Conn, key_id: i64, id: i64) -> Result<Option<TokenView>, DbError> {
    let row = table::table.find(id).filter(table::key_id.eq(key_id));
    let row: Option<ListedRow> = row.select(ListedRow::as_select()).first(conn).await.optional()?;
    row.map(view).transpose()
}

/// Ends a token of a key that is still its owner's, and the tokens it was or would be refreshed to.
pub async fn revoke(
    conn: &mut Conn,
    now: Timestamp,
    (key_id, owner_id): (i64, i64),
    id: i64,
) -> Result<Ended, DbError> {
    let own = table::table.find(id).filter(table::key_id.eq(key_id));
    let family: Option<Option<i64>> = own.select(table::family).first(conn).await.optional()?;
    let Some(family) = family else { return Ok(Ended::Before) };
    if let Some(family) = family {
        refresh_tokens::hold_family(conn, family).await?;
    }
    if key_edits::hold(conn, (key_id, owner_id)).await?.is_none() {
        return Ok(Ended::Changed);
    }
    let live = table::table.find(id).filter(table::revoked_at.is_null());
    let ended = diesel::update(live).set(table::revoked_at.eq(now.as_millis()));
    let was_live = ended.execute(conn).await? == 1;
    // Also if its app threw that one away: what refreshes it goes on without it.
    let had_family = match family {
        Some(family) => refresh_tokens::end_family(conn, now, family, "revoked").await?,
        None => false,
    };
    Ok(if was_live || had_family { Ended::Now } else { Ended::Before })
}

/// Ends the token of that hash, if it is one of that key's or was got by it; whether it was not ended
/// before. Its family goes on (RFC 7009 §2.1 leaves that open: an app that throws away one access token
/// keeps its refresh token).
pub async fn revoke_own(
    conn: &mut Conn,
    now: Timestamp,
    lookup: Lookup,
    client_id: i64,
) -> Result<bool, DbError> {
    let own = table::key_id.eq(client_id).or(table::client_id.eq(client_id).assume_not_null());
    let live = table::table.filter(table::lookup.eq(lookup.to_vec())).filter(own);
    let live = live.filter(table::revoked_at.is_null());
    let ended = diesel::update(live).set(table::revoked_at.eq(now.as_millis()));
    Ok(ended.execute(conn).await? == 1)
}

/// Ends all tokens of a key at once, and the families they began: whatever has a smaller number. What is
/// written at the same time is either seen here or counts as made afterwards, and a token that comes by
/// refreshing has its family's number too. One row tells of it, however many they are.
pub(super) async fn revoke_all(conn: &mut Conn, key_id: i64) -> Result<(), DbError> {
    let newest = table::table.filter(table::key_id.eq(key_id)).select(table::id);
    let newest: Option<i64> = newest.order(table::id.desc()).first(conn).await.optional()?;
    // A family outlives its access tokens, which are deleted soon after their end.
    let family = refresh_tokens::newest_family(conn, key_id).await?;
    match newest.unwrap_or(0).max(family) {
        0 => Ok(()),
        newest => key_rules::end_tokens(conn, key_id, newest).await,
    }
}

/// Ends all tokens of a key that is still its owner's; whether it was.
pub async fn revoke_all_of(
    conn: &mut Conn,
    (key_id, owner_id): (i64, i64),
) -> Result<bool, DbError> {
    if key_edits::hold(conn, (key_id, owner_id)).await?.is_none() {
        return Ok(false);
    }
    revoke_all(conn, key_id).await?;
    Ok(true)
}

/// Ends all tokens of a live key that is still its owner's and makes one; its number.
pub async fn regenerate(
    conn: &mut Conn,
    now: Timestamp,
    owner_id: i64,
    new: NewToken,
) -> Result<Option<i64>, DbError> {
    if !key_edits::hold_live(conn, (new.key_id, owner_id)).await? {
        return Ok(None);
    }
    revoke_all(conn, new.key_id).await?;
    insert_one(conn, now, new).await.map(Some)
}

/// Notes that a token was used; an older use changes nothing.
pub(super) async fn touch(conn: &mut Conn, id: i64, at: Timestamp) -> Result<(), DbError> {
    let older = table::table.find(id).filter(table::last_used_at.lt(at.as_millis()));
    diesel::update(older).set(table::last_used_at.eq(at.as_millis())).execute(conn).await?;
    Ok(())
}

/// Deletes tokens that ended before then, at most that many; how many.
pub async fn purge(conn: &mut Conn, before: Timestamp, most: i64) -> Result<usize, DbError> {
    let before = before.as_millis();
    let expired = table::table.filter(table::expires_at.lt(before)).select(table::id);
    let mut over: Vec<i64> = expired.order(table::expires_at).limit(most).load(conn).await?;
    let most = most.saturating_sub(i64::try_from(over.len()).unwrap_or(i64::MAX));
    let revoked = table::table.filter(table::revoked_at.lt(before)).select(table::id);
    over.extend(revoked.order(table::revoked_at).limit(most).load::<i64>(conn).await?);
    let over = table::table.filter(table::id.eq_any(over));
    Ok(diesel::delete(over).execute(conn).await?)
}

/// Deletes the tokens of a key up to that number, at most that many; how many.
pub(super) async fn purge_upto(
    conn: &mut Conn,
    (key_id, upto): (i64, i64),
    most: i64,
) -> Result<i64, DbError> {
    let over = table::table.filter(table::key_id.eq(key_id)).filter(table::id.le(upto));
    let over = over.order(table::id).limit(most).select(table::id);
    let over: Vec<i64> = over.load(conn).await?;
    let over = table::table.filter(table::id.eq_any(over));
    Ok(i64::try_from(diesel::delete(over).execute(conn).await?).unwrap_or(i64::MAX))
}

fn view(row: ListedRow) -> Result<TokenView, DbError> {
    let used = Some(row.last_used_at).filter(|at| *at > 0);
    Ok(TokenView {
        id: row.id,
        ending: row.ending,
        key_id: row.key_id,
        permissions: permissions(&row.permissions)?,
        made_by: MadeBy::parse(&row.made_by).ok_or(DbError::Corrupt("access_tokens.made_by"))?,
        refreshes: row.family.is_some(),
        created_at: Timestamp::from_millis(row.created_at),
        expires_at: row.expires_at.map(Timestamp::from_millis),
        last_used_at: used.map(Timestamp::from_millis),
        revoked_at: row.revoked_at.map(Timestamp::from_millis),
    })
}

pub(super) fn permissions(word: &str) -> Result<Permissions, DbError> {
    Permissions::parse(word).ok_or(DbError::Corrupt("access_tokens.permissions"))
}

pub(super) fn whole(lookup: Vec<u8>) -> Result<Lookup, DbError> {
    Lookup::try_from(lookup).map_err(|_| DbError::Corrupt("keys.lookup"))
}
