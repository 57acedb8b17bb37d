//! What becomes of a request, and what it passes by: a key or a token.
//!
//! Whoever asks further is told by [`Identity`] alone, and never needs to know which of the two it was.

use std::sync::Arc;

use super::{Identity, LiveKey, LiveKeys, LiveToken, live_key::Noted};
use crate::{
    domain::{api_request::ApiRequest, refusal::Refusal, timestamp::Timestamp},
    telemetry::Judged,
};

/// What a request passes by.
pub enum Pass {
    /// A key, by one of its pairs.
    Key(Arc<LiveKey>),
    /// An access token.
    Token(Arc<LiveToken>),
}

impl Pass {
    /// Who it is.
    pub fn identity(&self) -> &Identity {
        match self {
            Self::Key(key) => &key.identity,
            Self::Token(token) => &token.identity,
        }
    }

    pub(super) fn admits(&self, request: &ApiRequest<'_>, now: Timestamp) -> Result<(), Refusal> {
        match self {
            Self::Key(key) => key.admits(request, now),
            Self::Token(token) => token.admits(request, now),
        }
    }

    pub(super) fn noted(&self) -> &Noted {
        match self {
            Self::Key(key) => &key.noted,
            Self::Token(token) => &token.noted,
        }
    }

    pub(super) fn token_id(&self) -> Option<i64> {
        match self {
            Self::Key(_) => None,
            Self::Token(token) => Some(token.id),
        }
    }

    /// The number of the key that got the token for another.
    pub(super) fn client_id(&self) -> Option<i64> {
        match self {
            Self::Key(_) => None,
            Self::Token(token) => token.client.as_ref().map(|client| client.identity.key_id),
        }
    }

    /// Its keys are in use, and shall stay in memory.
    pub(super) fn keep(&self, live: &LiveKeys) {
        match self {
            Self::Key(key) => live.keep(key),
            Self::Token(token) => {
                live.keep(&token.key);
                token.client.iter().for_each(|client| live.keep(client));
            }
        }
    }
}

/// What becomes of a request.
pub enum Verdict {
    /// It may pass, as that key's.
    Allowed(Pass),
    /// It may pass, as nobody's.
    Anonymous,
    /// It may not pass.
    Refused(Refusal),
}

impl Verdict {
    /// Who it is, or why it may not pass; nothing for nobody.
    ///
    /// # Errors
    /// Why it may not pass.
    pub fn identity(&self) -> Result<Option<&Identity>, Refusal> {
        match self {
            Self::Allowed(pass) => Ok(Some(pass.identity())),
            Self::Anonymous => Ok(None),
            Self::Refused(refusal) => Err(refusal.clone()),
        }
    }

    pub(super) fn judged(&self) -> Judged {
        match self {
            Self::Allowed(_) => Judged::Allowed,
            Self::Anonymous => Judged::Anonymous,
            Self::Refused(refusal) => Judged::Refused(refusal.why()),
        }
    }
}
