//! What is known of one access token: its keys as they stand in memory, and what they permit together.
//!
//! Why so: a token dies with its key, on every node as fast as keys do. A token holds the very records of
//! its keys; as soon as one of them is let go, for whatever reason, the token is read anew. So nothing
//! has to find the tokens of a key that changed.

use std::sync::Arc;

use super::{Identity, live_key::LiveKey, live_key::Noted};
use crate::{
    db::token_outcomes::TokenRecord,
    domain::{
        api_request::ApiRequest,
        key_rules::Environment,
        permissions::{MethodRefused, Permissions},
        refusal::{Refusal, TokenRefused},
        timestamp::Timestamp,
        token_life,
    },
};

/// A token in memory.
pub struct LiveToken {
    /// Whom it acts for, with what all its keys permit.
    pub identity: Identity,
    /// Its number.
    pub id: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
    /// The key it belongs to.
    pub key: Arc<LiveKey>,
    /// The key that got it, if that is another.
    pub client: Option<Arc<LiveKey>>,
    /// What was noted of its uses.
    pub(super) noted: Noted,
    revoked: bool,
    permits_nothing: bool,
}

impl LiveToken {
    pub(super) fn new(
        record: TokenRecord,
        key: Arc<LiveKey>,
        client: Option<Arc<LiveKey>>,
    ) -> Self {
        let number = record.family.unwrap_or(record.id).min(record.id);
        let permitted = both(&key, client.as_deref())
            .map(|key| key.identity.permissions)
            .try_fold(record.permissions, Permissions::and);
        let is_sandbox = |key: &LiveKey| key.identity.environment == Environment::Sandbox;
        let sandbox = both(&key, client.as_deref()).any(is_sandbox);
        let identity = Identity {
            permissions: permitted.unwrap_or(Permissions::Read),
            environment: if sandbox { Environment::Sandbox } else { Environment::Production },
            ..key.identity.clone()
        };
        Self {
            identity,
            id: record.id,
            created_at: record.created_at,
            expires_at: record.expires_at,
            noted: Noted::default(),
            revoked: record.revoked || number <= key.tokens_over(),
            permits_nothing: permitted.is_none(),
            key,
            client,
        }
    }

    /// Whether one of its keys is not what it was.
    pub(super) fn is_forgotten(&self) -> bool {
        self.keys().any(LiveKey::is_forgotten)
    }

    /// Its keys.
    fn keys(&self) -> impl Iterator<Item = &LiveKey> {
        both(&self.key, self.client.as_deref())
    }

    /// Whether it is live, from wherever it is used.
    ///
    /// # Errors
    /// Why not.
    pub fn usable(&self, now: Timestamp) -> Result<(), Refusal> {
        if self.revoked {
            return Err(Refusal::Token(TokenRefused::Revoked));
        }
        if token_life::is_over(self.expires_at, now) {
            return Err(Refusal::Token(TokenRefused::Expired));
        }
        self.keys().try_for_each(|key| key.life.usable(now).map_err(Refusal::Unusable))
    }

    /// Whether that request may pass by it, but for its method.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn admits(&self, request: &ApiRequest<'_>, now: Timestamp) -> Result<(), Refusal> {
        self.usable(now)?;
        self.keys().try_for_each(|key| key.admits(request, now))?;
        if self.permits_nothing {
            let lacks =
                if request.writes() { MethodRefused::NeedsWrite } else { MethodRefused::NeedsRead };
            return Err(Refusal::Method(lacks));
        }
        Ok(())
    }

    /// Whether its keys permit nothing that it permits.
    pub fn opens_nothing(&self) -> bool {
        self.permits_nothing
    }

    /// Whether it is live and may be asked about by whoever has that key.
    pub fn is_of(&self, client: &LiveKey) -> bool {
        self.keys().any(|key| key.identity.key_id == client.identity.key_id)
    }
}

fn both<'a>(key: &'a LiveKey, client: Option<&'a LiveKey>) -> impl Iterator<Item = &'a LiveKey> {
    [Some(key), client].into_iter().flatten()
}
