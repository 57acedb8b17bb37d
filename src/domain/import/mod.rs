//! What an export of WooCommerce's table of keys says (wire.md §3.2), row by row.
//!
//! Why so: people export tables by many means. What counts is the columns' names, in any order and with
//! others between them; whether it is JSON, or text with commas, semicolons or tabs, is found out by
//! looking (`delimited`, `json`). One row is in memory at a time, and none may be longer than
//! [`LONGEST_ROW`], so that neither a huge file nor a broken one takes all memory.
//! A row that cannot be used is told and passed over; a file that cannot be read ends the reading.
//!
//! Never: what stands in a row, other than its `key_id`, in an error: it may be a secret in the wrong place.

mod delimited;
mod fields;
mod json;
pub mod users;

use std::{
    io::{self, Cursor, Read},
    ops::ControlFlow,
};

use super::metered::Metered;
pub use fields::{ExportedKey, Unusable};
use fields::{Fields, REQUIRED};
pub use jiff::tz::TimeZone;

/// How long a row may be, in bytes. Nonces of the last 15 minutes of a busy key stand in it.
pub const LONGEST_ROW: usize = 4 * 1024 * 1024;

/// How much is looked at to find out what a file is.
const LOOKED_AT: u64 = 64 * 1024;

/// A row of an export.
pub struct Line {
    /// 1, 2, …; a header is not counted.
    pub number: u64,
    /// WooCommerce's number of the key, fit for a page; empty if the row has none.
    pub key_id: String,
    /// The key, or why it cannot be taken.
    pub key: Result<ExportedKey, Unusable>,
}

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It has no rows with these columns.
    #[error(
        "it has no column {}; it must be CSV, tab-separated text or JSON with the columns' names", .0.join(", ")
    )]
    Columns(Vec<&'static str>),
    /// UTF-16, as PowerShell writes it.
    #[error("it is UTF-16; save it as UTF-8")]
    Utf16,
    /// There is nothing in it.
    #[error("it is empty")]
    Empty,
    /// The system does not give it, or a row is too long.
    #[error("after row {after}: {error}")]
    Io {
        /// How many rows were read before.
        after: u64,
        /// What the system says.
        error: io::Error,
    },
    /// It is not JSON there.
    #[error("after row {after} it is no JSON any more: {error}")]
    Json {
        /// How many rows were read before.
        after: u64,
        /// What is wrong, and where.
        error: serde_json::Error,
    },
}

/// Reads an export; `each` gets its rows, and may break off. `zone` is the site's, in which WooCommerce
/// notes the last access. Gives the number of rows.
///
/// # Errors
/// If it cannot be read to its end; `each` has the rows before.
pub fn read(
    mut input: impl Read,
    zone: &TimeZone,
    each: &mut dyn FnMut(Line) -> ControlFlow<()>,
) -> Result<u64, Unreadable> {
    let mut head = Vec::new();
    let looked = input.by_ref().take(LOOKED_AT).read_to_end(&mut head);
    looked.map_err(|error| Unreadable::Io { after: 0, error })?;
    if head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) {
        return Err(Unreadable::Utf16);
    }
    if head.starts_with("\u{feff}".as_bytes()) {
        head.drain(..3);
    }
    let first = head.iter().find(|byte| !byte.is_ascii_whitespace());
    let is_json = matches!(first.ok_or(Unreadable::Empty)?, b'[' | b'{');
    let mut rows = Rows { zone, each, count: 0, ended: false };
    let (whole, meter) = Metered::new(Cursor::new(head.clone()).chain(input), LONGEST_ROW);
    if is_json {
        json::read(whole, &meter, &mut rows)?;
    } else {
        delimited::read(whole, &head, &meter, &mut rows)?;
    }
    Ok(rows.count)
}

/// Where rows go.
struct Rows<'a> {
    zone: &'a TimeZone,
    each: &'a mut dyn FnMut(Line) -> ControlFlow<()>,
    count: u64,
    /// Nobody wants more.
    ended: bool,
}

impl Rows<'_> {
    /// A row with all its columns, or that has others than the header.
    fn take(&mut self, fields: Result<Fields, Unusable>) {
        self.count += 1;
        let key_id = fields.as_ref().map(Fields::key_id).unwrap_or_default();
        let key = fields.and_then(|fields| fields.read(self.zone));
        let line = Line { number: self.count, key_id, key };
        self.ended = (self.each)(line).is_break();
    }
}

/// Which of the columns that are needed are not there.
fn missing(is_there: impl Fn(&str) -> bool) -> Vec<&'static str> {
    REQUIRED.into_iter().filter(|column| !is_there(column)).collect()
}

#[cfg(test)]
mod tests;
