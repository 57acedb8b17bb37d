//! Why a request to the store's API may not pass, in WooCommerce's words and in ours.
//!
//! Code, message and status are WooCommerce's (wire.md §4.5), since clients read them. `reason` is the
//! stable word for developers, and `hint` says what to do. Never in them: anything of a secret.

use std::borrow::Cow;

use super::{
    key::Unusable, key_rules::NotAdmitted, oauth1, permissions::MethodRefused, reason::Reason,
};

const AUTHENTICATION: &str = "woocommerce_rest_authentication_error";

const MISSING_PARAMETER: &str = "woocommerce_rest_authentication_missing_parameter";

/// Why a request may not pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It presents no complete credential.
    NoCredentials,
    /// It presents a key and a secret, but came to the store without TLS.
    PlainHttp,
    /// No key is known by that name.
    UnknownKey,
    /// It presents credentials that can be read in two ways.
    AmbiguousCredentials,
    /// The secret is not that key's.
    WrongSecret,
    /// It is signed (OAuth 1.0a) for no key of this store.
    SignedByUnknownKey,
    /// It is signed for a key whose secret is not kept.
    SecretNotKept,
    /// Its signature does not hold.
    Signature {
        /// Why not.
        refused: oauth1::Refused,
        /// What should have been signed, if the store tells developers.
        base_string: Option<String>,
    },
    /// The key does not open anything now.
    Unusable(Unusable),
    /// The token opens nothing.
    Token(TokenRefused),
    /// The key may not be used from there.
    NotAdmitted(NotAdmitted),
    /// The key may not do that.
    Method(MethodRefused),
    /// Keys do not open that address.
    PathNotCovered,
    /// The address can be read in two ways.
    AmbiguousPath,
    /// The proxy's headers contradict each other.
    AmbiguousRequest,
    /// No trusted proxy says which request this is about.
    NoRequest,
}

/// Why an access token opens nothing, whatever its key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenRefused {
    /// There is none of that name, or its end is long past.
    Unknown,
    /// Its time is over.
    Expired,
    /// It was ended.
    Revoked,
}

impl TokenRefused {
    const fn hint(self) -> &'static str {
        match self {
            Self::Unknown => {
                "No token of this store has that name, or it ended long ago: get a new one."
            }
            Self::Expired => "Get a new one with the refresh token or the key.",
            Self::Revoked => "Get a new one; if that is refused, ask the store.",
        }
    }
}

/// What a request without a valid key wants to do, for WooCommerce's message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Look at a list.
    List,
    /// Look at one thing.
    View,
    /// Make something.
    Create,
    /// Change something.
    Edit,
    /// Delete something.
    Delete,
}

impl Wish {
    /// What a method on that path means in WooCommerce's API: one thing's path ends in its number.
    pub fn of(method: &str, path: &str) -> Self {
        let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let one = !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit());
        match (method, one) {
            ("DELETE", _) => Self::Delete,
            ("PUT" | "PATCH", _) | ("POST", true) => Self::Edit,
            ("POST", false) => Self::Create,
            (_, true) => Self::View,
            (_, false) => Self::List,
        }
    }

    const fn code(self) -> &'static str {
        match self {
            Self::List | Self::View => "woocommerce_rest_cannot_view",
            Self::Create => "woocommerce_rest_cannot_create",
            Self::Edit => "woocommerce_rest_cannot_edit",
            Self::Delete => "woocommerce_rest_cannot_delete",
        }
    }

    const fn message(self) -> &'static str {
        match self {
            Self::List => "Sorry, you cannot list resources.",
            Self::View => "Sorry, you cannot view this resource.",
            Self::Create => "Sorry, you are not allowed to create resources.",
            Self::Edit => "Sorry, you are not allowed to edit this resource.",
            Self::Delete => "Sorry, you are not allowed to delete this resource.",
        }
    }
}

impl Refusal {
    /// The stable word for developers (contract §7).
    pub const fn reason(&self) -> &'static str {
        self.why().as_str()
    }

    /// Why, without what else is known.
    pub const fn why(&self) -> Reason {
        match self {
            Self::NoCredentials => Reason::NoCredentials,
            Self::PlainHttp => Reason::PlainHttp,
            Self::UnknownKey | Self::SignedByUnknownKey => Reason::UnknownKey,
            Self::SecretNotKept => Reason::SecretNotKept,
            Self::Signature { refused, .. } => refused.why(),
            Self::AmbiguousCredentials => Reason::AmbiguousCredentials,
            Self::WrongSecret => Reason::WrongSecret,
            Self::Unusable(Unusable::NotDelivered) => Reason::NotDelivered,
            Self::Unusable(Unusable::Revoked) => Reason::Revoked,
            Self::Unusable(Unusable::Expired) => Reason::Expired,
            Self::Unusable(Unusable::Replaced) => Reason::Replaced,
            Self::Unusable(Unusable::OwnerDisabled) => Reason::OwnerDisabled,
            Self::Token(TokenRefused::Unknown) => Reason::UnknownToken,
            Self::Token(TokenRefused::Expired) => Reason::TokenExpired,
            Self::Token(TokenRefused::Revoked) => Reason::TokenRevoked,
            Self::NotAdmitted(NotAdmitted::Domain) => Reason::DomainNotAllowed,
            Self::NotAdmitted(NotAdmitted::Network) => Reason::NetworkNotAllowed,
            Self::Method(_) => Reason::MethodNotPermitted,
            Self::PathNotCovered => Reason::PathNotCovered,
            Self::AmbiguousPath => Reason::AmbiguousPath,
            Self::AmbiguousRequest => Reason::AmbiguousRequest,
            Self::NoRequest => Reason::NoRequest,
        }
    }

    /// Whether WooCommerce would let the request go on as nobody's.
    pub const fn is_anonymous(&self) -> bool {
        matches!(self, Self::NoCredentials | Self::PlainHttp | Self::UnknownKey)
    }

    /// 401, or 403 where another key would not help.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Unusable(Unusable::OwnerDisabled)
            | Self::NotAdmitted(_)
            | Self::AmbiguousRequest
            | Self::NoRequest => 403,
            _ => 401,
        }
    }

    /// WooCommerce's code.
    pub const fn code(&self, wish: Wish) -> &'static str {
        match self {
            Self::Signature { refused: oauth1::Refused::Incomplete(_), .. } => MISSING_PARAMETER,
            Self::NoCredentials
            | Self::PlainHttp
            | Self::UnknownKey
            | Self::Unusable(Unusable::OwnerDisabled) => wish.code(),
            _ => AUTHENTICATION,
        }
    }

    /// WooCommerce's message, or ours where it has none.
    pub fn message(&self, wish: Wish) -> Cow<'static, str> {
        match self {
            Self::Signature { refused, .. } => refused.to_string().into(),
            other => other.constant_message(wish).into(),
        }
    }

    fn constant_message(&self, wish: Wish) -> &'static str {
        match self {
            Self::SignedByUnknownKey => "Consumer key is invalid.",
            Self::SecretNotKept => "The API key provided cannot be used with OAuth 1.0a.",
            Self::Signature { .. } => "Invalid signature.",
            Self::NoCredentials
            | Self::PlainHttp
            | Self::UnknownKey
            | Self::Unusable(Unusable::OwnerDisabled) => wish.message(),
            Self::AmbiguousCredentials => "The credentials can be read in more than one way.",
            Self::WrongSecret => "Consumer secret is invalid.",
            Self::Unusable(Unusable::NotDelivered) => "The API key provided is not in use yet.",
            Self::Unusable(Unusable::Revoked) => "The API key provided has been revoked.",
            Self::Unusable(Unusable::Expired) => "The API key provided has expired.",
            Self::Unusable(Unusable::Replaced) => "The API key provided has been replaced.",
            Self::Token(TokenRefused::Unknown) => "The access token provided is invalid.",
            Self::Token(TokenRefused::Expired) => "The access token provided has expired.",
            Self::Token(TokenRefused::Revoked) => "The access token provided has been revoked.",
            Self::NotAdmitted(NotAdmitted::Domain) => {
                "The API key provided cannot be used from this domain."
            }
            Self::NotAdmitted(NotAdmitted::Network) => {
                "The API key provided cannot be used from this address."
            }
            Self::Method(refused) => refused.message(),
            Self::PathNotCovered => "The provided API key cannot be used to access this endpoint.",
            Self::AmbiguousPath => "The address can be read in more than one way.",
            Self::AmbiguousRequest => "The proxy names two different requests.",
            Self::NoRequest => "No trusted proxy says which request this is about.",
        }
    }

    /// What to do about it, in a sentence.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::NoCredentials => {
                "Send the key and secret by HTTP Basic, an access token (agat_…) as a Bearer, or \
                 consumer_key and consumer_secret in the \
                 query. If you did, something on the way removed the Authorization header."
            }
            Self::PlainHttp => {
                "A key was sent, but not over TLS: use https. If you did, the proxy does not say so in \
                 X-Forwarded-Proto."
            }
            Self::UnknownKey => {
                "No key of this store has that name. Check that the whole consumer key was copied, and \
                 that it is this store's."
            }
            Self::SignedByUnknownKey => "No key of this store has the name in oauth_consumer_key.",
            Self::SecretNotKept => {
                "The key was made while OAuth 1.0a was off. Use https with HTTP Basic, or ask the \
                 store to approve the app again."
            }
            Self::Signature { refused, .. } => refused.hint(),
            Self::WrongSecret => "The key is known; the secret is not its own.",
            other => other.hint_about_request(),
        }
    }

    const fn hint_about_request(&self) -> &'static str {
        match self {
            Self::AmbiguousCredentials => {
                "Send one credential: one Authorization header or one X-AccessToken, nothing beside a \
                 token; each of consumer_key and consumer_secret once and written just so, and at most \
                 1000 parameters."
            }
            Self::Unusable(Unusable::NotDelivered) => "It works once its callback is being sent.",
            Self::Unusable(Unusable::Revoked | Unusable::Expired) => {
                "Ask the store to approve the app again."
            }
            Self::Unusable(Unusable::Replaced) => {
                "The key got a new consumer key and secret, and the time to change over is up: use the \
                 new pair."
            }
            Self::Unusable(Unusable::OwnerDisabled) => {
                "The user this key acts for may not act at present. Ask the store."
            }
            Self::Token(refused) => refused.hint(),
            Self::NotAdmitted(broken) => broken.hint(),
            Self::Method(_) => "The store approved less than this request needs.",
            Self::PathNotCovered => {
                "Keys open the store's API only. Which paths that are is set by \
                 APPGRANT_PROTECTED_PATHS."
            }
            Self::AmbiguousPath => {
                "Write the path plainly: no double slash, dot segment, semicolon, encoded slash or \
                 percent sign; rest_route once, and at most 1000 parameters."
            }
            Self::AmbiguousRequest => {
                "Only one of X-Forwarded-Uri, X-Original-URI and the path after /verify may say it, \
                 once."
            }
            Self::NoRequest => {
                "The proxy must send X-Forwarded-Method and X-Forwarded-Uri, or X-Original-Method and \
                 X-Original-URI, from an address in APPGRANT_TRUSTED_PROXIES."
            }
            Self::NoCredentials
            | Self::PlainHttp
            | Self::UnknownKey
            | Self::SignedByUnknownKey
            | Self::SecretNotKept
            | Self::Signature { .. }
            | Self::WrongSecret => self.reason(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_says_what_to_do() {
        use crate::domain::key::Unusable::{
            Expired, NotDelivered, OwnerDisabled, Replaced, Revoked,
        };
        let signature = |refused| Refusal::Signature { refused, base_string: None };
        for refusal in [
            Refusal::NoCredentials,
            Refusal::PlainHttp,
            Refusal::UnknownKey,
            Refusal::AmbiguousCredentials,
            Refusal::WrongSecret,
            Refusal::SignedByUnknownKey,
            Refusal::SecretNotKept,
            signature(oauth1::Refused::SignatureMethod),
            signature(oauth1::Refused::BadSignature),
            signature(oauth1::Refused::BadTimestamp),
            signature(oauth1::Refused::NonceUsed),
            Refusal::Unusable(NotDelivered),
            Refusal::Unusable(Revoked),
            Refusal::Unusable(Expired),
            Refusal::Unusable(Replaced),
            Refusal::Unusable(OwnerDisabled),
            Refusal::Token(TokenRefused::Unknown),
            Refusal::Token(TokenRefused::Expired),
            Refusal::Token(TokenRefused::Revoked),
            Refusal::NotAdmitted(NotAdmitted::Domain),
            Refusal::NotAdmitted(NotAdmitted::Network),
            Refusal::Method(MethodRefused::NeedsRead),
            Refusal::PathNotCovered,
            Refusal::AmbiguousPath,
            Refusal::AmbiguousRequest,
            Refusal::NoRequest,
        ] {
            assert!(refusal.hint().ends_with('.'), "{refusal:?}");
            assert!(refusal.message(Wish::List).ends_with('.'), "{refusal:?}");
        }
    }

    #[test]
    fn wishes_have_woocommerces_words() {
        for (method, path, code) in [
            ("GET", "/wp-json/wc/v3/orders", "cannot_view"),
            ("GET", "/wp-json/wc/v3/orders/7/", "cannot_view"),
            ("POST", "/wp-json/wc/v3/orders", "cannot_create"),
            ("POST", "/wp-json/wc/v3/orders/7", "cannot_edit"),
            ("PUT", "/wp-json/wc/v3/orders/7", "cannot_edit"),
            ("DELETE", "/wp-json/wc/v3/orders/7", "cannot_delete"),
            ("OPTIONS", "/", "cannot_view"),
        ] {
            let wish = Wish::of(method, path);
            assert_eq!(Refusal::UnknownKey.code(wish), format!("woocommerce_rest_{code}"));
        }
        assert_eq!(
            Refusal::NoCredentials.message(Wish::of("GET", "/orders/7")),
            "Sorry, you cannot view this resource."
        );
        assert_eq!(Refusal::WrongSecret.code(Wish::View), AUTHENTICATION);
    }
}
