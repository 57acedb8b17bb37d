//! `appgrant license export`: all licenses as a table, piece by piece, to standard output or into a file.
//!
//! Whole keys may stand in it, so a file is its owner's alone. Never: over a file that is there; half a table
//! left behind as if it were whole.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use clap::Args;

use crate::{
    cli::{CliError, output::Lines},
    service::{Services, caller::Caller, licenses},
};

#[derive(Args)]
pub(in crate::cli) struct Options {
    /// A file that is not there yet, which you alone can read; standard output if it is left out
    file: Option<PathBuf>,
}

pub(super) async fn run(
    services: &Services,
    caller: &Caller,
    Options { file }: Options,
) -> Result<(), CliError> {
    match file {
        Some(file) => into_file(services, caller, &file).await?,
        None => into_output(services, caller).await?,
    }
    if !services.licenses.keys_readable {
        eprintln!(
            "The license keys in it are shortened, since this store keeps none \
             (APPGRANT_LICENSE_KEYS): it cannot be imported."
        );
    }
    Ok(())
}

async fn into_output(services: &Services, caller: &Caller) -> Result<(), CliError> {
    licenses::begin_export(services, caller).await?;
    let (mut out, mut after) = (Lines::new(), 0);
    while let Some((piece, last)) = licenses::export_after(services, after).await? {
        if !out.text(String::from_utf8_lossy(&piece))? {
            return Ok(());
        }
        after = last;
    }
    out.end()
}

async fn into_file(services: &Services, caller: &Caller, path: &Path) -> Result<(), CliError> {
    let mut file = fresh(path)?;
    let written = write(services, caller, (path, &mut file)).await;
    if written.is_err() {
        let _ = fs::remove_file(path);
    }
    written
}

fn fresh(path: &Path) -> Result<File, CliError> {
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    opened.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            CliError::new(format!("{} is there already: name another file", path.display()))
        }
        _ => unwritable(path, &error),
    })
}

async fn write(
    services: &Services,
    caller: &Caller,
    (path, file): (&Path, &mut File),
) -> Result<(), CliError> {
    licenses::begin_export(services, caller).await?;
    let mut after = 0;
    while let Some((piece, last)) = licenses::export_after(services, after).await? {
        file.write_all(&piece).map_err(|error| unwritable(path, &error))?;
        after = last;
    }
    file.sync_all().map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &io::Error) -> CliError {
    CliError::new(format!("{} cannot be written: {error}", path.display()))
}
