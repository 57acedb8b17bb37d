//! What a key's requests and tokens are bound to. An address of its own, beside the key: other people may
//! change it, and a change of both would be two transactions under one answer.

use serde_json::Value;

use super::{
    answer::{self, Answer},
    client::Client,
    described::RulesChangeBody,
    members::{self, Wrong},
};
use crate::{
    domain::{
        key_rules::{AllowedDomains, AllowedNetworks, Environment, RuleError},
        token_life::TokenLife,
    },
    service::{
        access_tokens::{self, RulesChange},
        views::{KeyRulesJson, words},
    },
};

/// The rules of a key.
#[utoipa::path(get, path = "/api/v1/keys/{id}/rules", tag = "access tokens",
    operation_id = "getKeyRules",
    params(("id" = i64, Path, minimum = 1, description = "The key's number")),
    responses((status = 200, description = "The rules", body = KeyRulesJson)))]
pub async fn show(client: Client) -> Answer {
    client.questions().done()?;
    let rules = access_tokens::rules(&client.services, &client.caller, client.id()?).await?;
    answer::ok(&KeyRulesJson::from(rules))
}

/// Changes the rules of a key.
///
/// Whoever may narrow the key may make its tokens live shorter and its lists narrower; only its owner and
/// admins may do the opposite, or move it between production and sandbox. Rules hold for the key and all
/// its tokens at once; the life of a token that was made stays.
#[utoipa::path(patch, path = "/api/v1/keys/{id}/rules", tag = "access tokens",
    operation_id = "changeKeyRules",
    params(("id" = i64, Path, minimum = 1, description = "The key's number")),
    request_body = RulesChangeBody,
    responses(
        (status = 200, description = "The rules as they are now", body = KeyRulesJson),
        (status = 403, description = "You may not change this key, or not in that way"),
        (status = 409, description = "The key is over, or somebody else changed it at the same time"),
    ))]
pub async fn change(client: Client) -> Answer {
    let id = client.id()?;
    let mut body = client.members()?;
    let change = RulesChange {
        environment: body.optional("environment", environment),
        token_life: body.nullable("token_seconds", token_seconds),
        domains: body.optional("allowed_domains", domains),
        networks: body.optional("allowed_networks", networks),
    };
    let change = body.finish(Some(change))?;
    let (services, caller) = (&client.services, &client.caller);
    let rules = access_tokens::change_rules(services, caller, id, change).await?;
    answer::ok(&KeyRulesJson::from(rules))
}

fn environment(value: &Value) -> Result<Environment, Wrong> {
    members::word(words::Environment::ALL, Environment::parse)(value)
}

/// A life in seconds.
///
/// # Errors
/// If it is none.
pub fn token_seconds(value: &Value) -> Result<TokenLife, Wrong> {
    let life = members::whole_number(value).and_then(TokenLife::of);
    life.ok_or_else(|| {
        "must be 60 to 315360000 seconds, below 0 for no end, or null for the store's setting"
            .to_owned()
    })
}

/// A list of domains, as the rule reads it.
///
/// # Errors
/// If one is none, or there are too many.
pub fn domains(value: &Value) -> Result<String, Wrong> {
    let text = members::texts(value)?.join("\n");
    AllowedDomains::parse(&text).map_err(|error| wrong(&error))?;
    Ok(text)
}

fn networks(value: &Value) -> Result<String, Wrong> {
    let text = members::texts(value)?.join("\n");
    AllowedNetworks::parse(&text).map_err(|error| wrong(&error))?;
    Ok(text)
}

/// What is wrong, without the value.
fn wrong(error: &RuleError) -> Wrong {
    match error {
        RuleError::Domain(_) => {
            "each must be a domain such as shop.example, or *.shop.example for each below it"
                .to_owned()
        }
        RuleError::Network(_) => {
            "each must be a network such as 192.0.2.0/24, or an address".to_owned()
        }
        RuleError::TooMany => error.to_string(),
    }
}
