//! `appgrant license …`: making, listing, taking back licenses; whole tables in and out; what holds for all.
//!
//! Whoever runs it may do everything; each change is written into the audit log as the command line's.
//! Never: a whole license key, but once by `create`, and where the store keeps keys readable.

mod create;
mod export;
mod import;
mod list;
mod settings;
mod show;

use clap::Subcommand;

use super::{CliError, output::print_line, startup};
use crate::{
    config::{Settings, Values},
    service::{
        Services,
        caller::Caller,
        licenses::{self, LicenseError},
    },
};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Make a license; its key is printed, this once
    Create(Box<create::Options>),
    /// List licenses, newest first
    List(list::Options),
    /// Show one license, and where it was last activated
    Show(show::Options),
    /// Take a license back; programs are told that there is no such license key
    Revoke {
        /// The license's number
        license_id: i64,
        /// Why, for the audit log
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
    },
    /// Give a license again that was taken back
    Restore {
        /// The license's number
        license_id: i64,
    },
    /// Take licenses over from a table
    Import(import::Options),
    /// Write all licenses as a table that can be imported
    Export(export::Options),
    /// Show what holds for all licenses, or change the store code
    Settings(settings::Options),
}

pub(super) async fn run(values: &Values, command: Command) -> Result<(), CliError> {
    let settings = Settings::read(values)?;
    let services = startup::of_store(&settings).await?;
    let caller = Caller::command_line();
    match command {
        Command::Create(options) => create::run(&services, &caller, *options).await,
        Command::List(options) => list::run(&services, &caller, options).await,
        Command::Show(options) => show::run(&services, &caller, options).await,
        Command::Revoke { license_id, reason } => {
            revoke(&services, &caller, license_id, &reason).await
        }
        Command::Restore { license_id } => restore(&services, &caller, license_id).await,
        Command::Import(options) => import::run(&services, &caller, options).await,
        Command::Export(options) => export::run(&services, &caller, options).await,
        Command::Settings(options) => settings::run(&services, &caller, options).await,
    }
}

async fn revoke(
    services: &Services,
    caller: &Caller,
    id: i64,
    reason: &str,
) -> Result<(), CliError> {
    licenses::revoke(services, caller, id, reason).await?;
    print_line(format_args!("license {id} revoked"))
}

async fn restore(services: &Services, caller: &Caller, id: i64) -> Result<(), CliError> {
    licenses::restore(services, caller, id).await?;
    print_line(format_args!("license {id} restored"))
}

impl From<LicenseError> for CliError {
    fn from(error: LicenseError) -> Self {
        Self::new(error.to_string())
    }
}
