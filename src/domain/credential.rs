//! Consumer keys and secrets: made and recognised (contract §6).
//!
//! A plain secret is its own type with neither `Debug`, `Display` nor `Serialize`; only
//! `callback_body` writes one out.

use std::fmt;

use data_encoding::HEXLOWER;
use zeroize::Zeroizing;

use super::entropy::{Entropy, random};

/// The public half: `ck_` and 40 hex digits.
#[derive(Clone, PartialEq, Eq)]
pub struct ConsumerKey(String);

/// The secret half: `cs_` and 40 hex digits.
pub struct ConsumerSecret(Zeroizing<String>);

/// A key and its secret.
pub struct Credential {
    /// The public half.
    pub key: ConsumerKey,
    /// The secret half.
    pub secret: ConsumerSecret,
}

impl ConsumerKey {
    /// What somebody typed or a file holds; nothing if it cannot be a consumer key of ours or
    /// WooCommerce's.
    pub fn parse(text: &str) -> Option<Self> {
        is_token(text, "ck_").then(|| Self(text.to_owned()))
    }

    /// The key as text, for hashing and for the callback.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last seven characters, by which people recognise a key.
    pub fn ending(&self) -> String {
        let skip = self.0.chars().count().saturating_sub(7);
        self.0.chars().skip(skip).collect()
    }
}

/// Shows the ending only.
impl fmt::Debug for ConsumerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ck_…{}", self.ending())
    }
}

impl ConsumerSecret {
    /// What a file holds; nothing if it cannot be a consumer secret of ours or WooCommerce's.
    pub fn parse(text: &str) -> Option<Self> {
        is_token(text, "cs_").then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The plain secret. For hashing it and for the callback's body, nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Whether it is that prefix and 40 lowercase hex digits; or 32, as WooCommerce made before 2.4.
fn is_token(text: &str, prefix: &str) -> bool {
    let hex = text.strip_prefix(prefix).unwrap_or_default();
    matches!(hex.len(), 40 | 32) && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

impl Credential {
    /// A fresh pair of 160 random bits each.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let secret = Zeroizing::new(random::<20>(entropy));
        let hex = Zeroizing::new(HEXLOWER.encode(secret.as_slice()));
        Self {
            key: ConsumerKey(format!("ck_{}", HEXLOWER.encode(&random::<20>(entropy)))),
            secret: ConsumerSecret(Zeroizing::new(format!("cs_{}", hex.as_str()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting;
    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            (0u8..).zip(bytes).for_each(|(n, byte)| *byte = n.wrapping_mul(13));
        }
    }

    #[test]
    fn a_fresh_pair_looks_like_woocommerces() {
        let pair = Credential::generate(&Counting);
        for (text, prefix) in [(pair.key.as_str(), "ck_"), (pair.secret.expose(), "cs_")] {
            assert_eq!(text.len(), 43);
            assert!(text.starts_with(prefix));
            assert!(text[3..].bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')));
        }
        assert!(ConsumerKey::parse(pair.key.as_str()).is_some_and(|again| again == pair.key));
        assert!(ConsumerSecret::parse(pair.secret.expose()).is_some());
        assert!(ConsumerKey::parse(pair.secret.expose()).is_none());
        assert!(ConsumerSecret::parse(&format!("cs_{}", "0a".repeat(16))).is_some(), "before 2.4");
        for hex in
            ["", "0a", &"0a".repeat(17), &"0a".repeat(21), &"0A".repeat(20), &"0g".repeat(20)]
        {
            assert!(ConsumerSecret::parse(&format!("cs_{hex}")).is_none(), "{hex}");
        }
        assert_eq!(format!("{:?}", pair.key), format!("ck_…{}", &pair.key.as_str()[36..]));
    }
}
