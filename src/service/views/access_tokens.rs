//! A key's short-lived tokens and what it is bound to, in JSON. A token itself is in no view; the answer
//! that makes one holds it, once.

use serde::Serialize;
use utoipa::ToSchema;

use super::{instant, words};
use crate::{
    domain::{
        key_rules::KeyRules,
        timestamp::Timestamp,
        token_life::{self, TokenLife},
    },
    service::access_tokens::TokenView,
};

/// An access token of a key.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AccessToken)]
pub struct AccessTokenJson {
    /// Its number.
    #[schema(example = 12)]
    pub id: i64,
    /// The last six characters, by which people recognise it.
    #[schema(example = "Zk3_9a")]
    pub ending: String,
    /// What it may do, if its key may.
    #[schema(value_type = words::Permissions)]
    pub permissions: &'static str,
    /// Whether it is `live`, `expired` or `ended`. A live one opens nothing while its key does not.
    #[schema(value_type = words::TokenState)]
    pub state: &'static str,
    /// What it was got with.
    #[schema(value_type = words::MadeBy)]
    pub made_by: &'static str,
    /// Whether a refresh token came with it.
    pub refreshes: bool,
    /// When it was made.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it ends; null if it never does.
    #[schema(required, format = DateTime)]
    pub expires_at: Option<String>,
    /// When it was last used, to the minute; null if never.
    #[schema(required, format = DateTime)]
    pub last_used_at: Option<String>,
    /// When it was ended; null if it was not.
    #[schema(required, format = DateTime)]
    pub revoked_at: Option<String>,
}

/// What a key's requests and tokens are bound to.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = KeyRules)]
pub struct KeyRulesJson {
    /// What it is for; the store is told with each request.
    #[schema(value_type = words::Environment)]
    pub environment: &'static str,
    /// How many seconds its tokens live; -1 if they never end, null if as the store is set.
    #[schema(required, example = 3600)]
    pub token_seconds: Option<i64>,
    /// The domains it may be used from; any if there are none.
    #[schema(example = json!(["shop.example", "*.apps.example"]))]
    pub allowed_domains: Vec<String>,
    /// The networks it may be used from; any if there are none.
    #[schema(example = json!(["203.0.113.0/24"]))]
    pub allowed_networks: Vec<String>,
}

impl AccessTokenJson {
    /// The view of a token at that time.
    pub fn new(token: TokenView, now: Timestamp) -> Self {
        let state = if token.revoked_at.is_some() {
            "ended"
        } else if token_life::is_over(token.expires_at, now) {
            "expired"
        } else {
            "live"
        };
        Self {
            id: token.id,
            ending: token.ending,
            permissions: token.permissions.as_str(),
            state,
            made_by: token.made_by.as_str(),
            refreshes: token.refreshes,
            created_at: token.created_at.to_string(),
            expires_at: instant(token.expires_at),
            last_used_at: instant(token.last_used_at),
            revoked_at: instant(token.revoked_at),
        }
    }
}

impl From<KeyRules> for KeyRulesJson {
    fn from(rules: KeyRules) -> Self {
        Self {
            environment: rules.environment.as_str(),
            token_seconds: rules.token_life.map(TokenLife::seconds),
            allowed_domains: rules.domains.names().to_vec(),
            allowed_networks: rules.networks.names(),
        }
    }
}
