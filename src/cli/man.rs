//! `appgrant man`: the manual pages, made of what the command line is read with.
//!
//! The main page has three sections more than clap knows of: settings, files and exit codes. Never
//! reads a setting or opens a database: packages are built where nothing is set up.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::{Args, Command, CommandFactory};
use clap_mangen::{
    Man,
    roff::{Roff, bold, roman},
};

use super::{Arguments, CliError, WHERE_SETTINGS_COME_FROM, output::Lines};
use crate::config::{self, SettingText};

const FILES: [(&str, &str); 3] = [
    ("appgrant.toml", "The settings file of the working directory, if no --config names another."),
    ("appgrant.db", "The database, unless APPGRANT_DATABASE_URL names another."),
    ("appgrant.key", "The key file, without which the database is useless. Back it up."),
];

const EXIT_CODES: [(&str, &str); 3] = [
    ("0", "Done."),
    ("1", "Refused or failed; one line on standard error says what, and what to do."),
    ("2", "Wrong usage."),
];

#[derive(Args)]
pub(super) struct Options {
    /// Write a page for each command into that folder; else the main page goes to standard output
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(super) fn run(options: &Options) -> Result<(), CliError> {
    let mut command = Arguments::command().disable_help_subcommand(true);
    command.build();
    match &options.dir {
        None => print(command),
        Some(dir) => write_all(&command, dir).map_err(|error| {
            CliError::new(format!("pages cannot be written into {}: {error}", dir.display()))
        }),
    }
}

fn print(command: Command) -> Result<(), CliError> {
    let text = main_page(command).map_err(|error| CliError::new(error.to_string()))?;
    let mut out = Lines::new();
    out.text(String::from_utf8_lossy(&text))?;
    out.end()
}

fn write_all(command: &Command, dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    let main = page(command.clone()).get_filename();
    fs::write(dir.join(main), main_page(command.clone())?)?;
    command.get_subcommands().try_for_each(|below| write_below(below, dir))
}

fn write_below(command: &Command, dir: &Path) -> io::Result<()> {
    page(command.clone()).generate_to(dir)?;
    command.get_subcommands().try_for_each(|below| write_below(below, dir))
}

/// The date is a blank: the same source gives the same page on every day. Not empty, since clap's
/// writer leaves an empty word out and moves the ones behind it forward.
fn page(command: Command) -> Man {
    Man::new(command)
        .date(" ")
        .source(concat!("AppGrant ", env!("CARGO_PKG_VERSION")))
        .manual("AppGrant manual")
}

fn main_page(command: Command) -> io::Result<Vec<u8>> {
    let page = page(command);
    let mut out = Vec::new();
    page.render_title(&mut out)?;
    page.render_name_section(&mut out)?;
    page.render_synopsis_section(&mut out)?;
    page.render_description_section(&mut out)?;
    page.render_options_section(&mut out)?;
    page.render_subcommands_section(&mut out)?;
    own_sections().to_writer(&mut out)?;
    Ok(out)
}

fn own_sections() -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["ENVIRONMENT"]);
    roff.text([roman(WHERE_SETTINGS_COME_FROM)]);
    for SettingText { variable, default, allowed } in config::setting_texts() {
        let default = if default.is_empty() { "none" } else { default };
        entry(&mut roff, &variable, &format!("{allowed} (default: {default})"));
    }
    roff.control("SH", ["FILES"]);
    for (name, text) in FILES {
        entry(&mut roff, name, text);
    }
    roff.control("SH", ["EXIT STATUS"]);
    for (code, text) in EXIT_CODES {
        entry(&mut roff, code, text);
    }
    roff
}

fn entry(roff: &mut Roff, name: &str, text: &str) {
    roff.control("TP", []);
    roff.text([bold(name)]);
    roff.text([roman(text)]);
}
