//! `appgrant signing-key …`: exchanging the key that signs callbacks.

use clap::Subcommand;
use serde_json::json;

use super::{CliError, output::print_line, startup};
use crate::{
    config::{Settings, Values},
    domain::timestamp::Timestamp,
    service::{
        Services,
        caller::Caller,
        signing::{self, Listed, Rotation},
    },
};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Make the next key; the one before goes on signing beside it for 30 days
    Rotate {
        /// For a key that leaked: the keys before stop now. Apps that pinned one refuse callbacks
        #[arg(long)]
        at_once: bool,
    },
    /// List the keys, newest first
    List {
        /// For machines
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(values: &Values, command: Command) -> Result<(), CliError> {
    let settings = Settings::read(values)?;
    let services = startup::of_store(&settings).await?;
    match command {
        Command::Rotate { at_once } => rotate(&services, at_once).await,
        Command::List { json } => print(&signing::list(&services).await?, services.now(), json),
    }
}

async fn rotate(services: &Services, at_once: bool) -> Result<(), CliError> {
    let Rotation { made, overlap_until } =
        signing::rotate(services, &Caller::command_line(), at_once).await?;
    let before = if at_once {
        "the keys before no longer sign and are no longer published".to_owned()
    } else {
        format!("the key before goes on signing beside it until {}", overlap_until.to_date())
    };
    print_line(format!("signing key {made} made; {before}"))
}

fn print(keys: &[Listed], now: Timestamp, json: bool) -> Result<(), CliError> {
    if json {
        let rows: Vec<_> = keys.iter().map(|key| row(key, now)).collect();
        return print_line(json!(rows));
    }
    for Listed { generation, kid } in keys {
        let (number, state) = (generation.number, generation.state(now).as_str());
        let until = generation.retired_at.map_or_else(|| "-".to_owned(), |at| at.to_string());
        print_line(format!("{number}\t{state}\t{}\t{until}\t{kid}", generation.created_at))?;
    }
    Ok(())
}

fn row(Listed { generation, kid }: &Listed, now: Timestamp) -> serde_json::Value {
    json!({
        "generation": generation.number,
        "state": generation.state(now).as_str(),
        "kid": kid,
        "created_at": generation.created_at.to_string(),
        "retired_at": generation.retired_at.map(|at| at.to_string()),
    })
}
