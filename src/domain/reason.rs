//! The stable words for why a request to the store's API may not pass (contract §7).
//!
//! Why apart from `refusal`: a reason carries nothing, so it can number a counter.

/// Why a request may not pass, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// No complete credential.
    NoCredentials,
    /// A key, but no TLS.
    PlainHttp,
    /// No key of that name.
    UnknownKey,
    /// Credentials that can be read in two ways.
    AmbiguousCredentials,
    /// Not that key's secret.
    WrongSecret,
    /// Signed for a key whose secret is not kept.
    SecretNotKept,
    /// A part of the signature was not sent.
    MissingOauthParameter,
    /// A signature method that is not known.
    SignatureMethod,
    /// Another secret, or something else was signed.
    BadSignature,
    /// A timestamp too far from now.
    BadTimestamp,
    /// A nonce that was used.
    NonceUsed,
    /// A key that is not being delivered yet.
    NotDelivered,
    /// A key that was revoked.
    Revoked,
    /// A key whose time is over.
    Expired,
    /// A pair that was replaced.
    Replaced,
    /// A key whose owner may not act.
    OwnerDisabled,
    /// No token of that name.
    UnknownToken,
    /// A token whose time is over.
    TokenExpired,
    /// A token that was ended.
    TokenRevoked,
    /// A key that may not be used from there.
    DomainNotAllowed,
    /// A key that may not be used from that address.
    NetworkNotAllowed,
    /// A key that may not do that.
    MethodNotPermitted,
    /// An address that keys do not open.
    PathNotCovered,
    /// An address that can be read in two ways.
    AmbiguousPath,
    /// Headers of the proxy that contradict each other.
    AmbiguousRequest,
    /// Nobody trusted says which request this is about.
    NoRequest,
}

impl Reason {
    /// All of them, each at its own number.
    pub const ALL: [Self; 26] = [
        Self::NoCredentials,
        Self::PlainHttp,
        Self::UnknownKey,
        Self::AmbiguousCredentials,
        Self::WrongSecret,
        Self::SecretNotKept,
        Self::MissingOauthParameter,
        Self::SignatureMethod,
        Self::BadSignature,
        Self::BadTimestamp,
        Self::NonceUsed,
        Self::NotDelivered,
        Self::Revoked,
        Self::Expired,
        Self::Replaced,
        Self::OwnerDisabled,
        Self::UnknownToken,
        Self::TokenExpired,
        Self::TokenRevoked,
        Self::DomainNotAllowed,
        Self::NetworkNotAllowed,
        Self::MethodNotPermitted,
        Self::PathNotCovered,
        Self::AmbiguousPath,
        Self::AmbiguousRequest,
        Self::NoRequest,
    ];

    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoCredentials => "no_credentials",
            Self::PlainHttp => "plain_http",
            Self::UnknownKey => "unknown_key",
            Self::AmbiguousCredentials => "ambiguous_credentials",
            Self::WrongSecret => "wrong_secret",
            Self::SecretNotKept => "secret_not_kept",
            Self::MissingOauthParameter => "missing_oauth_parameter",
            Self::SignatureMethod => "signature_method",
            Self::BadSignature => "bad_signature",
            Self::BadTimestamp => "bad_timestamp",
            Self::NonceUsed => "nonce_used",
            Self::NotDelivered => "not_delivered",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::Replaced => "replaced",
            Self::OwnerDisabled => "owner_disabled",
            Self::UnknownToken => "unknown_token",
            Self::TokenExpired => "token_expired",
            Self::TokenRevoked => "token_revoked",
            Self::DomainNotAllowed => "domain_not_allowed",
            Self::NetworkNotAllowed => "network_not_allowed",
            Self::MethodNotPermitted => "method_not_permitted",
            Self::PathNotCovered => "path_not_covered",
            Self::AmbiguousPath => "ambiguous_path",
            Self::AmbiguousRequest => "ambiguous_request",
            Self::NoRequest => "no_request",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_reason_stands_at_its_number_and_has_a_word_of_its_own() {
        for (number, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, number, "{reason:?}");
        }
        let words: BTreeSet<_> = Reason::ALL.map(Reason::as_str).into_iter().collect();
        assert_eq!(words.len(), Reason::ALL.len());
    }
}
