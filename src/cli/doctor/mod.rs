//! `appgrant doctor`: with an authorize link, what is wrong with it; without one, whether this
//! installation can work.
//!
//! Never changes anything: no database, key file or migration is made by looking.

mod certificate;
mod checks;
mod installation;
mod link;

use clap::Args;

use super::CliError;
use crate::config::Values;

#[derive(Args)]
pub(super) struct Options {
    /// An authorize link, as an app built it (in quotes); without one, this installation is checked
    #[arg(value_name = "URL")]
    link: Option<String>,
    /// Also connect to the callback, over TLS, and hang up before anything is sent
    #[arg(long, requires = "link")]
    probe: bool,
    /// For machines
    #[arg(long)]
    json: bool,
}

/// `values` is what was found, or why the settings cannot be read, which is a finding too.
pub(super) async fn run(
    values: Result<Values, CliError>,
    options: Options,
) -> Result<(), CliError> {
    match &options.link {
        Some(text) => link::run(&values?, text, options.probe, options.json).await,
        None => installation::run(values, options.json).await,
    }
}
