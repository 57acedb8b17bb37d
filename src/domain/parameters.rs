//! Request parameters, read the way PHP's `$_REQUEST` is: query, then body, the last one wins.
//!
//! Values are kept as they came; nothing is trimmed or cleaned. A name sent as an array (`name[]=x`)
//! or with bytes that are not UTF-8 is kept as such, so that the error can name it.

use std::collections::HashMap;

use percent_encoding::percent_decode;

/// One parameter's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Ordinary text.
    Text(String),
    /// `name[]=…` or `name[key]=…`.
    Array,
    /// Bytes that are not UTF-8, or text with a NUL.
    Unreadable,
}

/// The parameters of one request.
#[derive(Default)]
pub struct Parameters(HashMap<String, Value>);

impl Parameters {
    /// Reads `application/x-www-form-urlencoded` texts; later ones win over earlier ones.
    pub fn read<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let pairs = parts.into_iter().flat_map(|part| part.split(|b| *b == b'&'));
        Self(pairs.filter_map(pair).collect())
    }

    /// Parameters of texts that were read before.
    pub fn of(texts: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        Self(texts.into_iter().map(|(name, text)| (name.to_owned(), Value::Text(text))).collect())
    }

    /// These parameters with another value of `name`, or none.
    pub fn with(mut self, name: &str, value: Option<Value>) -> Self {
        self.0.remove(name);
        self.0.extend(value.map(|value| (name.to_owned(), value)));
        self
    }

    /// The value of `name`, whatever it is.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// What stands behind `beginning` in the names that begin so and have a text, such as the numbers of
    /// ticked boxes.
    pub fn behind(&self, beginning: &str) -> impl Iterator<Item = &str> {
        let texts = self.0.iter().filter(|(_, value)| matches!(value, Value::Text(_)));
        texts.filter_map(move |(name, _)| name.strip_prefix(beginning))
    }

    /// The text of `name`; nothing if it is absent or no text.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }
}

/// Name and value of one `name=value`; nothing without a name.
pub fn pair(pair: &[u8]) -> Option<(String, Value)> {
    let (name, value) = split_once(pair);
    let name = decode(name).filter(|name| !name.is_empty())?;
    match name.split_once('[') {
        Some((base, _)) => Some((base.to_owned(), Value::Array)),
        None => Some((name, decode(value).map_or(Value::Unreadable, Value::Text))),
    }
}

fn split_once(pair: &[u8]) -> (&[u8], &[u8]) {
    match pair.iter().position(|b| *b == b'=') {
        Some(at) => (&pair[..at], &pair[at + 1..]),
        None => (pair, b""),
    }
}

/// Plus to space, then percent-decoding; nothing unless the result is UTF-8 without a NUL.
fn decode(bytes: &[u8]) -> Option<String> {
    let spaced: Vec<u8> = bytes.iter().map(|b| if *b == b'+' { b' ' } else { *b }).collect();
    let text = String::from_utf8(percent_decode(&spaced).collect()).ok()?;
    (!text.contains('\0')).then_some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(query: &str) -> Parameters {
        Parameters::read([query.as_bytes()])
    }

    #[test]
    fn body_wins_over_query_and_the_last_duplicate_wins() {
        let p = Parameters::read([b"a=1&b=1&b=2".as_slice(), b"a=3"]);
        assert_eq!((p.text("a"), p.text("b")), (Some("3"), Some("2")));
    }

    #[test]
    fn odd_shapes_are_named() {
        let p = read("x[]=1&y=%ff&z=%00&=3&&plus=a+b%2Bc&flag");
        assert_eq!(p.value("x"), Some(&Value::Array));
        assert_eq!(p.value("y"), Some(&Value::Unreadable));
        assert_eq!(p.value("z"), Some(&Value::Unreadable));
        assert_eq!(p.text("plus"), Some("a b+c"));
        assert_eq!(p.text("flag"), Some(""));
        assert_eq!(p.value("missing"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
            let _ = Parameters::read([bytes.as_slice()]);
        }

        #[test]
        fn an_encoded_value_comes_back(value in "[^\0]{0,40}") {
            let encoded = crate::domain::app_url::percent_encoded(&value);
            let p = read(&format!("v={encoded}"));
            prop_assert_eq!(p.text("v"), Some(value.as_str()));
        }
    }
}
