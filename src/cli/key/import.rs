//! `appgrant key import`: takes keys over from WooCommerce. One thread reads the file, row by row; batches
//! are taken meanwhile, and never more than two wait.
//!
//! What was passed over is told while it is read, so a report of any length needs no memory.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, Read},
    ops::ControlFlow,
    path::{Path, PathBuf},
    thread::available_parallelism,
};

use clap::Args;
use serde_json::json;
use tokio::{
    sync::mpsc::{self, Sender},
    task::spawn_blocking,
};

use crate::{
    cli::{CliError, output::Lines},
    domain::import::{self, TimeZone, Unreadable, users},
    service::{
        Services,
        caller::Caller,
        keys::import::{BATCH, Importer, Line, Owners, Report, Skipped},
    },
};

#[derive(Args)]
pub(in crate::cli) struct Options {
    /// The export: CSV, tab-separated text or JSON with the columns' names; - for standard input
    file: PathBuf,
    /// The user that the keys act for
    #[arg(long, value_name = "LOGIN")]
    owner: String,
    /// Whose keys act for whom instead: lines of WordPress user id (or login), comma, login
    #[arg(long, value_name = "MAP.csv")]
    users: Option<PathBuf>,
    /// The site's time zone, in which WooCommerce notes the last access: Europe/Berlin, or +01:00
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = parse_zone)]
    timezone: TimeZone,
    /// Say what would be taken, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// The report for machines
    #[arg(long)]
    json: bool,
}

fn parse_zone(text: &str) -> Result<TimeZone, String> {
    let offset = || {
        let at: jiff::fmt::strtime::BrokenDownTime = jiff::fmt::strtime::parse("%:z", text).ok()?;
        Some(at.offset()?.to_time_zone())
    };
    let zone = if text == "UTC" { Some(TimeZone::UTC) } else { offset() };
    zone.or_else(|| TimeZone::get(text).ok()).ok_or_else(|| {
        "it is no zone this machine knows; give its offset, such as +01:00".to_owned()
    })
}

pub(super) async fn run(
    services: &Services,
    caller: &Caller,
    options: Options,
) -> Result<(), CliError> {
    let map = options.users.as_deref().map(read_users).transpose()?.unwrap_or_default();
    let owners = Owners::find(services, &options.owner, map).await?;
    let input = open(&options.file)?;
    let threads = available_parallelism().map_or(1, usize::from);
    let threads = (!options.dry_run).then_some(threads);
    let mut importer = Importer::new(services, caller, owners, threads).await?;
    let mut told = Told::new(&options);
    let (sender, mut batches) = mpsc::channel(1);
    let reading = spawn_blocking(move || send(input, &options.timezone, &sender));
    while let Some(batch) = batches.recv().await {
        for skipped in importer.take(batch).await? {
            told.skipped(&skipped)?;
        }
    }
    let read = reading.await.map_err(|_| CliError::new("the file could not be read"))?;
    told.end(importer.report())?;
    read.map_err(|error| unreadable(&told.file, &error))
}

fn unreadable(file: &str, error: &Unreadable) -> CliError {
    CliError::new(format!("{file} cannot be read: {error}"))
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

fn read_users(file: &Path) -> Result<HashMap<String, String>, CliError> {
    users::read(open(file)?).map_err(|error| CliError::new(format!("{}: {error}", file.display())))
}

/// Reads the rows and hands them over in batches; ends when nobody takes them.
fn send(
    input: Box<dyn Read + Send>,
    zone: &TimeZone,
    batches: &Sender<Vec<Line>>,
) -> Result<(), Unreadable> {
    let mut batch = Vec::with_capacity(BATCH);
    let read = import::read(input, zone, &mut |line| {
        batch.push(line);
        if batch.len() < BATCH || batches.blocking_send(std::mem::take(&mut batch)).is_ok() {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    });
    let _ = batches.blocking_send(batch);
    read.map(drop)
}

/// The report.
struct Told {
    out: Lines,
    json: bool,
    dry_run: bool,
    file: String,
    count: u64,
}

impl Told {
    fn new(options: &Options) -> Self {
        Self {
            out: Lines::new(),
            json: options.json,
            dry_run: options.dry_run,
            file: options.file.display().to_string(),
            count: 0,
        }
    }

    fn skipped(&mut self, Skipped { row, key_id, reason }: &Skipped) -> Result<(), CliError> {
        self.count += 1;
        if self.json {
            let before = if self.count == 1 { "{\"skipped\":[" } else { ",\n" };
            let row = json!({ "row": row, "key_id": key_id, "reason": reason.to_string() });
            self.out.text(format_args!("{before}{row}"))?;
        } else {
            let key_id = if key_id.is_empty() { "-" } else { key_id };
            self.out.line(format_args!("row {row} (key_id {key_id}) skipped: {reason}"))?;
        }
        Ok(())
    }

    fn end(&mut self, report: Report) -> Result<(), CliError> {
        let Report { rows, taken, already_here, skipped } = report;
        if self.json {
            let before = if self.count == 0 { "{\"skipped\":[" } else { "" };
            let dry_run = self.dry_run;
            self.out.line(format_args!(
                "{before}],\"rows\":{rows},\"taken\":{taken},\"already_here\":{already_here},\
                 \"dry_run\":{dry_run}}}"
            ))?;
        } else {
            let taken = match (taken, self.dry_run) {
                (0, _) => "nothing to take".to_owned(),
                (taken, false) => format!("{taken} taken"),
                (taken, true) => format!("{taken} would be taken"),
            };
            let rows = if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") };
            self.out.line(format_args!(
                "{rows}: {taken}, {already_here} already here, {skipped} skipped"
            ))?;
        }
        self.out.flush().map(drop)
    }
}
