//! A key gets a new pair: at once, or when its app took it.
//!
//! The row of the key is held first, and must be as it was seen: of several who rotate a key at once,
//! one does.

use std::time::Duration;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{
    Conn, access_tokens, key_events, key_terms, oauth,
    other_pairs::{self, PairRow},
};
use crate::{
    db::{
        DbError,
        pairs::{Exchange, Exchanged, Handover, NewPair},
        schema::{deliveries, key_secrets, keys},
    },
    domain::{
        delivery::{DeliveryState, GIVE_UP_AFTER, Kind},
        key::KeyState,
        key_event::KeyEvent,
        pair::Role,
        timestamp::Timestamp,
    },
};

/// Gives a key made by hand its new pair.
pub async fn exchange(
    conn: &mut Conn,
    now: Timestamp,
    new: Exchange,
) -> Result<Exchanged, DbError> {
    match free(conn, now, &new).await? {
        Exchanged::Done => {}
        not_free => return Ok(not_free),
    }
    let Exchange { key_id, pair, overlap, .. } = new;
    let swapped = swap(conn, now, key_id, pair, overlap).await?;
    Ok(if swapped { Exchanged::Done } else { Exchanged::Changed })
}

/// Makes a key's next pair, and the delivery that hands it to its app.
pub async fn hand_over(
    conn: &mut Conn,
    now: Timestamp,
    new: Exchange,
    by: Handover,
) -> Result<Exchanged, DbError> {
    match free(conn, now, &new).await? {
        Exchanged::Done => {}
        not_free => return Ok(not_free),
    }
    let Exchange { key_id, pair, overlap, .. } = new;
    let next = PairRow {
        overlap: millis(overlap),
        role: Role::Next.as_str().to_owned(),
        opened_at: None,
        ends_at: None,
        ..row(key_id, pair)
    };
    if !other_pairs::add(conn, next).await? {
        return Ok(Exchanged::UnderWay);
    }
    let row = (
        deliveries::id.eq(by.delivery_id),
        deliveries::kind.eq(Kind::Rotation.as_str()),
        deliveries::grant_id.eq(by.grant_id),
        deliveries::key_id.eq(key_id),
        deliveries::state.eq(DeliveryState::Waiting.as_str()),
        deliveries::sealed.eq(by.body.as_bytes().to_vec()),
        deliveries::attempts.eq(0),
        deliveries::failures.eq(0),
        deliveries::due_at.eq(now.as_millis()),
        deliveries::give_up_at.eq(now.plus(GIVE_UP_AFTER).as_millis()),
        deliveries::created_at.eq(now.as_millis()),
    );
    diesel::insert_into(deliveries::table).values(row).execute(conn).await?;
    Ok(Exchanged::Done)
}

/// The app took the next pair: now it is the key's own, and the one before works on for the overlap.
pub async fn complete(conn: &mut Conn, now: Timestamp, key_id: i64) -> Result<bool, DbError> {
    let Some(next) = other_pairs::live_row(conn, key_id).await? else { return Ok(false) };
    if next.role()? != Role::Next {
        return Ok(false);
    }
    other_pairs::drop_next(conn, key_id).await?;
    let overlap = next.overlap();
    if !swap(conn, now, key_id, next.into_pair()?, overlap).await? {
        return Ok(false);
    }
    let event = KeyEvent::Rotated { previous_ends_at: now.plus(overlap) };
    key_events::write(conn, now, key_id, &event).await?;
    Ok(true)
}

/// Holds the key's row until the transaction ends, and looks whether it is active, as it was seen, and
/// has no other pair.
async fn free(conn: &mut Conn, now: Timestamp, new: &Exchange) -> Result<Exchanged, DbError> {
    let unchanged = keys::table
        .find(new.key_id)
        .filter(keys::owner_id.eq(new.owner_id))
        .filter(keys::ending.eq(&new.ending))
        .filter(keys::state.eq(KeyState::Active.as_str()));
    let held = diesel::update(unchanged).set(keys::ending.eq(&new.ending));
    if held.execute(conn).await? == 0 {
        return Ok(Exchanged::Changed);
    }
    let Some(other) = other_pairs::live_row(conn, new.key_id).await? else {
        return Ok(Exchanged::Done);
    };
    if other.ends_at.is_some_and(|at| at <= now.as_millis()) {
        other_pairs::end_previous(conn, now, new.key_id, None).await?;
        return Ok(Exchanged::Done);
    }
    Ok(Exchanged::UnderWay)
}

/// Puts a pair in the place of an active key's own, which becomes the previous one; whether the key was
/// active.
async fn swap(
    conn: &mut Conn,
    now: Timestamp,
    key_id: i64,
    new: NewPair,
    overlap: Duration,
) -> Result<bool, DbError> {
    let terms = key_terms::of(conn, key_id).await?;
    let Some(old) = own(conn, key_id).await? else { return Ok(false) };
    let unchanged = keys::table
        .find(key_id)
        .filter(keys::lookup.eq(old.lookup.clone()))
        .filter(keys::state.eq(KeyState::Active.as_str()));
    let values = (
        keys::lookup.eq(new.lookup.to_vec()),
        keys::secret_hash.eq(&new.secret_hash),
        keys::ending.eq(&new.ending),
    );
    if diesel::update(unchanged).set(values).execute(conn).await? == 0 {
        return Ok(false);
    }
    oauth::wipe_secret(conn, key_id).await?;
    if let Some(sealed) = &new.sealed_secret {
        oauth::keep_secret(conn, key_id, sealed).await?;
    }
    key_terms::exchange(conn, key_id, &terms).await?;
    let role = if overlap.is_zero() { Role::Ended } else { Role::Previous };
    let mut previous = PairRow {
        role: role.as_str().to_owned(),
        opened_at: Some(now.as_millis()),
        ends_at: Some(now.plus(overlap).as_millis()),
        overlap: millis(overlap),
        ..old
    };
    previous.sealed = previous.sealed.filter(|_| role == Role::Previous);
    if role == Role::Ended {
        access_tokens::revoke_all(conn, key_id).await?;
    }
    other_pairs::add(conn, previous).await
}

/// The pair that is a key's own.
async fn own(conn: &mut Conn, key_id: i64) -> Result<Option<PairRow>, DbError> {
    let found: Option<(Vec<u8>, String, String, Option<Vec<u8>>)> = keys::table
        .left_join(key_secrets::table)
        .filter(keys::id.eq(key_id))
        .select((keys::lookup, keys::secret_hash, keys::ending, key_secrets::sealed.nullable()))
        .first(conn)
        .await
        .optional()?;
    Ok(found.map(|(lookup, secret_hash, ending, sealed)| PairRow {
        lookup,
        key_id,
        secret_hash,
        sealed,
        ending,
        role: Role::Ended.as_str().to_owned(),
        opened_at: None,
        overlap: 0,
        ends_at: None,
    }))
}

fn row(key_id: i64, pair: NewPair) -> PairRow {
    PairRow {
        lookup: pair.lookup.to_vec(),
        key_id,
        secret_hash: pair.secret_hash,
        sealed: pair.sealed_secret.map(|sealed| sealed.as_bytes().to_vec()),
        ending: pair.ending,
        role: Role::Ended.as_str().to_owned(),
        opened_at: None,
        overlap: 0,
        ends_at: None,
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
