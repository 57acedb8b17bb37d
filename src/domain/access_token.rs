//! Short-lived tokens: access tokens, refresh tokens and authorization codes, in plain.
//!
//! Each is a prefix that names its kind and 256 random bits, so that a keyed hash is all that is stored,
//! nothing slow is needed to check one, and scanners of source code find one that was left lying about.
//! Never: shown again after it was handed out, logged, or compared otherwise than by its hash.

use data_encoding::BASE64URL_NOPAD;
use zeroize::Zeroizing;

use super::entropy::{Entropy, random};

/// What every access token begins with.
pub const ACCESS_PREFIX: &str = "agat_";

/// The characters of 256 bits in Base64.
const RANDOM: usize = 43;

/// Makes the type of one kind of token.
macro_rules! tokens {
    ($($(#[$doc:meta])* $name:ident = $prefix:expr,)+) => {
        $(
            $(#[$doc])*
            pub struct $name(Zeroizing<String>);

            impl $name {
                /// A fresh one.
                pub fn generate(entropy: &dyn Entropy) -> Self {
                    Self(fresh($prefix, entropy))
                }

                /// What a program sent; nothing if it cannot be one.
                pub fn parse(text: &str) -> Option<Self> {
                    is_token(text, $prefix).then(|| Self(Zeroizing::new(text.to_owned())))
                }

                /// The text, to be handed out once or hashed.
                pub fn expose(&self) -> &str {
                    &self.0
                }
            }
        )+
    };
}

tokens! {
    /// Opens what its key opens, for a while.
    AccessToken = ACCESS_PREFIX,
    /// Gets the next access token, once.
    RefreshToken = "agrt_",
    /// What an app gets by way of the browser, and exchanges for tokens (RFC 6749 §4.1).
    AuthorizationCode = "agac_",
}

impl AccessToken {
    /// Its last characters, by which people recognise it.
    pub fn ending(&self) -> String {
        self.0[self.0.len() - 6..].to_owned()
    }

    /// Whether a text can be an access token.
    pub fn fits(text: &str) -> bool {
        is_token(text, ACCESS_PREFIX)
    }
}

fn fresh(prefix: &str, entropy: &dyn Entropy) -> Zeroizing<String> {
    let bytes = Zeroizing::new(random::<32>(entropy));
    let text = Zeroizing::new(BASE64URL_NOPAD.encode(bytes.as_slice()));
    Zeroizing::new(format!("{prefix}{}", text.as_str()))
}

fn is_token(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| {
        rest.len() == RANDOM
            && rest.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    })
}

/// What an app asked with when it got a token; the stored word is OAuth's or the dialect's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MadeBy {
    /// A key and its secret (RFC 6749 §4.4).
    ClientCredentials,
    /// A user's approval (RFC 6749 §4.1).
    AuthorizationCode,
    /// A refresh token (RFC 6749 §6).
    RefreshToken,
    /// A user's password (RFC 6749 §4.3).
    Password,
    /// A key and its secret, the `PureWL` way.
    Secret,
    /// A person, by regenerating.
    Person,
}

impl MadeBy {
    /// Every way.
    pub const ALL: [Self; 6] = [
        Self::ClientCredentials,
        Self::AuthorizationCode,
        Self::RefreshToken,
        Self::Password,
        Self::Secret,
        Self::Person,
    ];

    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientCredentials => "client_credentials",
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::Password => "password",
            Self::Secret => "secret",
            Self::Person => "person",
        }
    }

    /// The way of that stored word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Ones;
    impl Entropy for Ones {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0xff);
        }
    }

    #[test]
    fn only_its_own_form_is_a_token() {
        let token = AccessToken::generate(&Ones);
        assert_eq!(token.expose(), format!("agat_{}8", "_".repeat(42)));
        assert!(AccessToken::parse(token.expose()).is_some() && AccessToken::fits(token.expose()));
        assert_eq!(token.ending(), "_____8");
        let refresh = RefreshToken::generate(&Ones);
        let code = AuthorizationCode::generate(&Ones);
        assert!(RefreshToken::parse(refresh.expose()).is_some());
        assert!(AuthorizationCode::parse(code.expose()).is_some());
        for text in ["", "agat_", "agat_00", refresh.expose(), code.expose(), "ck_00"] {
            assert!(AccessToken::parse(text).is_none(), "{text}");
        }
        for broken in [format!("{}0", token.expose()), token.expose().replace('8', "+")] {
            assert!(AccessToken::parse(&broken).is_none(), "{broken}");
        }
    }

    #[test]
    fn each_way_has_a_word_of_its_own() {
        for way in MadeBy::ALL {
            assert_eq!(MadeBy::parse(way.as_str()), Some(way));
        }
    }
}
