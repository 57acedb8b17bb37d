//! The audit log: a chain that is only added to.
//!
//! Whoever adds holds the row of `audit_head` until the transaction ends, so numbers have no gaps and
//! hashes have one order on any number of nodes. So adding is the last thing a transaction does: holding
//! the head while waiting for another row could make two transactions wait for each other.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{Backend, Conn};
use crate::{
    db::{
        DbError,
        outcomes::{AuditFilter, AuditPage},
        schema::{audit, audit_head},
    },
    domain::{
        audit::{Entry, Journal, Row},
        timestamp::Timestamp,
    },
};

/// How many rows a page's walk passes at most.
const WALK: i64 = 10_000;

/// The number of the one row of `audit_head`.
const HEAD: i64 = 1;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = audit)]
struct AuditRow {
    seq: i64,
    at: i64,
    actor: String,
    actor_id: Option<i64>,
    address: Option<String>,
    event: String,
    object_kind: String,
    object_id: String,
    outcome: String,
    request_id: Option<String>,
    details: String,
    hash: Vec<u8>,
}

/// Adds entries, in their order.
pub async fn append(conn: &mut Conn, journal: &Journal, entries: &[Entry]) -> Result<(), DbError> {
    let Ok(count) = i64::try_from(entries.len()) else {
        return Err(DbError::Corrupt("audit entries"));
    };
    if count == 0 {
        return Ok(());
    }
    let (last, mut hash): (i64, Vec<u8>) = diesel::update(audit_head::table.find(HEAD))
        .set(audit_head::seq.eq(audit_head::seq + count))
        .returning((audit_head::seq, audit_head::hash))
        .get_result(conn)
        .await?;
    for (seq, entry) in (last - count + 1..).zip(entries) {
        let row = Row::of(journal, entry, seq, &hash);
        hash.clone_from(&row.hash);
        diesel::insert_into(audit::table).values(AuditRow::from(row)).execute(conn).await?;
    }
    let head = diesel::update(audit_head::table.find(HEAD));
    head.set(audit_head::hash.eq(hash)).execute(conn).await?;
    Ok(())
}

/// The rows after that number, oldest first, at most `limit`.
pub async fn after(conn: &mut Conn, seq: i64, limit: i64) -> Result<Vec<Row>, DbError> {
    let rows: Vec<AuditRow> = audit::table
        .filter(audit::seq.gt(seq))
        .order(audit::seq)
        .limit(limit)
        .select(AuditRow::as_select())
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(Row::from).collect())
}

/// Number and hash of the last row; 0 and nothing before the first.
pub async fn head(conn: &mut Conn) -> Result<(i64, Vec<u8>), DbError> {
    let head = audit_head::table.find(HEAD).select((audit_head::seq, audit_head::hash));
    Ok(head.first(conn).await?)
}

/// A page of rows, newest first, before the number `before` if one is given.
pub async fn page(
    conn: &mut Conn,
    filter: &AuditFilter,
    before: Option<i64>,
    limit: usize,
) -> Result<AuditPage, DbError> {
    let from = before.unwrap_or(i64::MAX);
    let floor = floor(conn, filter, from).await?;
    let mut rows = filtered(filter).filter(audit::seq.lt(from));
    if let Some(floor) = floor {
        rows = rows.filter(audit::seq.ge(floor));
    }
    let most = i64::try_from(limit).unwrap_or(i64::MAX - 1);
    let found: Vec<AuditRow> = rows
        .order(audit::seq.desc())
        .limit(most + 1)
        .select(AuditRow::as_select())
        .load(conn)
        .await?;
    let is_full = found.len() > limit;
    let rows: Vec<Row> = found.into_iter().take(limit).map(Row::from).collect();
    let next = if is_full { rows.last().map(|row| row.seq) } else { floor };
    Ok(AuditPage { rows, next, walked_far: !is_full && floor.is_some() })
}

/// Where a walk along the filter's index that begins at `from` must end; nothing if it comes to the end
/// of the log before.
async fn floor(conn: &mut Conn, filter: &AuditFilter, from: i64) -> Result<Option<i64>, DbError> {
    // One condition is walked along its index; what comes with it is what must be bounded.
    let indexed = AuditFilter {
        object: filter.object.clone(),
        actor_id: filter.actor_id.filter(|_| filter.object.is_none()),
        event: filter.event.filter(|_| filter.object.is_none() && filter.actor_id.is_none()),
        ..AuditFilter::default()
    };
    if indexed == *filter {
        return Ok(None);
    }
    Ok(filtered(&indexed)
        .filter(audit::seq.lt(from))
        .order(audit::seq.desc())
        .select(audit::seq)
        .offset(WALK)
        .limit(1)
        .first(conn)
        .await
        .optional()?)
}

fn filtered(filter: &AuditFilter) -> audit::BoxedQuery<'static, Backend> {
    let mut rows = audit::table.into_boxed();
    if let Some((kind, id)) = &filter.object {
        rows = rows.filter(audit::object_kind.eq(kind.clone()));
        rows = rows.filter(audit::object_id.eq(id.clone()));
    }
    if let Some(kind) = &filter.kind {
        // Looked at on the way, and written so that no index fits: along the one of objects, the rows of
        // a kind would all be sorted.
        rows = rows.filter(audit::object_kind.concat("").eq(kind.clone()));
    }
    if let Some(actor_id) = filter.actor_id {
        rows = rows.filter(audit::actor_id.eq(actor_id));
    }
    if let Some(event) = filter.event {
        rows = rows.filter(audit::event.eq(event.as_str()));
    }
    if let Some(outcome) = filter.outcome {
        rows = rows.filter(audit::outcome.eq(outcome.as_str()));
    }
    if let Some(since) = filter.since {
        rows = rows.filter(audit::at.ge(since.as_millis()));
    }
    if let Some(until) = filter.until {
        rows = rows.filter(audit::at.lt(until.as_millis()));
    }
    rows
}

impl From<AuditRow> for Row {
    fn from(row: AuditRow) -> Self {
        Self {
            seq: row.seq,
            at: Timestamp::from_millis(row.at),
            actor: row.actor,
            actor_id: row.actor_id,
            address: row.address,
            event: row.event,
            object_kind: row.object_kind,
            object_id: row.object_id,
            outcome: row.outcome,
            request_id: row.request_id,
            details: row.details,
            hash: row.hash,
        }
    }
}

impl From<Row> for AuditRow {
    fn from(row: Row) -> Self {
        Self {
            seq: row.seq,
            at: row.at.as_millis(),
            actor: row.actor,
            actor_id: row.actor_id,
            address: row.address,
            event: row.event,
            object_kind: row.object_kind,
            object_id: row.object_id,
            outcome: row.outcome,
            request_id: row.request_id,
            details: row.details,
            hash: row.hash,
        }
    }
}
