//! What a key is bound to: looked at and changed. What narrows is for whoever may narrow the key, what
//! widens for whoever may widen it.

use serde_json::json;

use crate::{
    db,
    domain::{
        access::KeyAction,
        audit::{Entry, Event, Object},
        key_rules::{AllowedDomains, AllowedNetworks, Environment, KeyRules, RuleError},
        token_life::TokenLife,
    },
    service::{
        Services,
        caller::Caller,
        keys::{self, KeyError},
    },
};

/// What shall change; nothing stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RulesChange {
    /// What the key is for.
    pub environment: Option<Environment>,
    /// How long its tokens live; the inner nothing is as its app, or else the store, is set.
    pub token_life: Option<Option<TokenLife>>,
    /// The domains it may be used from, as somebody typed them.
    pub domains: Option<String>,
    /// The networks it may be used from, likewise.
    pub networks: Option<String>,
}

/// The rules of a key.
///
/// # Errors
/// If there is no such key, or nobody asks.
pub async fn rules(
    services: &Services,
    caller: &Caller,
    key_id: i64,
) -> Result<KeyRules, KeyError> {
    keys::show(services, caller, key_id).await?;
    Ok(db::read!(services.db, key_rules::of(key_id))?)
}

/// The life of a key's tokens where its own rules name none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InheritedLife {
    /// How long.
    pub life: TokenLife,
    /// Whether the registered app says so whose connection the key is, and not the store.
    pub is_apps: bool,
}

/// The life that tokens of that key have if its own rules name none.
///
/// # Errors
/// If the database gives no answer.
pub async fn inherited_life(services: &Services, key_id: i64) -> Result<InheritedLife, KeyError> {
    let stores = InheritedLife { life: services.tokens.options.life, is_apps: false };
    let Some(client) = db::read!(services.db, oauth_clients::client_of(key_id))? else {
        return Ok(stores);
    };
    let apps = db::read!(services.db, key_rules::of(client))?.token_life;
    Ok(apps.map_or(stores, |life| InheritedLife { life, is_apps: true }))
}

/// Changes the rules of a key; gives the new ones.
///
/// # Errors
/// If the caller may not, a rule is none, the key is over, or somebody else changed it meanwhile.
pub async fn change_rules(
    services: &Services,
    caller: &Caller,
    key_id: i64,
    change: RulesChange,
) -> Result<KeyRules, KeyError> {
    let view = keys::permitted(services, caller, key_id, &[KeyAction::See]).await?;
    if !view.state.is_live() {
        return Err(KeyError::Over(view.state));
    }
    let seen = db::read!(services.db, key_rules::of(key_id))?;
    let new = applied(&seen, &change)?;
    if new == seen {
        return Ok(seen);
    }
    let inherited = inherited_life(services, key_id).await?.life;
    let view = keys::permitted(services, caller, key_id, &needed(&seen, &new, inherited)).await?;
    let journal = caller.journal(services);
    let (details, wanted) = (told(&new), new.clone());
    let changed = db::audited!(
        services.db,
        journal,
        key_rules::put((key_id, view.owner.id), seen, wanted),
        |changed: &bool| {
            let entry = Entry::done(Event::KeyChanged, Object::key(key_id), details);
            if *changed { vec![entry] } else { Vec::new() }
        },
    )?;
    services.verifier.changes.changed_here(services).await;
    if changed { Ok(new) } else { Err(KeyError::Changed) }
}

/// The rules with the change.
fn applied(seen: &KeyRules, change: &RulesChange) -> Result<KeyRules, RuleError> {
    let mut new = seen.clone();
    if let Some(environment) = change.environment {
        new.environment = environment;
    }
    if let Some(life) = change.token_life {
        new.token_life = life;
    }
    if let Some(domains) = &change.domains {
        new.domains = AllowedDomains::parse(domains)?;
    }
    if let Some(networks) = &change.networks {
        new.networks = AllowedNetworks::parse(networks)?;
    }
    Ok(new)
}

/// What somebody must be allowed to do to the key. Moving it between environments is both.
fn needed(seen: &KeyRules, new: &KeyRules, inherited: TokenLife) -> Vec<KeyAction> {
    let life = |rules: &KeyRules| rules.token_life.unwrap_or(inherited);
    let moved = seen.environment != new.environment;
    let widens = moved
        || life(new) > life(seen)
        || !new.domains.is_within(&seen.domains)
        || !new.networks.is_within(&seen.networks);
    vec![if widens { KeyAction::Widen } else { KeyAction::Narrow }]
}

/// What the log says of rules.
fn told(rules: &KeyRules) -> serde_json::Value {
    json!({
        "environment": rules.environment.as_str(),
        "token_seconds": rules.token_life.map(TokenLife::seconds),
        "allowed_domains": rules.domains.to_string(),
        "allowed_networks": rules.networks.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_opens_more_is_widening() {
        let store = TokenLife::Seconds(3_600);
        let rules = |domains: &str, networks: &str, seconds: Option<i64>| KeyRules {
            domains: AllowedDomains::parse(domains).unwrap(),
            networks: AllowedNetworks::parse(networks).unwrap(),
            token_life: seconds.map(|seconds| TokenLife::of(seconds).unwrap()),
            ..KeyRules::default()
        };
        let (any, some) = (rules("", "", None), rules("a.example", "10.0.0.0/8", Some(60)));
        assert_eq!(needed(&any, &some, store), [KeyAction::Narrow]);
        assert_eq!(needed(&some, &any, store), [KeyAction::Widen]);
        for wider in [
            rules("b.example", "10.0.0.0/8", Some(60)),
            rules("a.example", "10.0.0.0/7", Some(60)),
            rules("a.example", "10.0.0.0/8", Some(-1)),
            rules("a.example", "10.0.0.0/8", None),
        ] {
            assert_eq!(needed(&some, &wider, store), [KeyAction::Widen], "{wider:?}");
        }
        let sandbox = KeyRules { environment: Environment::Sandbox, ..any.clone() };
        assert_eq!(needed(&any, &sandbox, store), [KeyAction::Widen]);
    }
}
