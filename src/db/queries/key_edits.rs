//! What people change about keys. Each change is guarded by what the decision about it was based on, so
//! that nobody changes a key that is somebody else's by now.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{
    Conn, delivery_ends, idempotency, key_events, key_terms, keys, oauth, other_pairs, users,
};
use crate::{
    db::{
        DbError,
        outcomes::{
            KeyChange, KeyInsert, NewKey, OnceMade, Remembered, SealFor, SeenKey, ToRemember,
        },
        schema::keys as table,
    },
    domain::{key::KeyState, key_event::KeyEvent, search, timestamp::Timestamp},
};

/// Makes a key that is open at once.
pub async fn create(
    conn: &mut Conn,
    now: Timestamp,
    new: NewKey,
    seal_secret: Option<SealFor>,
) -> Result<KeyInsert, DbError> {
    if !users::hold(conn, new.owner_id).await? {
        return Ok(KeyInsert::NoOwner);
    }
    if let Some(id) = other_pairs::key_of(conn, &new.lookup).await? {
        return Ok(KeyInsert::Taken(id));
    }
    make(conn, now, new, seal_secret).await
}

/// Makes a key of an owner who is held.
pub(super) async fn make(
    conn: &mut Conn,
    now: Timestamp,
    new: NewKey,
    seal_secret: Option<SealFor>,
) -> Result<KeyInsert, DbError> {
    let row = (
        table::lookup.eq(&new.lookup[..]),
        table::secret_hash.eq(&new.secret_hash),
        table::ending.eq(&new.ending),
        table::description.eq(&new.description),
        table::permissions.eq(new.permissions.as_str()),
        table::owner_id.eq(new.owner_id),
        table::state.eq(KeyState::Active.as_str()),
        table::created_at.eq(now.as_millis()),
        table::opened_at.eq(now.as_millis()),
        table::expires_at.eq(new.expires_at.map(Timestamp::as_millis)),
    );
    let inserted = diesel::insert_into(table::table)
        .values(row)
        .on_conflict_do_nothing()
        .returning(table::id)
        .get_result(conn)
        .await
        .optional()?;
    let Some(id) = inserted else {
        let there = table::table.filter(table::lookup.eq(&new.lookup[..])).select(table::id);
        return Ok(KeyInsert::Taken(there.first(conn).await?));
    };
    key_terms::add(conn, id, &search::terms(&new.description, &new.ending, None)).await?;
    if let Some(seal) = seal_secret {
        oauth::keep_secret(conn, id, &seal(id)).await?;
    }
    Ok(KeyInsert::Made(id))
}

/// Makes a key as [`create`] does, once for a named request.
pub async fn create_once(
    conn: &mut Conn,
    now: Timestamp,
    new: NewKey,
    seal_secret: Option<SealFor>,
    once: Option<ToRemember>,
) -> Result<OnceMade<KeyInsert>, DbError> {
    let Some(ToRemember { request, seal }) = once else {
        return Ok(OnceMade::Now(create(conn, now, new, seal_secret).await?));
    };
    match idempotency::begin(conn, now, &request).await? {
        Remembered::Nothing => {}
        Remembered::Answered(answer) => return Ok(OnceMade::Before(answer)),
        Remembered::Another => return Ok(OnceMade::Another),
    }
    let made = create(conn, now, new, seal_secret).await?;
    match made {
        KeyInsert::Made(id) => idempotency::answer(conn, &request, &seal(id)).await?,
        KeyInsert::Taken(_) | KeyInsert::NoOwner => idempotency::take_back(conn, &request).await?,
    }
    Ok(OnceMade::Now(made))
}

/// Changes a live key that is still as it was seen; whether it was.
pub async fn change(conn: &mut Conn, seen: SeenKey, change: KeyChange) -> Result<bool, DbError> {
    let SeenKey { id, owner_id, permissions, expires_at } = seen;
    let unchanged = table::table
        .find(id)
        .filter(table::owner_id.eq(owner_id))
        .filter(table::permissions.eq(permissions.as_str()))
        .filter(table::state.ne(KeyState::Revoked.as_str()));
    let new_end = change.expires_at.unwrap_or(expires_at).map(Timestamp::as_millis);
    let values = (
        table::permissions.eq(change.permissions.unwrap_or(permissions).as_str()),
        table::expires_at.eq(new_end),
    );
    let update = diesel::update(unchanged).set(values).into_boxed();
    let update = match expires_at {
        Some(at) => update.filter(table::expires_at.eq(at.as_millis())),
        None => update.filter(table::expires_at.is_null()),
    };
    if update.execute(conn).await? == 0 {
        return Ok(false);
    }
    if let Some(description) = &change.description {
        key_terms::replace(conn, id, description).await?;
        let described = diesel::update(table::table.find(id));
        described.set(table::description.eq(description)).execute(conn).await?;
    }
    Ok(true)
}

/// Locks a key that is still its owner's until the transaction ends; its state. What is held besides comes
/// in this order, so that nobody waits for each other: a family of tokens, the key, its rules.
pub(super) async fn hold(
    conn: &mut Conn,
    (id, owner_id): (i64, i64),
) -> Result<Option<KeyState>, DbError> {
    let theirs = table::table.find(id).filter(table::owner_id.eq(owner_id));
    // A column that no trigger looks at: nothing changes.
    let held = diesel::update(theirs).set(table::ending.eq(table::ending));
    let state = held.returning(table::state).get_result::<String>(conn).await.optional()?;
    let known = |state: String| KeyState::parse(&state).ok_or(DbError::Corrupt("keys.state"));
    state.map(known).transpose()
}

/// Locks a key that is still its owner's and not ended; whether it was.
pub(super) async fn hold_live(conn: &mut Conn, key: (i64, i64)) -> Result<bool, DbError> {
    Ok(hold(conn, key).await?.is_some_and(|state| state != KeyState::Revoked))
}

/// Ends a key that is still its owner's, and the delivery that would hand it over; whether it was live.
pub async fn revoke(
    conn: &mut Conn,
    now: Timestamp,
    (id, owner_id): (i64, i64),
    reason: &str,
) -> Result<bool, DbError> {
    delivery_ends::hold_of_key(conn, id).await?;
    // The row is held from here on; so is what the decision was based on.
    let held = hold(conn, (id, owner_id)).await?;
    let Some(state) = held.filter(|state| *state != KeyState::Revoked) else {
        return Ok(false);
    };
    delivery_ends::call_off(conn, now, id).await?;
    if !keys::revoke(conn, now, id, reason).await? {
        return Ok(false);
    }
    // An app that never had the key need not hear of it.
    if state == KeyState::Active {
        let event = KeyEvent::Revoked { reason: reason.to_owned() };
        key_events::write(conn, now, id, &event).await?;
    }
    Ok(true)
}

/// Ends several keys; the numbers of those that were live. In the order of their numbers, so that two who
/// end the same keys at once do not wait for each other.
pub async fn revoke_all(
    conn: &mut Conn,
    now: Timestamp,
    mut seen: Vec<(i64, i64)>,
    reason: &str,
) -> Result<Vec<i64>, DbError> {
    seen.sort_unstable();
    let mut ended = Vec::new();
    for key in seen {
        if revoke(conn, now, key, reason).await? {
            ended.push(key.0);
        }
    }
    Ok(ended)
}

/// Gives live keys that are still `from`'s to `to`, who must not be shut out; the numbers of those that
/// were. Nothing if `to` cannot have keys.
pub async fn reassign(
    conn: &mut Conn,
    ids: Vec<i64>,
    from: i64,
    to: i64,
) -> Result<Option<Vec<i64>>, DbError> {
    if !users::hold(conn, to).await? {
        return Ok(None);
    }
    let theirs = table::table
        .filter(table::id.eq_any(ids))
        .filter(table::owner_id.eq(from))
        .filter(table::state.ne(KeyState::Revoked.as_str()));
    let moved = diesel::update(theirs).set(table::owner_id.eq(to)).returning(table::id);
    Ok(Some(moved.get_results(conn).await?))
}

/// Some live keys of a user, with those that expired: what becomes of them must be said when the user
/// goes.
pub async fn some_of_owner(conn: &mut Conn, owner_id: i64, most: i64) -> Result<Vec<i64>, DbError> {
    let live = [KeyState::Active, KeyState::Delivering].map(KeyState::as_str);
    Ok(table::table
        .filter(table::owner_id.eq(owner_id))
        .filter(table::state.eq_any(live))
        .order(table::id.desc())
        .limit(most)
        .select(table::id)
        .load(conn)
        .await?)
}
