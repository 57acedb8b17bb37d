//! A whole table of licenses is taken over: one thread reads it row by row, batches are taken meanwhile, and
//! never more than two wait, so that a table of any length needs no memory.
//!
//! It is begun by whoever may import, taken batch by batch, and ended by its report.
//! Never: what stands in a row in the report.

use std::io::{self, Read};

use tokio::{
    sync::mpsc::{self, Receiver, Sender},
    task::{JoinHandle, spawn_blocking},
};

use super::{
    LicenseError, RowOutcome,
    transfer::{Rehearsal, may_import, taken},
};
use crate::{
    domain::licenses::{BroughtLicense, RowError, TableError, read},
    service::{Services, caller::Caller},
};

/// How many rows one transaction takes.
const BATCH: usize = 100;

type Batch = Vec<(u64, Result<BroughtLicense, RowError>)>;

/// How many rows a report names whose keys are short.
const NAMED: usize = 100;

/// How it went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableReport {
    /// How many rows were looked at.
    pub rows: u64,
    /// How many are licenses now, or would be.
    pub taken: u64,
    /// How many were licenses before.
    pub already_here: u64,
    /// How many could not be taken.
    pub skipped: u64,
    /// How many that are licenses, now or before, have keys short enough to be guessed.
    pub guessable: u64,
    /// The numbers of the first of those rows.
    pub guessable_rows: Vec<u64>,
}

/// A table that is being taken over.
pub struct Table {
    batches: Receiver<Batch>,
    reading: JoinHandle<Result<u64, TableError>>,
    rehearsal: Option<Rehearsal>,
    report: TableReport,
}

impl Table {
    /// Begins, or only looks what could be taken.
    ///
    /// # Errors
    /// If the caller may not.
    pub async fn open(
        services: &Services,
        caller: &Caller,
        input: impl Read + Send + 'static,
        is_dry: bool,
    ) -> Result<Self, LicenseError> {
        may_import(services, caller).await?;
        let (sender, batches) = mpsc::channel(1);
        let reading = spawn_blocking(move || send(input, &sender));
        let rehearsal = is_dry.then(Rehearsal::default);
        Ok(Self { batches, reading, rehearsal, report: TableReport::default() })
    }

    /// Looks whether a table can be read to its end, so that one in memory is taken whole or not at all.
    ///
    /// # Errors
    /// If it cannot.
    pub async fn check(input: impl Read + Send + 'static) -> Result<(), TableError> {
        let read = spawn_blocking(move || read(input, &mut |_, _| {})).await;
        read.unwrap_or_else(|_| Err(broken_off(0))).map(drop)
    }

    /// Takes the next batch; gives its rows that could not be taken, by their numbers. Nothing at the end.
    ///
    /// # Errors
    /// If the database gives no answer; the batches before are taken.
    pub async fn take(
        &mut self,
        services: &Services,
        caller: &Caller,
    ) -> Result<Option<Vec<(u64, RowOutcome)>>, LicenseError> {
        let Some(batch) = self.batches.recv().await else { return Ok(None) };
        self.report.rows += batch.len() as u64;
        let mut imported = taken(services, caller, batch, self.rehearsal.as_mut()).await?;
        let passed_over = imported.passed_over.len() as u64;
        imported.passed_over.retain(|(_, outcome)| *outcome != RowOutcome::There);
        let skipped = imported.passed_over.len() as u64;
        self.report.guessable += imported.guessable.len() as u64;
        let room = NAMED - self.report.guessable_rows.len();
        self.report.guessable_rows.extend(imported.guessable.into_iter().take(room));
        self.report.taken += imported.taken;
        self.report.already_here += passed_over - skipped;
        self.report.skipped += skipped;
        Ok(Some(imported.passed_over))
    }

    /// How it went, and whether the table could be read to its end.
    pub async fn end(self) -> (TableReport, Result<(), TableError>) {
        drop(self.batches);
        let read = self.reading.await.unwrap_or_else(|_| Err(broken_off(self.report.rows)));
        (self.report, read.map(drop))
    }
}

fn broken_off(after: u64) -> TableError {
    TableError::Io { after, error: io::Error::other("reading it broke off") }
}

/// Reads the rows and hands them over in batches.
fn send(input: impl Read, batches: &Sender<Batch>) -> Result<u64, TableError> {
    let mut batch = Vec::with_capacity(BATCH);
    let read = read(input, &mut |number, row| {
        batch.push((number, row));
        if batch.len() == BATCH {
            // Where nobody takes them any more, nobody asks for the rest either.
            let _ = batches.blocking_send(std::mem::take(&mut batch));
        }
    });
    let _ = batches.blocking_send(batch);
    read
}
