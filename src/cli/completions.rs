//! `appgrant completions SHELL`: what a shell needs to complete our commands.
//!
//! Made of the very definitions that the command line is read with, so the two cannot differ. Never
//! reads a setting or opens anything: packages are built where nothing is set up.

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use super::{Arguments, CliError, output::Lines};

pub(super) fn run(shell: Shell) -> Result<(), CliError> {
    let mut command = Arguments::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    generate(shell, &mut command, name, &mut script);
    let mut out = Lines::new();
    out.text(String::from_utf8_lossy(&script))?;
    out.end()
}
