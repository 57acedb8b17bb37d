//! A link taken apart as a browser takes it apart, and its query as the store reads it.

use url::Url;

use crate::domain::parameters::{self, Parameters, Value};

/// A link as an app built it.
pub struct Link {
    /// The text, less space around it.
    pub text: String,
    /// What stands behind `?`, as a browser sends it.
    pub query: String,
    /// What stands behind `#`, which no browser sends.
    pub fragment: Option<String>,
}

/// One `name=value`.
#[derive(Clone, Debug)]
pub struct Pair {
    /// As it stands in the query.
    pub raw: String,
    /// The name, decoded; before `[` if it is an array's.
    pub name: String,
    /// The value, decoded.
    pub value: Value,
}

impl Link {
    /// Takes a link apart.
    pub fn read(text: &str) -> Self {
        let text = text.trim().to_owned();
        // A link without its scheme is taken apart as if it had one.
        let url = Url::parse(&text).ok().or_else(|| Url::parse(&format!("https://{text}")).ok());
        let (query, fragment) = if let Some(url) = &url {
            (url.query().unwrap_or_default().to_owned(), url.fragment())
        } else {
            let (rest, fragment) = split(&text, '#');
            (split(rest, '?').1.unwrap_or_default().to_owned(), fragment)
        };
        Self { query, fragment: fragment.map(str::to_owned), text }
    }

    /// The parameters as the store reads them.
    pub fn parameters(&self) -> Parameters {
        Parameters::read([self.query.as_bytes()])
    }
}

/// The pairs of a query in their order.
pub fn pairs(query: &str) -> Vec<Pair> {
    let read = |raw: &str| {
        let (name, value) = parameters::pair(raw.as_bytes())?;
        Some(Pair { raw: raw.to_owned(), name, value })
    };
    query.split('&').filter_map(read).collect()
}

impl Pair {
    /// The value's text before decoding.
    pub fn raw_value(&self) -> &str {
        self.raw.split_once('=').map_or("", |(_, value)| value)
    }

    /// The value's text, for an array too; nothing if it is none.
    pub fn text(&self) -> Option<String> {
        match &self.value {
            Value::Text(text) => Some(text.clone()),
            Value::Array => match parameters::pair(format!("v={}", self.raw_value()).as_bytes()) {
                Some((_, Value::Text(text))) => Some(text),
                _ => None,
            },
            Value::Unreadable => None,
        }
    }
}

fn split(text: &str, mark: char) -> (&str, Option<&str>) {
    match text.split_once(mark) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}
