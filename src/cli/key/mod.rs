//! `appgrant key …`: making, listing, ending keys, and taking them over from WooCommerce.
//!
//! Whoever runs it may do everything; each change is written into the audit log as the command line's.
//! Never: a secret shown, but once by `create`.

mod create;
mod import;
mod list;
mod rules;
mod tokens;

use clap::Subcommand;

use super::{CliError, output::print_line, startup};
use crate::{
    config::{Settings, Values},
    domain::permissions::Permissions,
    service::{Services, caller::Caller, keys},
};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Make a key; key and secret are printed, this once
    Create(create::Options),
    /// List keys, newest first
    List(list::Options),
    /// Show one key
    Show {
        /// The key's number
        key_id: i64,
        /// For machines
        #[arg(long)]
        json: bool,
    },
    /// End a key for good
    Revoke {
        /// The key's number
        key_id: i64,
        /// Why, for the list and the audit log
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
    },
    /// Show what a key and its tokens are bound to, or change it
    Rules(rules::Options),
    /// List the access tokens of a key, newest first
    Tokens(tokens::ListOptions),
    /// End all access tokens of a key and make one; it is printed, this once
    Regenerate(tokens::RegenerateOptions),
    /// End the access tokens of a key, and what refreshes them; the key goes on working
    EndTokens(tokens::EndOptions),
    /// Take keys over from an export of WooCommerce's table of keys
    Import(import::Options),
}

pub(super) async fn run(values: &Values, command: Command) -> Result<(), CliError> {
    let settings = Settings::read(values)?;
    let services = startup::of_store(&settings).await?;
    let caller = Caller::command_line();
    match command {
        Command::Create(options) => create::run(&services, &caller, options).await,
        Command::List(options) => list::run(&services, &caller, options).await,
        Command::Show { key_id, json } => list::show(&services, &caller, key_id, json).await,
        Command::Revoke { key_id, reason } => revoke(&services, &caller, key_id, &reason).await,
        Command::Rules(options) => rules::run(&services, &caller, options).await,
        Command::Tokens(options) => tokens::list(&services, &caller, options).await,
        Command::Regenerate(options) => tokens::regenerate(&services, &caller, options).await,
        Command::EndTokens(options) => tokens::end(&services, &caller, options).await,
        Command::Import(options) => import::run(&services, &caller, options).await,
    }
}

async fn revoke(
    services: &Services,
    caller: &Caller,
    key_id: i64,
    reason: &str,
) -> Result<(), CliError> {
    keys::revoke(services, caller, key_id, reason).await?;
    print_line(format!("key {key_id} revoked"))
}

pub(super) fn parse_permissions(text: &str) -> Result<Permissions, String> {
    Permissions::parse(text).ok_or_else(|| "it must be read, write or read_write".to_owned())
}
