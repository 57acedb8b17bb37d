//! What became of the rows of a file: how many were taken, and why others were not. Never: what stands in them.

use std::{io::Cursor, sync::Arc};

use super::upload::Content;
use crate::{
    domain::licenses::TableError,
    service::{
        Services,
        caller::Caller,
        licenses::{LicenseError, Table},
    },
};

/// How many rows that could not be taken are named.
const NAMED: usize = 200;

/// A file that can be read more than once.
#[derive(Clone)]
pub struct File(Arc<Content>);

impl AsRef<[u8]> for File {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl File {
    /// A file that can be read to its end.
    ///
    /// # Errors
    /// If it cannot.
    pub async fn whole(content: Content) -> Result<Self, TableError> {
        let file = Self(Arc::new(content));
        Table::check(Cursor::new(file.clone())).await?;
        Ok(file)
    }
}

/// What became of a file.
pub struct Report {
    /// How many rows it has.
    pub rows: u64,
    /// How many of them were taken, or would be.
    pub taken: u64,
    /// How many were licenses before.
    pub already_here: u64,
    /// How many could not be taken.
    pub skipped: u64,
    /// Those of them that are named, with the reasons.
    pub named: Vec<(u64, String)>,
    /// How many are licenses whose keys are short enough to be guessed.
    pub guessable: u64,
    /// Those of them that are named.
    pub guessable_rows: Vec<u64>,
    /// Whether they were only looked at.
    pub is_dry: bool,
}

impl Report {
    /// Takes a file over, or only looks what could be.
    ///
    /// # Errors
    /// If the caller may not, or the database gives no answer.
    pub async fn of(
        services: &Services,
        caller: &Caller,
        file: File,
        is_dry: bool,
    ) -> Result<Self, LicenseError> {
        let mut table = Table::open(services, caller, Cursor::new(file), is_dry).await?;
        let mut named = Vec::new();
        while let Some(passed_over) = table.take(services, caller).await? {
            let room = NAMED.saturating_sub(named.len());
            let told = passed_over.into_iter().take(room);
            named.extend(told.map(|(number, why)| (number, why.to_string())));
        }
        // That it can be read to its end was seen before.
        let (report, _) = table.end().await;
        Ok(Self {
            rows: report.rows,
            taken: report.taken,
            already_here: report.already_here,
            skipped: report.skipped,
            named,
            guessable: report.guessable,
            guessable_rows: report.guessable_rows,
            is_dry,
        })
    }

    /// The rows with keys short enough to be guessed, in words.
    pub fn guessable_in_words(&self) -> String {
        let rows: Vec<_> = self.guessable_rows.iter().map(u64::to_string).collect();
        let rows = rows.join(", ");
        match self.guessable.saturating_sub(self.guessable_rows.len() as u64) {
            0 => rows,
            more => format!("{rows} and {more} more"),
        }
    }

    /// How many rows could not be taken and are not named.
    pub fn unnamed(&self) -> u64 {
        self.skipped.saturating_sub(self.named.len() as u64)
    }
}
