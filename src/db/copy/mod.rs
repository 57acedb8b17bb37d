//! Moving a whole store from SQLite to PostgreSQL, row by row and unread.
//!
//! What is copied is what the source's own catalog lists, so that a new table or column cannot be
//! forgotten; [`LEFT_OUT`] has the exceptions and their reasons. All of it is one transaction of the
//! target: a copy that breaks off, for whatever reason, leaves nothing there and is started again. Before
//! the commit both sides are read once more and compared. Rows are copied as they are, secrets sealed and
//! hashed as they stand, so no key is needed here. Never: a row changed on the way, a target that holds
//! something, more than a page of rows in memory.

mod catalog;
mod error;
mod insert;
mod row;
mod source;
mod tally;
mod target;

pub use error::CopyError;

use super::{Db, DbError};
use crate::{domain::timestamp::Timestamp, fault};
use catalog::Table;
use source::Source;
use tally::Tally;
use target::Target;

/// Tables that stay behind. `key_changes` tells running processes what to forget, and none runs on the
/// target; the migrations' own table says what was done to a database, and the target has its own.
pub const LEFT_OUT: [&str; 2] = ["key_changes", "__diesel_schema_migrations"];

/// The fact in `meta` that says that this file was copied elsewhere, and when.
pub const COPIED: &str = "copied";

/// Rows that are read and written at a time.
const PAGE: usize = 1000;

/// A table that stands on both sides.
#[derive(Debug)]
pub struct Copied {
    /// Its name.
    pub table: String,
    /// How many rows it has.
    pub rows: u64,
    /// The sum of its rows' SHA-256, in hexadecimal; the same on both sides.
    pub digest: String,
}

/// How far a copy is.
pub enum Progress<'a> {
    /// So many rows of a table were written.
    Written(&'a str, u64),
    /// So many rows of a table were read back.
    ReadBack(&'a str, u64),
}

/// Whether a database can take a store: PostgreSQL, and nothing in it. Changes nothing.
///
/// # Errors
/// [`CopyError::Occupied`], or what keeps it from being looked at.
pub async fn look(target: &Db) -> Result<(), CopyError> {
    Target::open(target).await?.is_free().await
}

/// Copies the file at `path` into `target`, which is free and has this version's schema. The file is this
/// copy's alone until it ends, and is marked as copied then.
///
/// # Errors
/// What kept it from being done; nothing is left in the target then, except where the error says so.
pub async fn copy(
    path: &str,
    target: &Db,
    now: Timestamp,
    progress: impl Fn(Progress<'_>) + Send + Sync,
) -> Result<Vec<Copied>, CopyError> {
    let mut source = Source::open(path).await?;
    let tables = source.tables().await?;
    let mut target = Target::open(target).await?;
    target.begin(&tables).await?;
    for table in &tables {
        let mut written = 0;
        let mut pages = source.pages(table);
        while let Some(rows) = pages.next().await? {
            target.insert(table, &rows).await?;
            written += rows.len() as u64;
            progress(Progress::Written(&table.name, written));
        }
        fault::point(&format!("copied-{}", table.name)).await;
    }
    target.continue_numbers(&source.numbers().await?).await?;
    let mut copied = Vec::new();
    for table in &tables {
        copied.push(compare(table, &mut source, &mut target, &progress).await?);
    }
    target.trigger_again(&tables).await?;
    fault::point("copy-compared").await;
    target.commit().await?;
    fault::point("copy-committed").await;
    source.mark(now).await?;
    Ok(copied)
}

/// Reads a table anew on both sides.
async fn compare(
    table: &Table,
    source: &mut Source,
    target: &mut Target,
    progress: &(impl Fn(Progress<'_>) + Send + Sync),
) -> Result<Copied, CopyError> {
    let (mut ours, mut theirs) = (Tally::default(), Tally::default());
    let mut pages = source.pages(table);
    while let Some(rows) = pages.next().await? {
        rows.iter().for_each(|row| ours.add(row));
    }
    target.look_through(table).await?;
    while let Some(rows) = target.next_page().await? {
        rows.iter().for_each(|row| theirs.add(row));
        progress(Progress::ReadBack(&table.name, theirs.rows()));
    }
    if ours != theirs {
        return Err(CopyError::Differs {
            table: table.name.clone(),
            ours: ours.rows(),
            theirs: theirs.rows(),
        });
    }
    Ok(Copied { table: table.name.clone(), rows: ours.rows(), digest: ours.digest() })
}
