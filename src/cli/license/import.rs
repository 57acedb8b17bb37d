//! `appgrant license import`: takes licenses over from a table, row by row.
//!
//! What was skipped is told while it is read, so a report of any length needs no memory.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use clap::Args;
use serde_json::json;

use crate::{
    cli::{CliError, output::Lines},
    service::{
        Services,
        caller::Caller,
        licenses::{RowOutcome, Table, TableReport},
    },
};

#[derive(Args)]
pub(in crate::cli) struct Options {
    /// The table: CSV or tab-separated text whose first line names the columns; - for standard input
    file: PathBuf,
    /// Say what would be taken, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// The report for machines
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(
    services: &Services,
    caller: &Caller,
    options: Options,
) -> Result<(), CliError> {
    let input = open(&options.file)?;
    let mut table = Table::open(services, caller, input, options.dry_run).await?;
    let mut told = Told { out: Lines::new(), options: &options, count: 0 };
    while let Some(rows) = table.take(services, caller).await? {
        for (row, outcome) in rows {
            told.skipped(row, &outcome)?;
        }
    }
    let (report, read) = table.end().await;
    told.end(report)?;
    let file = options.file.display();
    read.map_err(|error| CliError::new(format!("{file} cannot be read: {error}")))
}

fn open(file: &Path) -> Result<Box<dyn Read + Send>, CliError> {
    if file == Path::new("-") {
        return Ok(Box::new(io::stdin()));
    }
    let opened = File::open(file).and_then(|opened| {
        let is_folder = opened.metadata()?.is_dir();
        if is_folder { Err(io::ErrorKind::IsADirectory.into()) } else { Ok(opened) }
    });
    opened
        .map(|file| Box::new(file) as Box<dyn Read + Send>)
        .map_err(|error| CliError::new(format!("{} cannot be read: {error}", file.display())))
}

/// The report.
struct Told<'a> {
    out: Lines,
    options: &'a Options,
    count: u64,
}

impl Told<'_> {
    fn skipped(&mut self, row: u64, outcome: &RowOutcome) -> Result<(), CliError> {
        self.count += 1;
        if self.options.json {
            let before = if self.count == 1 { "{\"skipped\":[" } else { ",\n" };
            let row = json!({ "row": row, "reason": outcome.to_string() });
            self.out.text(format_args!("{before}{row}"))?;
        } else {
            self.out.line(format_args!("row {row} skipped: {outcome}"))?;
        }
        Ok(())
    }

    fn end(&mut self, report: TableReport) -> Result<(), CliError> {
        let TableReport { rows, taken, already_here, skipped, .. } = report;
        let dry_run = self.options.dry_run;
        if self.options.json {
            let before = if self.count == 0 { "{\"skipped\":[" } else { "" };
            self.out.line(format_args!(
                "{before}],\"rows\":{rows},\"taken\":{taken},\"already_here\":{already_here},\
                 \"skipped_count\":{skipped},\"guessable_count\":{},\"guessable\":{},\
                 \"dry_run\":{dry_run}}}",
                report.guessable,
                json!(report.guessable_rows)
            ))?;
        } else {
            let taken = match (taken, dry_run) {
                (0, _) => "nothing to take".to_owned(),
                (taken, false) => format!("{taken} taken"),
                (taken, true) => format!("{taken} would be taken"),
            };
            let rows = if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") };
            self.out.line(format_args!(
                "{rows}: {taken}, {already_here} already here, {skipped} skipped"
            ))?;
            self.guessable(report.guessable, &report.guessable_rows)?;
        }
        self.out.flush().map(drop)
    }

    /// A note about keys that are short; they were taken.
    fn guessable(&mut self, count: u64, rows: &[u64]) -> Result<(), CliError> {
        if count == 0 {
            return Ok(());
        }
        let keys = if count == 1 { "1 key is".to_owned() } else { format!("{count} keys are") };
        let named: Vec<_> = rows.iter().map(u64::to_string).collect();
        let more = count.saturating_sub(rows.len() as u64);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let named = named.join(", ");
        self.out
            .line(format_args!("{keys} short enough to be guessed; replace: rows {named}{more}"))
            .map(drop)
    }
}
