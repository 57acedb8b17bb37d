//! `appgrant key rules`: what a key and its tokens are bound to, shown or changed.

use clap::Args;

use crate::{
    cli::{
        CliError,
        output::{Lines, print_line},
    },
    domain::{
        key_rules::{Environment, KeyRules},
        token_life::TokenLife,
    },
    service::{
        Services,
        access_tokens::{self, RulesChange},
        caller::Caller,
        views::{self, KeyRulesJson},
    },
};

#[derive(Args)]
pub(in crate::cli) struct Options {
    /// The key's number
    key_id: i64,
    /// What the key is for, which the store is told with each request
    #[arg(long, value_name = "production|sandbox", value_parser = parse_environment)]
    environment: Option<Environment>,
    /// How many seconds its tokens live, 60 or more; below 0 for no end, "default" for the store's setting
    #[arg(long, value_name = "SECONDS", value_parser = parse_life, allow_hyphen_values = true)]
    token_seconds: Option<Life>,
    /// Domains it may be used from, such as "shop.example *.apps.example"; ALL for any
    #[arg(long, value_name = "DOMAINS")]
    domains: Option<String>,
    /// Networks it may be used from, such as "203.0.113.0/24"; ALL for any
    #[arg(long, value_name = "NETWORKS")]
    networks: Option<String>,
    /// For machines
    #[arg(long)]
    json: bool,
}

/// A life that somebody typed; nothing is the store's setting.
#[derive(Clone, Copy)]
pub(super) struct Life(pub(super) Option<TokenLife>);

fn parse_environment(text: &str) -> Result<Environment, String> {
    Environment::parse(text).ok_or_else(|| "it must be production or sandbox".to_owned())
}

pub(super) fn parse_life(text: &str) -> Result<Life, String> {
    if text == "default" {
        return Ok(Life(None));
    }
    let wrong = || "it must be 60 or more, below 0 for no end, or the word default".to_owned();
    TokenLife::parse(text).map(|life| Life(Some(life))).ok_or_else(wrong)
}

pub(super) async fn run(
    services: &Services,
    caller: &Caller,
    options: Options,
) -> Result<(), CliError> {
    let any = |text: String| if text.eq_ignore_ascii_case("all") { String::new() } else { text };
    let change = RulesChange {
        environment: options.environment,
        token_life: options.token_seconds.map(|Life(life)| life),
        domains: options.domains,
        networks: options.networks.map(any),
    };
    let rules = if change == RulesChange::default() {
        access_tokens::rules(services, caller, options.key_id).await?
    } else {
        access_tokens::change_rules(services, caller, options.key_id, change).await?
    };
    if options.json {
        return print_line(views::line(&KeyRulesJson::from(rules)));
    }
    let mut out = Lines::new();
    for (name, value) in told(&rules) {
        out.line(format_args!("{name:14} {value}"))?;
    }
    out.end()
}

/// The rules, for people.
fn told(rules: &KeyRules) -> [(&'static str, String); 4] {
    let life = match rules.token_life {
        None => "as the store is set".to_owned(),
        Some(TokenLife::Never) => "never end".to_owned(),
        Some(TokenLife::Seconds(seconds)) => format!("{seconds} seconds"),
    };
    let any = |all: String| if all.is_empty() { "any".to_owned() } else { all };
    [
        ("environment", rules.environment.as_str().to_owned()),
        ("tokens live", life),
        ("from domains", any(rules.domains.to_string())),
        ("from networks", any(rules.networks.to_string())),
    ]
}
