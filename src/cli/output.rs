//! Data for standard output.

use std::{
    fmt::Display,
    io::{self, BufWriter, ErrorKind, Stdout, Write},
};

use super::CliError;

/// Prints one line. A reader that has gone is no fault; a full disk is.
pub(super) fn print_line(line: impl Display) -> Result<(), CliError> {
    let mut out = Lines::new();
    out.line(line)?;
    out.end()
}

/// Many lines, for a reader who may go at any time: then there is nothing more to do.
pub(super) struct Lines {
    out: BufWriter<Stdout>,
    is_read: bool,
}

impl Lines {
    pub(super) fn new() -> Self {
        Self { out: BufWriter::new(io::stdout()), is_read: true }
    }

    /// Writes a text and no line end; whether anybody reads on.
    pub(super) fn text(&mut self, text: impl Display) -> Result<bool, CliError> {
        if self.is_read {
            let written = write!(self.out, "{text}");
            self.look_at(written)?;
        }
        Ok(self.is_read)
    }

    /// Writes a line; whether anybody reads on.
    pub(super) fn line(&mut self, line: impl Display) -> Result<bool, CliError> {
        self.text(format_args!("{line}\n"))
    }

    /// Hands over what waits; whether anybody reads on.
    pub(super) fn flush(&mut self) -> Result<bool, CliError> {
        if self.is_read {
            let written = self.out.flush();
            self.look_at(written)?;
        }
        Ok(self.is_read)
    }

    /// Hands over what waits.
    pub(super) fn end(mut self) -> Result<(), CliError> {
        let written = if self.is_read { self.out.flush() } else { Ok(()) };
        self.look_at(written)?;
        // What a reader who went did not take is dropped, not tried again.
        let _ = self.out.into_parts();
        Ok(())
    }

    fn look_at(&mut self, written: io::Result<()>) -> Result<(), CliError> {
        match written {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(CliError::new(format!("standard output cannot be written: {error}")))
            }
            written => {
                self.is_read &= written.is_ok();
                Ok(())
            }
        }
    }
}
