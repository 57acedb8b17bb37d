//! `appgrant key tokens`, `regenerate` and `end-tokens`: the short-lived tokens of a key.

use clap::Args;
use serde_json::json;

use super::rules::{Life, parse_life};
use crate::{
    cli::{
        CliError,
        output::{Lines, print_line},
    },
    domain::timestamp::Timestamp,
    service::{
        Services,
        access_tokens::{self, RulesChange, TokenView},
        caller::Caller,
        views::{self, AccessTokenJson},
    },
};

/// How many are read at once.
const PAGE: usize = 200;

#[derive(Args)]
pub(in crate::cli) struct ListOptions {
    /// The key's number
    key_id: i64,
    /// For machines: an array
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(in crate::cli) struct RegenerateOptions {
    /// The key's number
    key_id: i64,
    /// How many seconds the key's tokens live from now on; below 0 for no end, "default" for the store's setting
    #[arg(long, value_name = "SECONDS", value_parser = parse_life, allow_hyphen_values = true)]
    validity: Option<Life>,
    /// Domains the key may be used from, such as "shop.example *.apps.example"; ALL for any
    #[arg(long, value_name = "DOMAINS")]
    domains: Option<String>,
    /// For machines
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(in crate::cli) struct EndOptions {
    /// The key's number
    key_id: i64,
    /// Only the token of that number, with what refreshes it
    #[arg(long, value_name = "ID")]
    token: Option<i64>,
}

pub(super) async fn list(
    services: &Services,
    caller: &Caller,
    options: ListOptions,
) -> Result<(), CliError> {
    let (mut out, mut before, mut is_first) = (Lines::new(), None, true);
    loop {
        let page = access_tokens::list(services, caller, options.key_id, before, PAGE).await?;
        for token in page.tokens {
            let view = AccessTokenJson::new(token.clone(), services.now());
            let is_read = if options.json {
                let begin = if is_first { "[" } else { ",\n" };
                out.text(format_args!("{begin}{}", views::line(&view)))?
            } else {
                out.line(told(&token, view.state))?
            };
            is_first = false;
            if !is_read {
                return Ok(());
            }
        }
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    if options.json {
        out.line(if is_first { "[]" } else { "]" })?;
    }
    out.end()
}

/// A token, for people.
fn told(token: &TokenView, state: &str) -> String {
    let at = |at: Option<Timestamp>| at.map_or_else(|| "never".to_owned(), |at| at.to_string());
    let TokenView { id, permissions, ending, created_at, .. } = token;
    let (made_by, ends, used) =
        (token.made_by.as_str(), at(token.expires_at), at(token.last_used_at));
    format!("{id}\t{state}\t{permissions}\t{made_by}\t…{ending}\t{created_at}\t{ends}\t{used}")
}

pub(super) async fn regenerate(
    services: &Services,
    caller: &Caller,
    options: RegenerateOptions,
) -> Result<(), CliError> {
    let change = RulesChange {
        token_life: options.validity.map(|Life(life)| life),
        domains: options.domains,
        ..RulesChange::default()
    };
    let key_id = options.key_id;
    let issued = access_tokens::regenerate(services, caller, key_id, Some(change)).await?;
    let token = issued.access.expose();
    if options.json {
        let shown = json!({ "access_token": token, "expires_in": issued.expires_in });
        return print_line(shown);
    }
    print_line(token)?;
    let life = match issued.expires_in {
        Some(seconds) => format!("It is good for {seconds} seconds"),
        None => "It never ends".to_owned(),
    };
    eprintln!("{life}, and is not shown again. The key's tokens before it are ended.");
    Ok(())
}

pub(super) async fn end(
    services: &Services,
    caller: &Caller,
    EndOptions { key_id, token }: EndOptions,
) -> Result<(), CliError> {
    let Some(id) = token else {
        access_tokens::revoke_all(services, caller, key_id).await?;
        return print_line(format!("all tokens of key {key_id} ended"));
    };
    if access_tokens::revoke(services, caller, key_id, id).await? {
        print_line(format!("token {id} ended"))
    } else {
        print_line(format!("token {id} was ended before"))
    }
}
