//! Why a signed request is refused, in WooCommerce's words (wire.md §4.5).
//!
//! Why so: apps compare these messages. Never: no secret and no base string stands in them.

use crate::domain::reason::Reason;

/// Some OAuth parameters are there, and these are not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Missing OAuth parameter{} {}", if .0.len() == 1 { "" } else { "s" }, .0.join(", "))]
pub struct Incomplete(pub(super) Vec<&'static str>);

/// What is wrong with a signed request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A part of the signature was not sent.
    #[error(transparent)]
    Incomplete(#[from] Incomplete),
    /// Neither HMAC-SHA1 nor HMAC-SHA256.
    #[error("Invalid signature - signature method is invalid.")]
    SignatureMethod,
    /// Another secret, or something else was signed.
    #[error("Invalid signature - provided signature does not match.")]
    BadSignature,
    /// No number, or too far from now.
    #[error("Invalid timestamp.")]
    BadTimestamp,
    /// Somebody sends a request again.
    #[error("Invalid nonce - nonce has already been used.")]
    NonceUsed,
}

impl Refused {
    /// Why, in one stable word.
    pub const fn why(&self) -> Reason {
        match self {
            Self::Incomplete(_) => Reason::MissingOauthParameter,
            Self::SignatureMethod => Reason::SignatureMethod,
            Self::BadSignature => Reason::BadSignature,
            Self::BadTimestamp => Reason::BadTimestamp,
            Self::NonceUsed => Reason::NonceUsed,
        }
    }

    /// What to do about it, in a sentence.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Incomplete(_) => "A signed request brings all five oauth_ parameters.",
            Self::SignatureMethod => "Sign with HMAC-SHA256 or HMAC-SHA1.",
            Self::BadSignature => {
                "Compare the base string, or use https with HTTP Basic, which needs none. The store \
                 shows its own if APPGRANT_OAUTH1_DEBUG is on."
            }
            Self::BadTimestamp => "oauth_timestamp must be within 15 minutes of the store's clock.",
            Self::NonceUsed => "Make a new oauth_nonce for each request, also when trying again.",
        }
    }
}
