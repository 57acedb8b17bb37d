//! A token of the JSON API: acts for the user who made it, with what that user may do.
//!
//! 160 random bits, so its keyed hash is all that is stored, and nothing slow is needed to check it.
//! Never: shown again after it was made, or logged.

use data_encoding::HEXLOWER;

use super::entropy::{Entropy, random};

const PREFIX: &str = "agt_";

/// The token, in plain.
#[derive(Clone)]
pub struct ApiToken(String);

impl ApiToken {
    /// A fresh token.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self(format!("{PREFIX}{}", HEXLOWER.encode(&random::<20>(entropy))))
    }

    /// What a program sent; nothing if it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix(PREFIX)?;
        let fits = hex.len() == 40 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        fits.then(|| Self(text.to_owned()))
    }

    /// The text to be shown once, or hashed.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Its last characters, by which people recognise it.
    pub fn ending(&self) -> String {
        self.0[self.0.len() - 6..].to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Zeros;
    impl Entropy for Zeros {
        fn fill(&self, _: &mut [u8]) {}
    }

    #[test]
    fn only_its_own_form_is_a_token() {
        let token = ApiToken::generate(&Zeros);
        assert!(ApiToken::parse(token.expose()).is_some_and(|again| again.0 == token.0));
        assert_eq!(token.ending(), "000000");
        let upper = format!("agt_{}", "A".repeat(40));
        for text in ["", "agt_", "agt_00", &upper, &format!("{}0", token.0), "ck_00"] {
            assert!(ApiToken::parse(text).is_none(), "{text}");
        }
    }
}
