//! Reading the audit log, and checking that it is whole.

use data_encoding::HEXLOWER;
use serde_json::json;

use super::{ServiceError, Services, caller::Caller};
pub use crate::db::outcomes::{AuditFilter, AuditPage};
pub use crate::domain::audit::Row;
use crate::{
    db,
    domain::{
        audit::{Entry, Event, Object},
        user::Role,
    },
};

/// How many rows are read at once.
pub const BATCH: i64 = 1_000;

/// How many rows a page has, unless asked for fewer or more.
pub const PAGE: usize = 50;

/// A log that is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    /// How many rows it has.
    pub rows: i64,
    /// The last row's number and hash: noted elsewhere, it shows later that nothing was cut off.
    pub head: String,
}

/// Where the chain does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A row is missing.
    #[error("row {0} is missing")]
    Missing(i64),
    /// A row was altered or put there by somebody else, or rows changed their places.
    #[error("row {0} was altered, or is not in its place")]
    Altered(i64),
    /// Rows at the end are missing.
    #[error("rows from {0} on were cut off, or the noted end was altered")]
    CutOff(i64),
    /// The head that was noted elsewhere is not in the log.
    #[error("row {0} is not the one that was noted: the log was cut off or written anew")]
    AnotherHead(i64),
}

/// How checking went.
pub type Verified = Result<Whole, Broken>;

/// A page of rows, newest first.
///
/// # Errors
/// If the database gives no answer.
pub async fn page(
    services: &Services,
    filter: &AuditFilter,
    before: Option<i64>,
    limit: usize,
) -> Result<AuditPage, ServiceError> {
    Ok(db::read!(services.db, audit::page(filter, before, limit))?)
}

/// A page of what was done to one thing, newest first: from where and in which request is told to
/// readers of the log alone, since that says where people are.
///
/// # Errors
/// If the database gives no answer.
pub async fn page_as_seen(
    services: &Services,
    caller: &Caller,
    filter: &AuditFilter,
    before: Option<i64>,
    limit: usize,
) -> Result<AuditPage, ServiceError> {
    let mut found = page(services, filter, before, limit).await?;
    if !caller.actor.role().is_some_and(Role::may_read_audit) {
        for row in &mut found.rows {
            (row.address, row.request_id) = (None, None);
        }
    }
    Ok(found)
}

/// Why somebody was not shown the log.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The caller may not.
    #[error("only admins and managers read the audit log, and only admins export it")]
    NotAllowed,
    /// Something nobody asked for.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// A page of rows, newest first, for whoever may read them.
///
/// # Errors
/// If the caller may not.
pub async fn page_for(
    services: &Services,
    caller: &Caller,
    filter: &AuditFilter,
    before: Option<i64>,
    limit: usize,
) -> Result<AuditPage, AuditError> {
    let may = caller.actor.role().is_some_and(Role::may_read_audit);
    if !may {
        return Err(AuditError::NotAllowed);
    }
    Ok(page(services, filter, before, limit).await?)
}

/// Begins an export: notes it, and refuses whoever is no admin.
///
/// # Errors
/// If the caller may not.
pub async fn begin_export(services: &Services, caller: &Caller) -> Result<(), AuditError> {
    if !caller.actor.role().is_some_and(Role::may_manage_users) {
        let entry = Entry::refused(Event::AuditExported, Object::audit(), json!({}));
        caller.note(services, entry).await?;
        return Err(AuditError::NotAllowed);
    }
    Ok(note_export(services, caller).await?)
}

/// The rows after a number, oldest first, [`BATCH`] at most: for an export, piece by piece.
///
/// # Errors
/// If the database gives no answer.
pub async fn after(services: &Services, seq: i64) -> Result<Vec<Row>, ServiceError> {
    Ok(db::read!(services.db, audit::after(seq, BATCH))?)
}

/// Notes that somebody exports the log.
///
/// # Errors
/// If the database gives no answer.
pub async fn note_export(services: &Services, caller: &Caller) -> Result<(), ServiceError> {
    let entry = Entry::done(Event::AuditExported, Object::audit(), json!({}));
    caller.note(services, entry).await
}

/// Checks the whole chain, and that it holds a head that was noted elsewhere, if one is given.
///
/// # Errors
/// If the database gives no answer.
pub async fn verify(
    services: &Services,
    noted: Option<(i64, String)>,
) -> Result<Verified, ServiceError> {
    // Read first: rows may be added meanwhile, which is no fault.
    let (last, last_hash) = db::read!(services.db, audit::head())?;
    let (mut seq, mut hash, mut noted_is_there) = (0, Vec::new(), noted.is_none());
    loop {
        let rows = after(services, seq).await?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            if row.seq != seq + 1 {
                return Ok(Err(Broken::Missing(seq + 1)));
            }
            if row.hash != row.hash_after(&services.keyring, &hash) {
                return Ok(Err(Broken::Altered(row.seq)));
            }
            (seq, hash) = (row.seq, row.hash);
            if seq == last && hash != last_hash {
                return Ok(Err(Broken::CutOff(seq)));
            }
            let is_noted = noted.as_ref().is_some_and(|(at, _)| *at == seq);
            noted_is_there |= is_noted && noted == Some((seq, HEXLOWER.encode(&hash)));
        }
    }
    if seq < last {
        return Ok(Err(Broken::CutOff(seq + 1)));
    }
    if !noted_is_there {
        return Ok(Err(Broken::AnotherHead(noted.map_or(0, |(seq, _)| seq))));
    }
    Ok(Ok(Whole { rows: seq, head: format!("{seq}:{}", HEXLOWER.encode(&hash)) }))
}
