//! A license key: letters and digits, a dash, a number (`Cqu62al903ICv40am9nM68Y7o9-32`).
//!
//! Those made here have 26 random characters, 154 bits. Those that come from elsewhere may be weaker, so
//! guessing is throttled (`service/licenses/throttle.rs`).
//! Never: printed, logged, or stored in plain.

use zeroize::Zeroizing;

use crate::domain::entropy::{Entropy, random};

/// Random characters of a new key.
const RANDOM: usize = 26;

/// The longest key that is looked at, in characters.
const LONGEST: usize = 190;

const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A license key in plain.
pub struct LicenseKey {
    text: Zeroizing<String>,
    dash: usize,
    number: i64,
}

/// Why a text is no license key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// There is no dash.
    #[error("a license key has a dash and a number at its end")]
    NoDash,
    /// It has a dash, and is none all the same.
    #[error("a license key is letters and digits, a dash, and a number")]
    Format,
}

impl LicenseKey {
    /// A fresh key of that number.
    pub fn generate(entropy: &dyn Entropy, number: i64) -> Self {
        let mut text = Zeroizing::new(String::with_capacity(RANDOM + 20));
        while text.len() < RANDOM {
            // Of 256 values 248 are four for each character; the others would favour some.
            let bytes = Zeroizing::new(random::<64>(entropy));
            let fair = bytes.iter().filter(|byte| usize::from(**byte) < 4 * ALPHABET.len());
            let letters =
                fair.map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]));
            let missing = RANDOM - text.len();
            text.extend(letters.take(missing));
        }
        text.push('-');
        text.push_str(&number.to_string());
        Self { text, dash: RANDOM, number }
    }

    /// What somebody typed or a program sent.
    ///
    /// # Errors
    /// If it is no license key.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let text = text.trim();
        let dash = text.find('-').ok_or(Malformed::NoDash)?;
        let (code, number) = (&text[..dash], &text[dash + 1..]);
        let fits = text.len() <= LONGEST
            && !code.is_empty()
            && code.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && number.bytes().all(|byte| byte.is_ascii_digit());
        let number = number.parse().ok().filter(|_| fits).ok_or(Malformed::Format)?;
        Ok(Self { text: Zeroizing::new(text.to_owned()), dash, number })
    }

    /// The text, to be hashed, sealed, or shown once.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Whether so few keys of its length and kinds of characters are possible, fewer than 2^64, that guessing
    /// one of many licenses' keys is thinkable. The number behind the dash counts for nothing: it is no secret.
    ///
    /// 64 bits are what a session's id should have at least (OWASP, Session Management): among them, a
    /// million licenses and a thousand guesses a second make centuries. That is 11 characters of both cases
    /// and digits, 13 of one case and digits, 20 digits.
    pub fn is_guessable(&self) -> bool {
        let code = &self.text.as_bytes()[..self.dash];
        let kinds: [(u64, fn(&u8) -> bool); 3] =
            [(10, u8::is_ascii_digit), (26, u8::is_ascii_lowercase), (26, u8::is_ascii_uppercase)];
        let used = kinds.into_iter().filter(|(_, is)| code.iter().any(is));
        let characters: u64 = used.map(|(count, _)| count).sum();
        let length = u32::try_from(code.len()).unwrap_or(u32::MAX);
        characters.checked_pow(length).is_some()
    }

    /// The number behind the dash.
    pub fn number(&self) -> i64 {
        self.number
    }

    /// How it begins, for people to recognise it by: at most four characters, and a quarter of them all.
    pub fn beginning(&self) -> &str {
        &self.text[..(self.dash / 4).min(4)]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text: String) {
            if let Ok(key) = LicenseKey::parse(&text) {
                prop_assert_eq!(key.expose(), text.trim());
                prop_assert!(key.beginning().len() <= 4 && key.number() >= 0);
            }
        }
    }

    struct Counting;
    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            for (number, byte) in bytes.iter_mut().enumerate() {
                *byte = 255 - u8::try_from(number).unwrap();
            }
        }
    }

    #[test]
    fn a_new_key_has_the_published_form_and_reads_back() {
        let key = LicenseKey::generate(&Counting, 32);
        let (code, number) = key.expose().split_once('-').unwrap();
        assert_eq!((code.len(), number), (26, "32"));
        let again = LicenseKey::parse(key.expose()).unwrap();
        assert_eq!((again.number(), again.beginning()), (32, &code[..4]));
    }

    #[test]
    fn only_the_published_form_is_a_key() {
        let parsed = |text: &str| LicenseKey::parse(text).map(|key| key.expose().to_owned());
        assert_eq!(parsed(" Cqu62al903-32 ").unwrap(), "Cqu62al903-32");
        for text in ["", "abc", "32", "ünï"] {
            assert_eq!(parsed(text), Err(Malformed::NoDash), "{text:?}");
        }
        let long = format!("{}-1", "a".repeat(LONGEST));
        for text in [
            "-",
            "a-",
            "-1",
            "a-b",
            "a-1-2",
            "a b-1",
            "ä-1",
            "a-١",
            "a-99999999999999999999",
            &long,
        ] {
            assert_eq!(parsed(text), Err(Malformed::Format), "{text:?}");
        }
    }

    #[test]
    fn a_key_that_can_be_guessed_is_told_by_its_length_and_characters() {
        let guessable = |text: &str| LicenseKey::parse(text).unwrap().is_guessable();
        for text in
            ["X-1", "abcdefgh-1", "aB3aB3aB3a-99999999", "a1a1a1a1a1a1-1", "0123456789012345678-1"]
        {
            assert!(guessable(text), "{text}");
        }
        for text in ["aB3aB3aB3aB-1", "a1a1a1a1a1a1a-1", "01234567890123456789-1"] {
            assert!(!guessable(text), "{text}");
        }
        assert!(!LicenseKey::generate(&Counting, 1).is_guessable());
    }

    #[test]
    fn what_is_shown_of_a_short_key_is_little() {
        for (text, beginning) in
            [("abc-1", ""), ("abcd1234-1", "ab"), ("abcdefghijklmnopq-1", "abcd")]
        {
            assert_eq!(LicenseKey::parse(text).unwrap().beginning(), beginning);
        }
    }
}
