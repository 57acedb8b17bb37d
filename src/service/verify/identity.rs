//! Who a request comes from, in the words the store is told.
//!
//! Why so: these words go into headers with every request. They lie ready, encoded, and once for all
//! keys of an owner or an app: they are shared, not copied, and stay in the processor's cache.

use std::{borrow::Cow, fmt, sync::Arc};

use bytes::Bytes;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use quick_cache::sync::Cache;

use crate::domain::{key_rules::Environment, permissions::Permissions};

/// How many different words are shared.
const WORDS: usize = 10_000;

/// What a header cannot carry, and the percent sign itself.
const ENCODED: &AsciiSet = &CONTROLS.add(b'%');

/// Who a request comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The key's number.
    pub key_id: i64,
    /// What it may do.
    pub permissions: Permissions,
    /// The number of the user it acts for.
    pub owner_id: i64,
    /// Login of that user.
    pub owner: Word,
    /// Name of the app it was granted to; empty if there is none.
    pub app: Word,
    /// What it is for.
    pub environment: Environment,
}

/// A text as a header carries it: percent-encoded where it is not plain ASCII. Nothing for an empty one.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Word(Option<Arc<Bytes>>);

impl Word {
    fn new(text: &str) -> Self {
        Self(Some(Arc::new(utf8_percent_encode(text, ENCODED).to_string().into())))
    }

    /// For a header.
    pub fn encoded(&self) -> Bytes {
        self.0.as_deref().cloned().unwrap_or_default()
    }

    /// The text.
    pub fn text(&self) -> Cow<'_, str> {
        let encoded = self.0.as_deref().map_or(&[][..], Bytes::as_ref);
        percent_decode_str(str::from_utf8(encoded).unwrap_or_default()).decode_utf8_lossy()
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text().fmt(f)
    }
}

/// The words in use.
pub(super) struct Words(Cache<Box<str>, Word>);

impl Default for Words {
    fn default() -> Self {
        Self(Cache::new(WORDS))
    }
}

impl Words {
    /// That text as a word, the same one each time.
    pub(super) fn word(&self, text: &str) -> Word {
        if text.is_empty() {
            return Word::default();
        }
        self.0.get(text).unwrap_or_else(|| {
            let word = Word::new(text);
            self.0.insert(text.into(), word.clone());
            word
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_fit_headers_and_come_back() {
        for (text, in_header) in [
            ("max", "max"),
            ("Möbel & Co", "M%C3%B6bel & Co"),
            ("100%", "100%25"),
            ("%41", "%2541"),
            ("a\r\nX: y\u{7f}", "a%0D%0AX: y%7F"),
            ("", ""),
        ] {
            let word = Words::default().word(text);
            assert_eq!((&*word.text(), &*word.encoded()), (text, in_header.as_bytes()));
            assert!(word.encoded().iter().all(|byte| (b' '..=b'~').contains(byte)));
        }
    }

    #[test]
    fn a_word_is_there_once() {
        let words = Words::default();
        assert_eq!(words.word("max").encoded().as_ptr(), words.word("max").encoded().as_ptr());
    }
}
