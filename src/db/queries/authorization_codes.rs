//! Authorization codes: written when a user approves, exchanged once (RFC 6749 §4.1.2).

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{Conn, access_tokens, approvals, key_edits, keys, refresh_tokens, sessions, users};
use crate::{
    db::{
        DbError,
        outcomes::{KeyInsert, NewKey},
        schema::{
            authorization_codes as table, connections, keys as live, token_families as families,
        },
        token_outcomes::{CodeRecord, CodeWritten, ConnectedAtOnce, NewCode, NewToken, Redeemed},
    },
    domain::{
        consent::{Consent, Decision},
        key::KeyState,
        keyring::Lookup,
        pkce::Challenge,
        timestamp::Timestamp,
    },
};

/// Why a connection ends in whose place another stands.
const LOGGED_IN_ANEW: &str = "its user logged in to the app anew";

/// How many of those are ended at once.
const MOST_ENDED: i64 = 100;

/// Why a family ends whose code was presented again.
const REUSED: &str = "its authorization code was used again";

#[derive(Queryable, Selectable)]
#[diesel(table_name = table)]
struct CodeRow {
    client_id: i64,
    user_id: i64,
    redirect_uri: String,
    redirect_sent: i64,
    challenge: String,
    permissions: String,
    key_expires_at: Option<i64>,
    expires_at: i64,
    redeemed_at: Option<i64>,
}

/// Writes the code that a consent page's Approve makes. Pressed again, a code that was not used gives way
/// to the new one, since the first answer may have been lost.
pub async fn write(
    conn: &mut Conn,
    now: Timestamp,
    session_hash: Lookup,
    consent: Consent,
    new: NewCode,
) -> Result<CodeWritten, DbError> {
    // Also makes a session's decisions come one by one on PostgreSQL.
    if !sessions::touch(conn, now, &session_hash).await? {
        return Ok(CodeWritten::SessionEnded);
    }
    if !approvals::use_up(conn, now, &consent, Decision::Approved, None).await? {
        let earlier = approvals::earlier(conn, &consent.id).await?;
        if earlier.is_none_or(|earlier| earlier.decision == Decision::Denied) {
            return Ok(CodeWritten::Denied);
        }
        let unused = table::table
            .filter(table::consent_id.eq(&consent.id))
            .filter(table::redeemed_at.is_null());
        if diesel::delete(unused).execute(conn).await? == 0 {
            return Ok(CodeWritten::Connected);
        }
    }
    let row = (
        table::lookup.eq(new.lookup.to_vec()),
        table::consent_id.eq(&consent.id),
        table::client_id.eq(new.client_id),
        table::user_id.eq(new.user_id),
        table::redirect_uri.eq(&new.redirect_uri),
        table::redirect_sent.eq(i64::from(new.redirect_sent)),
        table::challenge.eq(new.challenge.as_str()),
        table::permissions.eq(new.permissions.as_str()),
        table::key_expires_at.eq(new.key_expires_at.map(Timestamp::as_millis)),
        table::created_at.eq(now.as_millis()),
        table::expires_at.eq(new.expires_at.as_millis()),
    );
    diesel::insert_into(table::table).values(row).execute(conn).await?;
    Ok(CodeWritten::Done)
}

/// The code of that hash, whatever its state.
pub async fn by_lookup(conn: &mut Conn, lookup: &[u8]) -> Result<Option<CodeRecord>, DbError> {
    let row = table::table.find(lookup).select(CodeRow::as_select());
    let row: Option<CodeRow> = row.first(conn).await.optional()?;
    row.map(record).transpose()
}

/// Exchanges a code of that app: makes the connection and its first tokens. `token.key_id` is filled in.
pub async fn redeem(
    conn: &mut Conn,
    now: Timestamp,
    lookup: Lookup,
    connection: NewKey,
    token: NewToken,
) -> Result<Redeemed, DbError> {
    let Some(client_id) = token.client_id else { return Ok(Redeemed::Over) };
    let open = table::table
        .find(lookup.to_vec())
        .filter(table::client_id.eq(client_id))
        .filter(table::redeemed_at.is_null())
        .filter(table::expires_at.gt(now.as_millis()));
    let used = diesel::update(open).set(table::redeemed_at.eq(now.as_millis()));
    if used.execute(conn).await? == 0 {
        return reused(conn, now, &lookup, client_id).await;
    }
    let Some(key_id) = connect(conn, now, connection, client_id).await? else {
        return Ok(Redeemed::NoOwner);
    };
    let family = access_tokens::insert_one(conn, now, NewToken { key_id, ..token }).await?;
    let own = diesel::update(table::table.find(lookup.to_vec()));
    own.set(table::family.eq(family)).execute(conn).await?;
    Ok(Redeemed::Made(key_id))
}

/// Makes a connection and its first tokens without a code, for a user whose password still has that hash. The
/// app's earlier ones that this user's password made give way to it.
pub async fn connect_at_once(
    conn: &mut Conn,
    now: Timestamp,
    password_hash: &str,
    connection: NewKey,
    token: NewToken,
) -> Result<ConnectedAtOnce, DbError> {
    let failed = |made| Ok(ConnectedAtOnce { made, ended: Vec::new() });
    let Some(client_id) = token.client_id else { return failed(Redeemed::Over) };
    if !users::hold_with_password(conn, connection.owner_id, password_hash).await? {
        return failed(Redeemed::NoOwner);
    }
    let ended = made_by_password(conn, client_id, connection.owner_id).await?;
    for earlier in &ended {
        keys::revoke(conn, now, *earlier, LOGGED_IN_ANEW).await?;
    }
    let Some(key_id) = connect(conn, now, connection, client_id).await? else {
        return failed(Redeemed::NoOwner);
    };
    let own = diesel::update(connections::table.find(key_id));
    own.set(connections::by_password.eq(1)).execute(conn).await?;
    access_tokens::insert_one(conn, now, NewToken { key_id, ..token }).await?;
    Ok(ConnectedAtOnce { made: Redeemed::Made(key_id), ended })
}

/// Live connections of an app that a user's password made.
async fn made_by_password(
    conn: &mut Conn,
    client_id: i64,
    owner_id: i64,
) -> Result<Vec<i64>, DbError> {
    Ok(connections::table
        .inner_join(live::table.on(live::id.eq(connections::key_id)))
        .filter(connections::client_id.eq(client_id))
        .filter(live::owner_id.eq(owner_id))
        .filter(live::state.ne(KeyState::Revoked.as_str()))
        .filter(connections::by_password.eq(1))
        .order(connections::key_id)
        .limit(MOST_ENDED)
        .select(connections::key_id)
        .load(conn)
        .await?)
}

/// Makes the key of a connection; nothing if its user may not have one.
async fn connect(
    conn: &mut Conn,
    now: Timestamp,
    connection: NewKey,
    client_id: i64,
) -> Result<Option<i64>, DbError> {
    if !users::hold(conn, connection.owner_id).await? {
        return Ok(None);
    }
    let KeyInsert::Made(key_id) = key_edits::make(conn, now, connection, None).await? else {
        return Ok(None);
    };
    let row = (connections::key_id.eq(key_id), connections::client_id.eq(client_id));
    diesel::insert_into(connections::table).values(row).execute(conn).await?;
    Ok(Some(key_id))
}

/// A code that was exchanged is presented again: somebody else has it too.
async fn reused(
    conn: &mut Conn,
    now: Timestamp,
    lookup: &Lookup,
    client_id: i64,
) -> Result<Redeemed, DbError> {
    let redeemed = table::table
        .find(lookup.to_vec())
        .filter(table::client_id.eq(client_id))
        .filter(table::redeemed_at.is_not_null());
    let family = redeemed.select(table::family).first(conn).await.optional()?;
    match family {
        None => Ok(Redeemed::Over),
        Some(None) => Ok(Redeemed::Reused(None)),
        Some(Some(family)) => {
            refresh_tokens::end_family(conn, now, family, REUSED).await?;
            let key = families::table.find(family).select(families::key_id);
            Ok(Redeemed::Reused(key.first(conn).await.optional()?))
        }
    }
}

/// Deletes codes that ended before then, at most that many; how many.
pub async fn purge(conn: &mut Conn, before: Timestamp, most: i64) -> Result<usize, DbError> {
    let over = table::table.filter(table::expires_at.lt(before.as_millis())).select(table::lookup);
    let over: Vec<Vec<u8>> = over.order(table::expires_at).limit(most).load(conn).await?;
    let over = table::table.filter(table::lookup.eq_any(over));
    Ok(diesel::delete(over).execute(conn).await?)
}

fn record(row: CodeRow) -> Result<CodeRecord, DbError> {
    let corrupt = DbError::Corrupt("authorization_codes.challenge");
    Ok(CodeRecord {
        client_id: row.client_id,
        user_id: row.user_id,
        redirect_uri: row.redirect_uri,
        redirect_sent: row.redirect_sent != 0,
        challenge: Challenge::parse(&row.challenge).ok_or(corrupt)?,
        permissions: access_tokens::permissions(&row.permissions)?,
        key_expires_at: row.key_expires_at.map(Timestamp::from_millis),
        expires_at: Timestamp::from_millis(row.expires_at),
        redeemed: row.redeemed_at.is_some(),
    })
}
