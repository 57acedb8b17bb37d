//! Errors of the token endpoints, in the words of RFC 6749 §5.2 and in plain ones for the app's developer.
//!
//! Never in them: a secret, a token, or whether a user exists.

use std::{borrow::Cow, time::Duration};

use crate::{
    db::DbError,
    service::{ServiceError, access_tokens::RefreshError},
};

const TOO_OFTEN: &str = "tokens are asked for too often; use the token you have until it expires";

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
}

impl Kind {
    /// The code on the wire.
    pub const fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
        }
    }

    /// The status it goes out with.
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidClient => 401,
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
    /// It asks too often, and how long it should wait. There is no code for that in §5.2; this one is the
    /// authorization endpoint's (§4.1.2.1).
    #[error("{1}")]
    Wait(Duration, &'static str),
    /// Something nobody asked for.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// The code of whoever asks too often, or in vain for the moment.
pub const UNAVAILABLE: &str = "temporarily_unavailable";

impl Error {
    /// A refusal.
    pub fn new(kind: Kind, description: impl Into<Cow<'static, str>>) -> Self {
        Self::Refused(kind, description.into())
    }

    /// The word it is counted by.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Refused(kind, _) => kind.code(),
            Self::Wait(..) => UNAVAILABLE,
            Self::Service(ServiceError::Busy) => "busy",
            Self::Service(ServiceError::Db(_)) => "unavailable",
        }
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
            RefreshError::TooOften => return Self::Wait(Duration::from_secs(1), TOO_OFTEN),
            RefreshError::Network => Kind::UnauthorizedClient,
            RefreshError::Unknown
            | RefreshError::Expired
            | RefreshError::Reused
            | RefreshError::KeyOver => Kind::InvalidGrant,
        };
        Self::new(kind, error.to_string())
    }
}
