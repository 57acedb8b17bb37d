//! `appgrant token …`: tokens of the JSON API. A token is printed once, by the command that makes it.

use clap::{Args, Subcommand};
use serde_json::json;

use super::{CliError, output::print_line, startup};
use crate::{
    config::{Settings, Values},
    domain::expiry,
    service::{
        Services,
        caller::Caller,
        tokens::{self, ApiTokenRow, MadeToken},
        users,
        views::TokenJson,
    },
};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Make a token that acts for a user; it is printed once
    Create(Create),
    /// List the tokens
    List {
        /// For machines
        #[arg(long)]
        json: bool,
    },
    /// End a token
    Revoke {
        /// Its number, as `token list` tells it
        id: i64,
    },
}

#[derive(Args)]
pub(super) struct Create {
    /// Login name of the user it acts for
    #[arg(long)]
    user: String,
    /// What it is for
    #[arg(long)]
    name: String,
    /// When it ends: a day, or an instant (RFC 3339); else it has no end
    #[arg(long, value_name = "DATE")]
    expires: Option<String>,
    /// For machines
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(values: &Values, command: Command) -> Result<(), CliError> {
    let settings = Settings::read(values)?;
    let services = startup::of_store(&settings).await?;
    let caller = Caller::command_line();
    match command {
        Command::Create(create) => make(&services, &caller, create).await,
        Command::List { json } => print(tokens::list(&services, &caller, true).await?, json),
        Command::Revoke { id } => {
            tokens::revoke(&services, &caller, id).await?;
            print_line(format!("token {id} revoked"))
        }
    }
}

async fn make(services: &Services, caller: &Caller, create: Create) -> Result<(), CliError> {
    let Create { user, name, expires, json } = create;
    let user = users::by_login(services, &user).await?;
    let expires = expires.map(|text| expiry::parse(&text, services.now())).transpose();
    let expires_at = expires.map_err(|error| CliError::new(error.to_string()))?;
    let MadeToken { id, token } =
        tokens::create(services, caller, user.id, &name, expires_at).await?;
    if json {
        let expires_at = expires_at.map(|at| at.to_string());
        return print_line(json!({
            "id": id, "token": token.expose(), "name": name, "user": user.login,
            "expires_at": expires_at,
        }));
    }
    eprintln!("token {id} acts for {}; this is its only showing:", user.login);
    print_line(token.expose())
}

fn print(tokens: Vec<ApiTokenRow>, json: bool) -> Result<(), CliError> {
    let tokens: Vec<_> = tokens.into_iter().map(TokenJson::from).collect();
    if json {
        return print_line(json!(tokens));
    }
    for token in tokens {
        let state = if token.revoked_at.is_some() { "revoked" } else { "" };
        let used = token.last_used_at.as_deref().unwrap_or("never used");
        let ends = token.expires_at.as_deref().unwrap_or("no end");
        let (user, name) = (&token.user, &token.name);
        print_line(format!(
            "{}\t{user}\t{name}\t…{}\t{used}\t{ends}\t{state}",
            token.id, token.ending
        ))?;
    }
    Ok(())
}
