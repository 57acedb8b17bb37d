//! `appgrant audit …`: is the log whole, and the log for somebody else to keep.

use clap::Subcommand;
use serde_json::json;

use super::{
    CliError,
    output::{Lines, print_line},
    startup,
};
use crate::{
    config::{Settings, Values},
    service::{
        Services,
        audit::{self, Whole},
        caller::Caller,
        views::{self, AuditRowJson},
    },
};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Check that no row was altered, dropped or moved; prints the head, to be noted elsewhere
    Verify {
        /// A head that was noted earlier: shows also that nothing was cut off since
        #[arg(long, value_name = "SEQ:HASH", value_parser = parse_head)]
        head: Option<(i64, String)>,
        /// For machines
        #[arg(long)]
        json: bool,
    },
    /// Write the log to standard output as JSON Lines, oldest row first
    Export {
        /// Only rows after that number
        #[arg(long, value_name = "SEQ", default_value_t = 0)]
        after: i64,
    },
}

fn parse_head(text: &str) -> Result<(i64, String), String> {
    let none = || "it must be a number, a colon and 64 hexadecimal digits".to_owned();
    let (seq, hash) = text.trim().split_once(':').ok_or_else(none)?;
    let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    let seq = seq.parse().ok().filter(|seq| *seq > 0 && is_hash).ok_or_else(none)?;
    Ok((seq, hash.to_lowercase()))
}

pub(super) async fn run(values: &Values, command: Command) -> Result<(), CliError> {
    let settings = Settings::read(values)?;
    let services = startup::of_store(&settings).await?;
    match command {
        Command::Verify { head, json } => verify(&services, head, json).await,
        Command::Export { after } => export(&services, after).await,
    }
}

async fn verify(
    services: &Services,
    noted: Option<(i64, String)>,
    json: bool,
) -> Result<(), CliError> {
    match audit::verify(services, noted).await? {
        Ok(Whole { rows, head }) if json => print_line(json!({ "rows": rows, "head": head })),
        Ok(Whole { rows: 0, .. }) => print_line("the log is empty"),
        Ok(Whole { rows, head }) => {
            print_line(format!("the chain holds: {rows} rows\nhead {head}"))
        }
        Err(broken) => Err(CliError::new(format!("the audit log was tampered with: {broken}"))),
    }
}

async fn export(services: &Services, mut after: i64) -> Result<(), CliError> {
    audit::note_export(services, &Caller::command_line()).await?;
    let mut out = Lines::new();
    loop {
        let rows = audit::after(services, after).await?;
        if rows.is_empty() {
            return out.end();
        }
        for row in rows {
            after = row.seq;
            if !out.line(views::line(&AuditRowJson::from(row)))? {
                return Ok(());
            }
        }
    }
}
