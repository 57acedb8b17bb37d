//! `appgrant copy`: moves a store from SQLite to PostgreSQL, and says what is left to do.
//!
//! The work is the database layer's. Here is what a person has to know: that the service must be stopped,
//! that the key file goes along, and what was copied. Never: the target's password in a line.

use std::{fmt::Write as _, io::Read, path::Path};

use clap::Args;
use serde_json::json;

use super::{CliError, key_file, output::print_line, startup};
use crate::{
    config::{SettingError, Settings, Values},
    db::{
        Db,
        copy::{self, Copied, CopyError, LEFT_OUT, Progress},
    },
    domain::keyring::Keyring,
    service::{
        environment::{Clock as _, SystemClock},
        installation,
    },
};

/// How many rows of a table are worth a line.
const STEP: u64 = 100_000;

/// How much of an address is read at most.
const LONGEST_URL: u64 = 16 * 1024;

#[derive(Args)]
pub(super) struct Options {
    /// An empty PostgreSQL database, postgres://…; - reads the address from standard input, which keeps
    /// its password out of the list of processes
    #[arg(long, value_name = "URL")]
    to: String,
    /// For machines
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(values: &Values, Options { to, json }: Options) -> Result<(), CliError> {
    let settings = Settings::read(values)?;
    let path = file(&settings)?;
    bring_up_to_date(&settings).await?;
    let target = target(&address(to)?).await?;
    eprintln!(
        "copying {path}; `appgrant serve` must be stopped, and stay stopped until it runs on the new database"
    );
    let copied = copy::copy(path, &target, SystemClock.now(), tell).await?;
    report(&copied, json)?;
    eprintln!(
        "copied, read back and compared; next: set APPGRANT_DATABASE_URL to the new database on every \
         machine, take the key file {} along (without it the copy is useless), start `appgrant serve`, \
         and check with `appgrant audit verify`",
        settings.secret_key_file.display()
    );
    Ok(())
}

/// The file that is copied; it must be there, since a new one would be an empty store.
fn file(settings: &Settings) -> Result<&str, CliError> {
    let about = |complaint: &str| SettingError::about("database_url", complaint).into();
    let Some(path) = settings.database_url.strip_prefix("sqlite:") else {
        return Err(about("names no SQLite file: only those are copied, to PostgreSQL"));
    };
    if !Path::new(path).exists() {
        return Err(about(&format!("names {path}, which is not there: nothing to copy")));
    }
    Ok(path)
}

fn address(to: String) -> Result<String, CliError> {
    if to != "-" {
        return Ok(to);
    }
    let mut text = String::new();
    std::io::stdin()
        .take(LONGEST_URL)
        .read_to_string(&mut text)
        .map_err(|error| CliError::new(format!("the address cannot be read: {error}")))?;
    Ok(text.trim().to_owned())
}

/// The target, with this version's schema; nothing is changed in one that is in use.
async fn target(url: &str) -> Result<Db, CliError> {
    if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(CopyError::NotPostgres.into());
    }
    let about = |error| CliError::from(CopyError::Target(error));
    let target = Db::open_pool(url, 2).map_err(about)?;
    copy::look(&target).await?;
    target.migrate().await.map_err(about)?;
    target.check().await.map_err(about)?;
    Ok(target)
}

/// Brings the file's schema to this version, as every command does, and looks whether the key file is its
/// own: it has to go along. All connections to it are closed then.
async fn bring_up_to_date(settings: &Settings) -> Result<(), CliError> {
    let db = startup::database(settings).await?;
    let Some(made_with) = installation::key_file_of(&db).await? else { return Ok(()) };
    let path = &settings.secret_key_file;
    if Keyring::derive(&key_file::read(path)?).fingerprint() != made_with {
        let complaint = format!(
            "names {}, which is not the key file this database was made with; the store needs it on \
             the new database too",
            path.display()
        );
        return Err(SettingError::about("secret_key_file", complaint).into());
    }
    Ok(())
}

fn tell(progress: Progress<'_>) {
    match progress {
        Progress::Written(table, rows) if rows.is_multiple_of(STEP) => {
            eprintln!("{table}: {rows} rows copied");
        }
        Progress::ReadBack(table, rows) if rows.is_multiple_of(STEP) => {
            eprintln!("{table}: {rows} rows compared");
        }
        _ => {}
    }
}

fn report(copied: &[Copied], json: bool) -> Result<(), CliError> {
    if json {
        let table = |c: &Copied| json!({ "table": c.table, "rows": c.rows, "digest": c.digest });
        let tables: Vec<_> = copied.iter().map(table).collect();
        return print_line(json!({ "tables": tables, "left_out": LEFT_OUT }));
    }
    let mut text = format!("{:<20} {:>12}  {}\n", "table", "rows", "digest");
    for Copied { table, rows, digest } in copied {
        let _ = writeln!(text, "{table:<20} {rows:>12}  {digest}");
    }
    print_line(text.trim_end())
}
