//! A few named parameters of a query, found as PHP finds them, without reading the rest.
//!
//! Why so: a store in PHP takes `rest.route`, `rest+route` and `%72est_route` for `rest_route`. Whoever
//! judges a request must see the same names, or be passed by. What could be read in two ways (an
//! array, two different values, broken text) is [`Named::Unclear`], and is for the caller to refuse.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::php_query;

/// What a query holds under a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Named<'a> {
    /// Nothing.
    #[default]
    Absent,
    /// One text, however often.
    Text(Cow<'a, str>),
    /// An array, two different texts, or bytes that are no text.
    Unclear,
}

impl<'a> Named<'a> {
    /// The text, if it is there and not empty.
    pub fn filled(&self) -> Option<&str> {
        match self {
            Self::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    fn and(self, other: Named<'a>) -> Named<'a> {
        match self {
            Self::Absent => other,
            same if same == other => same,
            _ => Self::Unclear,
        }
    }
}

/// The values of those names, in one pass. All of them are unclear in a query that PHP would not read to
/// its end.
pub fn find<'a, const N: usize>(query: &'a str, names: [&str; N]) -> [Named<'a>; N] {
    let mut found = [const { Named::Absent }; N];
    for (at, (name, value)) in pairs(query).enumerate() {
        if at == php_query::MOST_VARIABLES {
            return [const { Named::Unclear }; N];
        }
        let (name, is_array) = php_name(name);
        if let Some(at) = names.iter().position(|known| *known == name) {
            let value = if is_array { Named::Unclear } else { text(value) };
            found[at] = std::mem::take(&mut found[at]).and(value);
        }
    }
    found
}

/// Whether that name is written plainly wherever PHP would read it, so that a proxy can find it too.
pub fn is_written_plainly(query: &str, name: &str) -> bool {
    pairs(query).all(|(raw, _)| raw == name || php_name(raw).0 != name)
}

/// Names and values, not decoded.
fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// The name as a PHP variable, and whether it is one of an array's.
fn php_name(raw: &str) -> (Cow<'_, str>, bool) {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    if raw.bytes().all(plain) {
        return (Cow::Borrowed(raw), false);
    }
    match php_query::path(&php_query::decode(raw)).as_deref() {
        Some([Some(base), inner @ ..]) => {
            (String::from_utf8_lossy(base).into_owned().into(), !inner.is_empty())
        }
        _ => (Cow::Borrowed(""), false),
    }
}

fn text(raw: &str) -> Named<'_> {
    if raw.bytes().all(|b| b != b'%' && b != b'+') {
        return Named::Text(Cow::Borrowed(raw));
    }
    match percent_decode_str(&raw.replace('+', " ")).decode_utf8() {
        Ok(text) if !text.contains('\0') => Named::Text(Cow::Owned(text.into_owned())),
        _ => Named::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(query: &str) -> Named<'_> {
        let [found] = find(query, ["rest_route"]);
        found
    }

    #[test]
    fn names_are_found_however_php_lets_them_be_written() {
        for name in [
            "rest_route",
            "rest.route",
            "rest+route",
            "rest%20route",
            "%72est_route",
            "+rest_route",
            "%20%20rest_route",
            "rest[route",
            "rest_route%00x",
        ] {
            assert_eq!(one(&format!("a=1&{name}=%2Fwc&b")), Named::Text("/wc".into()), "{name}");
        }
        for name in ["Rest_route", "rest-route", "rest__route", "xrest_route", "[rest_route"] {
            assert_eq!(one(&format!("{name}=/wc")), Named::Absent, "{name}");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_unclear() {
        for query in [
            "rest_route[]=/wc",
            "rest_route[a]=/wc",
            "rest_route=/a&rest_route=/b",
            "rest_route=/a&rest.route=/b",
            "rest_route=%ff",
            "rest_route=%00",
            "rest_route=/a&rest_route[]=/a",
        ] {
            assert_eq!(one(query), Named::Unclear, "{query}");
        }
        assert_eq!(one("rest_route=/a&rest_route=%2Fa"), Named::Text("/a".into()));
        assert_eq!(one("rest_route"), Named::Text("".into()));
        assert_eq!(one(""), Named::Absent);
    }

    #[test]
    fn what_php_would_pass_over_is_unclear() {
        let behind = |count: usize| format!("{}rest_route=/wc", "a=1&".repeat(count));
        assert_eq!(one(&behind(999)), Named::Text("/wc".into()));
        assert_eq!(one(&behind(1000)), Named::Unclear);
        assert_eq!(one(&format!("rest_route=/wc{}", "&&a".repeat(1000))), Named::Unclear);
    }

    #[test]
    fn a_name_is_written_plainly_or_not() {
        for query in ["", "k=1", "a&k=1&k=1", "K=1&%20k.=2"] {
            assert!(is_written_plainly(query, "k"), "{query}");
        }
        for query in ["%6b=1", "k=1&+k=1", "k[]=1", "k%00x=1"] {
            assert!(!is_written_plainly(query, "k"), "{query}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(query: String) {
            let _ = find(&query, ["a", "consumer_key"]);
        }

        #[test]
        fn an_encoded_value_comes_back(value in "[^\0]{0,40}") {
            let query = format!("x=1&v={}", crate::domain::app_url::percent_encoded(&value));
            let [found] = find(&query, ["v"]);
            prop_assert_eq!(found, Named::Text(value.into()));
        }
    }
}
