//! Errors of the token endpoints, in the words of RFC 6749 §5.2 and in plain ones for the app's developer.
//!
//! Never in them: a secret, a token, or whether a user exists.

use std::{borrow::Cow, time::Duration};

use crate::{
    db::DbError,
    service::{ServiceError, access_tokens::RefreshError},
};

/// Which error it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A parameter is missing, doubled or wrong.
    InvalidRequest,
    /// The client did not prove who it is.
    InvalidClient,
    /// Code, refresh token or password is wrong, over, or somebody else's.
    InvalidGrant,
    /// This client may not ask that way.
    UnauthorizedClient,
    /// There is no such way to ask, or it is off.
    UnsupportedGrantType,
    /// There is no such scope, or it was not approved.
    InvalidScope,
    /// It asks too often.
    TooOften,
}

impl Kind {
    /// The code on the wire. For too many requests there is none in the RFC; this is the authorization
    /// endpoint's (§4.1.2.1).
    pub const fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::TooOften => "temporarily_unavailable",
        }
    }

    /// The status it goes out with.
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidClient => 401,
            Self::TooOften => 429,
            _ => 400,
        }
    }
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request is refused, and what to do about it.
    #[error("{1}")]
    Refused(Kind, Cow<'static, str>),
    /// Something nobody asked for.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl Error {
    /// A refusal.
    pub fn new(kind: Kind, description: impl Into<Cow<'static, str>>) -> Self {
        Self::Refused(kind, description.into())
    }

    /// The word it is counted by.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Refused(kind, _) => kind.code(),
            Self::Service(ServiceError::Busy) => "busy",
            Self::Service(ServiceError::Db(_)) => "unavailable",
        }
    }

    /// How long whoever asked too often should wait.
    pub fn wait(&self, rate: u32) -> Option<Duration> {
        let Self::Refused(Kind::TooOften, _) = self else { return None };
        Some(Duration::from_secs(60_u64.div_ceil(u64::from(rate.max(1)))))
    }
}

impl From<DbError> for Error {
    fn from(error: DbError) -> Self {
        Self::Service(error.into())
    }
}

impl From<RefreshError> for Error {
    fn from(error: RefreshError) -> Self {
        let kind = match error {
            RefreshError::Service(error) => return Self::Service(error),
            RefreshError::Scope => Kind::InvalidScope,
            RefreshError::TooOften => Kind::TooOften,
            RefreshError::Network => Kind::UnauthorizedClient,
            RefreshError::Unknown
            | RefreshError::Expired
            | RefreshError::Reused
            | RefreshError::KeyOver => Kind::InvalidGrant,
        };
        Self::new(kind, error.to_string())
    }
}
