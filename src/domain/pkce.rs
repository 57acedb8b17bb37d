//! Proof that whoever redeems a code asked for it (RFC 7636). `S256` only: `plain` protects from nobody
//! who can read the request (RFC 9700 §2.1.1).

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The hash of a verifier, as the app sends it ahead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge(String);

impl Challenge {
    /// What an app sent; nothing if it can be no SHA-256 hash in Base64 without padding.
    pub fn parse(text: &str) -> Option<Self> {
        let decoded = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        (decoded.len() == 32).then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether that is its verifier: 43 to 128 characters of RFC 7636 §4.1 whose hash it is.
    pub fn is_of(&self, verifier: &str) -> bool {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
        let fits = (43..=128).contains(&verifier.len()) && verifier.bytes().all(allowed);
        let hash = BASE64URL_NOPAD.encode(&Sha256::digest(verifier.as_bytes()));
        fits && bool::from(hash.as_bytes().ct_eq(self.0.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_rfcs_own_example_holds_and_others_do_not() {
        let challenge = Challenge::parse(CHALLENGE).unwrap();
        assert!(challenge.is_of(VERIFIER));
        for wrong in ["", &VERIFIER[1..], &VERIFIER.replace('d', "e"), &"a".repeat(129), CHALLENGE]
        {
            assert!(!challenge.is_of(wrong), "{wrong}");
        }
        for wrong in ["", "abc", &CHALLENGE[1..], &format!("{CHALLENGE}="), &"*".repeat(43)] {
            assert_eq!(Challenge::parse(wrong), None, "{wrong}");
        }
    }
}
