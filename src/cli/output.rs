//! Data for standard output.

use std::{
    fmt::Display,
    io::{self, ErrorKind, Write},
};

use super::CliError;

/// Prints one line. A reader that has gone is no fault; a full disk is.
pub(super) fn print_line(line: impl Display) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(CliError::new(format!("standard output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}
