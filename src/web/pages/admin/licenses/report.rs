//! What became of the rows of a file: how many were taken, and why others were not. Never: what stands in them.

use std::io::Cursor;

use super::upload::Content;
use crate::{
    domain::licenses::{BroughtLicense, RowError, TableError, read},
    service::{
        Services,
        caller::Caller,
        licenses::{self, Imported, LicenseError},
    },
};

/// How many rows are one transaction.
const BATCH: usize = 200;

/// How many rows that were passed over are named.
const NAMED: usize = 200;

/// Rows as they were read, with their numbers.
pub type Rows = Vec<(u64, Result<BroughtLicense, RowError>)>;

/// What became of a file.
pub struct Report {
    /// How many rows it has.
    pub rows: u64,
    /// How many of them were taken, or would be.
    pub taken: u64,
    /// How many were passed over.
    pub passed_over: usize,
    /// Those of them that are named, with the reasons.
    pub named: Vec<(u64, String)>,
    /// Whether they were only looked at.
    pub is_dry: bool,
}

/// Reads the rows of a file.
///
/// # Errors
/// If it cannot be read to its end.
pub async fn rows(content: Content) -> Result<Rows, TableError> {
    let read_all = move || {
        let mut rows = Rows::new();
        read(Cursor::new(content.as_slice()), &mut |number, row| rows.push((number, row)))?;
        Ok(rows)
    };
    // Large files take a while, in which other people's pages must not stand still.
    let read = tokio::task::spawn_blocking(read_all).await;
    read.unwrap_or_else(|_| {
        Err(TableError::Io { after: 0, error: std::io::Error::other("it broke off") })
    })
}

impl Report {
    /// Takes rows over, or only looks whether they could be.
    ///
    /// # Errors
    /// If the caller may not, or the database gives no answer.
    pub async fn of(
        services: &Services,
        caller: &Caller,
        rows: Rows,
        is_dry: bool,
    ) -> Result<Self, LicenseError> {
        let count = rows.len() as u64;
        let mut all = Imported::default();
        let mut rows = rows.into_iter();
        loop {
            let batch: Rows = rows.by_ref().take(BATCH).collect();
            if batch.is_empty() {
                break;
            }
            all.add(licenses::import(services, caller, batch, is_dry).await?);
        }
        let named = all.passed_over.iter().take(NAMED);
        let named = named.map(|(number, why)| (*number, why.to_string())).collect();
        Ok(Self {
            rows: count,
            taken: all.taken,
            passed_over: all.passed_over.len(),
            named,
            is_dry,
        })
    }

    /// How many rows were passed over and are not named.
    pub fn unnamed(&self) -> usize {
        self.passed_over - self.named.len()
    }
}
