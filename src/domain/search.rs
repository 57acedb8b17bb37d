//! The words a key is found by: what is stored of a key, and what is made of what somebody types.
//!
//! Why so: a search must not look at every key. Each word of a key is stored beside its number, in
//! lower case, so that a word, or the beginning of one, leads to the keys that have it.

use std::collections::BTreeSet;

/// How much of a word counts, in characters.
const LONGEST: usize = 40;

/// How many words of a search count.
const MOST: usize = 6;

/// What stands before an app's callback host, which is one term as a whole.
const HOST: char = '@';

/// The term of an app's callback host.
pub fn host_term(host: &str) -> String {
    format!("{HOST}{}", host.to_lowercase())
}

/// The host of such a term.
pub fn host_of(term: &str) -> Option<&str> {
    term.strip_prefix(HOST)
}

/// All terms of a key.
pub fn terms(description: &str, ending: &str, app: Option<(&str, &str)>) -> BTreeSet<String> {
    let (name, host) = app.unwrap_or_default();
    let texts = [description, ending, name, host];
    let words = texts.into_iter().flat_map(words).filter(|word| is_telling(word));
    words.chain(app.map(|(_, host)| host_term(host))).collect()
}

/// Dates and times stand in the description of every app's key.
fn is_telling(word: &str) -> bool {
    word.len() > 2 || !word.bytes().all(|byte| byte.is_ascii_digit())
}

fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| word.to_lowercase().chars().take(LONGEST).collect())
}

/// What somebody looks for: beginnings of words, all of which a key must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search(Vec<String>);

impl Search {
    /// Reads what was typed; nothing if it has no word.
    pub fn parse(text: &str) -> Option<Self> {
        let mut found: Vec<_> = words(text).filter(|word| is_telling(word)).take(MOST).collect();
        found.dedup();
        (!found.is_empty()).then_some(Self(found))
    }

    /// The beginnings.
    pub fn beginnings(&self) -> &[String] {
        &self.0
    }
}

/// What is greater than every word with that beginning, and not greater than any other word after it.
pub fn after_all_with(beginning: &str) -> String {
    format!("{beginning}{}", char::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_key() {
        let app = Some(("Parcel Express®", "api.Parcel.example:8443"));
        let found = terms("Parcel Express® - API (2026-11-20 20:45:03)", "0a1b2c3", app);
        let expected = [
            "0a1b2c3",
            "2026",
            "8443",
            "@api.parcel.example:8443",
            "api",
            "example",
            "express",
            "parcel",
        ];
        assert_eq!(found.into_iter().collect::<Vec<_>>(), expected);
        assert_eq!(terms("a 12", "", None).into_iter().collect::<Vec<_>>(), ["a"]);
    }

    #[test]
    fn what_was_typed() {
        let parsed = |text: &str| Search::parse(text).map(|search| search.0);
        assert_eq!(parsed(" Éxpress  PAR"), Some(vec!["éxpress".to_owned(), "par".to_owned()]));
        for nothing in ["", " - ", "%", "@", "12"] {
            assert_eq!(parsed(nothing), None, "{nothing:?}");
        }
        assert_eq!(parsed(&"x ".repeat(100)).unwrap().len(), 1);
        let long = parsed(&"ß".repeat(1_000)).unwrap();
        assert_eq!(long[0].chars().count(), LONGEST);
    }

    #[test]
    fn the_end_of_a_beginning() {
        let end = after_all_with("par");
        assert!("par" < end.as_str() && "parzz\u{10fffe}" < end.as_str() && end.as_str() < "pas");
    }
}
