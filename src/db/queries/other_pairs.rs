//! The other pair of a key: read for verification and for people, opened, ended.

use std::time::Duration;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{Conn, access_tokens};
use crate::{
    db::{
        DbError,
        pairs::{NewPair, OtherPair},
        schema::{keys, other_pairs},
    },
    domain::{keyring::Lookup, pair::Role, sealed::Sealed, timestamp::Timestamp},
};

const NEXT: &str = Role::Next.as_str();
const PREVIOUS: &str = Role::Previous.as_str();
const ENDED: &str = Role::Ended.as_str();

#[derive(Queryable, Selectable)]
#[diesel(table_name = other_pairs)]
pub(super) struct PairRow {
    pub lookup: Vec<u8>,
    pub key_id: i64,
    pub secret_hash: String,
    pub sealed: Option<Vec<u8>>,
    pub ending: String,
    pub role: String,
    pub opened_at: Option<i64>,
    pub overlap: i64,
    pub ends_at: Option<i64>,
}

impl PairRow {
    pub(super) fn role(&self) -> Result<Role, DbError> {
        Role::parse(&self.role).ok_or(DbError::Corrupt("other_pairs.role"))
    }

    pub(super) fn overlap(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.overlap).unwrap_or(0))
    }

    pub(super) fn into_pair(self) -> Result<NewPair, DbError> {
        let lookup = Lookup::try_from(self.lookup);
        Ok(NewPair {
            lookup: lookup.map_err(|_| DbError::Corrupt("other_pairs.lookup"))?,
            secret_hash: self.secret_hash,
            ending: self.ending,
            sealed_secret: self.sealed.map(Sealed::from_bytes),
        })
    }
}

/// The pair of that hash, ended or not.
pub(super) async fn by_lookup(conn: &mut Conn, lookup: &[u8]) -> Result<Option<PairRow>, DbError> {
    let pair = other_pairs::table.find(lookup).select(PairRow::as_select());
    Ok(pair.first(conn).await.optional()?)
}

/// Of which key that was a pair, if it was one.
pub async fn key_of(conn: &mut Conn, lookup: &[u8]) -> Result<Option<i64>, DbError> {
    Ok(by_lookup(conn, lookup).await?.map(|row| row.key_id))
}

pub(super) async fn live_row(conn: &mut Conn, key_id: i64) -> Result<Option<PairRow>, DbError> {
    let live = other_pairs::table
        .filter(other_pairs::key_id.eq(key_id))
        .filter(other_pairs::role.ne(ENDED))
        .select(PairRow::as_select());
    Ok(live.first(conn).await.optional()?)
}

/// The other pair of a key, if it has one that is not over.
pub async fn of(
    conn: &mut Conn,
    now: Timestamp,
    key_id: i64,
) -> Result<Option<OtherPair>, DbError> {
    let Some(row) = live_row(conn, key_id).await? else { return Ok(None) };
    let (role, overlap) = (row.role()?, row.overlap());
    let ends_at = row.ends_at.map(Timestamp::from_millis);
    let is_over = ends_at.is_some_and(|at| at <= now);
    Ok((!is_over).then_some(OtherPair { role, ending: row.ending, ends_at, overlap }))
}

/// Adds a pair, unless the key has another beside its own; whether it had none.
pub(super) async fn add(conn: &mut Conn, row: PairRow) -> Result<bool, DbError> {
    let values = (
        other_pairs::lookup.eq(row.lookup),
        other_pairs::key_id.eq(row.key_id),
        other_pairs::secret_hash.eq(row.secret_hash),
        other_pairs::sealed.eq(row.sealed),
        other_pairs::ending.eq(row.ending),
        other_pairs::role.eq(row.role),
        other_pairs::opened_at.eq(row.opened_at),
        other_pairs::overlap.eq(row.overlap),
        other_pairs::ends_at.eq(row.ends_at),
    );
    let insert = diesel::insert_into(other_pairs::table).values(values).on_conflict_do_nothing();
    Ok(insert.execute(conn).await? == 1)
}

/// Opens the next pair of a key: the first attempt to hand it over starts.
pub async fn open_next(conn: &mut Conn, now: Timestamp, key_id: i64) -> Result<(), DbError> {
    let closed = other_pairs::table
        .filter(other_pairs::key_id.eq(key_id))
        .filter(other_pairs::role.eq(NEXT))
        .filter(other_pairs::opened_at.is_null());
    let opened = diesel::update(closed).set(other_pairs::opened_at.eq(now.as_millis()));
    opened.execute(conn).await?;
    Ok(())
}

/// Forgets the next pair of a key, which was not taken.
pub async fn drop_next(conn: &mut Conn, key_id: i64) -> Result<(), DbError> {
    let next = other_pairs::table
        .filter(other_pairs::key_id.eq(key_id))
        .filter(other_pairs::role.eq(NEXT));
    diesel::delete(next).execute(conn).await?;
    Ok(())
}

/// Ends the previous pair of a key; whether there was one. `of_own`: only while that is the key's own.
pub async fn end_previous(
    conn: &mut Conn,
    now: Timestamp,
    key_id: i64,
    of_own: Option<Lookup>,
) -> Result<bool, DbError> {
    if let Some(own) = of_own {
        let key = keys::table.find(key_id).filter(keys::lookup.eq(own.to_vec()));
        if !diesel::select(diesel::dsl::exists(key)).get_result(conn).await? {
            return Ok(false);
        }
    }
    let previous = other_pairs::table
        .filter(other_pairs::key_id.eq(key_id))
        .filter(other_pairs::role.eq(PREVIOUS));
    let values = (
        other_pairs::role.eq(ENDED),
        other_pairs::sealed.eq(None::<Vec<u8>>),
        other_pairs::ends_at.eq(now.as_millis()),
    );
    let was_there = diesel::update(previous).set(values).execute(conn).await? == 1;
    if was_there {
        // What was got with a pair ends with it: else whoever had the old secret goes on with a token.
        access_tokens::revoke_all(conn, key_id).await?;
    }
    Ok(was_there)
}

/// Ends previous pairs whose time is over, at most `most`; of which keys.
pub async fn end_overdue(conn: &mut Conn, now: Timestamp, most: i64) -> Result<Vec<i64>, DbError> {
    let overdue: Vec<i64> = other_pairs::table
        .filter(other_pairs::role.eq(PREVIOUS))
        .filter(other_pairs::ends_at.le(now.as_millis()))
        .order(other_pairs::ends_at)
        .limit(most)
        .select(other_pairs::key_id)
        .load(conn)
        .await?;
    let mut ended = Vec::new();
    for key_id in overdue {
        if end_previous(conn, now, key_id, None).await? {
            ended.push(key_id);
        }
    }
    Ok(ended)
}

/// The key ends: no other pair of it is left.
pub async fn end_all(conn: &mut Conn, now: Timestamp, key_id: i64) -> Result<(), DbError> {
    drop_next(conn, key_id).await?;
    end_previous(conn, now, key_id, None).await?;
    Ok(())
}
