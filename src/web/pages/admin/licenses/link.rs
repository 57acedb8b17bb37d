//! What a list of licenses is asked for by its address, and the addresses of other parts of it.
//!
//! As with keys (`key_link.rs`), whatever is in the address, a list is shown: what cannot be understood is left
//! out and named, and every link keeps all that was understood.
//! Never: a whole license key, though it may be looked for.

use crate::domain::{
    app_url::percent_encoded,
    licenses::{Find, LicenseKey, LicenseQuery, LicenseState},
    parameters::{Parameters, Value},
    secret_like,
};

/// The names of what narrows a list.
pub const FILTERS: [&str; 3] = ["q", "state", "sku"];

/// The longest text taken from an address.
const LONGEST: usize = 300;

/// What a list is asked for: texts that were understood, by their names.
#[derive(Clone, Default)]
pub struct LicenseLink {
    texts: Vec<(&'static str, String)>,
    before: Option<i64>,
    /// The names of what was not understood.
    pub ignored: Vec<&'static str>,
}

impl LicenseLink {
    /// Reads an address.
    pub fn read(parameters: &Parameters) -> Self {
        let mut link = Self::default();
        for name in FILTERS {
            match parameters.value(name) {
                None => {}
                Some(Value::Text(text)) if text.trim().is_empty() => {}
                Some(Value::Text(text)) if is_understood(name, text.trim()) => {
                    link.texts.push((name, text.trim().to_owned()));
                }
                Some(_) => link.ignored.push(name),
            }
        }
        if let Some(text) = parameters.text("before").filter(|text| !text.is_empty()) {
            link.before = text.parse().ok().filter(|before| *before > 0);
            if link.before.is_none() {
                link.ignored.push("before");
            }
        }
        link
    }

    /// The list of that filter alone.
    pub fn of(name: &'static str, text: &str) -> Self {
        Self { texts: vec![(name, text.to_owned())], ..Self::default() }
    }

    /// What was asked for by that name; empty if nothing was.
    pub fn text(&self, name: &str) -> &str {
        let found = self.texts.iter().find(|(known, _)| *known == name);
        found.map_or("", |(_, text)| text.as_str())
    }

    /// Whether anything narrows the list.
    pub fn narrows(&self) -> bool {
        !self.texts.is_empty()
    }

    /// Whether one of its selects narrows the list.
    pub fn is_filtered(&self) -> bool {
        self.texts.iter().any(|(name, _)| *name != "q")
    }

    /// Whether the list does not begin at its beginning.
    pub fn is_later_part(&self) -> bool {
        self.before.is_some()
    }

    /// This list from another place on.
    pub fn at_place(&self, before: Option<i64>) -> Self {
        Self { before, ..self.clone() }
    }

    /// This list without that filter, from its beginning.
    pub fn without(&self, name: &str) -> Self {
        let mut link = self.at_place(None);
        link.texts.retain(|(known, _)| *known != name);
        link
    }

    /// The address.
    pub fn path(&self) -> String {
        let pairs = self.texts.iter();
        let pairs = pairs.map(|(name, text)| format!("{name}={}", percent_encoded(text)));
        let before = self.before.map(|before| format!("before={before}"));
        let query: Vec<String> = pairs.chain(before).collect();
        let path = "/admin/licenses".to_owned();
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    }

    /// The question to the service.
    pub fn question(&self) -> LicenseQuery {
        LicenseQuery {
            find: find(self.text("q")),
            sku: Some(self.text("sku").to_owned()).filter(|sku| !sku.is_empty()),
            state: LicenseState::parse(self.text("state")),
            before: self.before,
        }
    }
}

/// What in a text looks like a whole license key, which must not stand in an address.
pub fn key_in(text: &str) -> Option<String> {
    secret_like::sold_keys(text).find(|key| LicenseKey::parse(key).is_ok())
}

/// What is looked for. A short text with a dash and a number is rather a SKU than a key: its words are.
fn find(text: &str) -> Option<Find> {
    match LicenseKey::parse(text) {
        Ok(_) => Find::parse(&text.replace('-', " ")),
        Err(_) => Find::parse(text),
    }
}

fn is_understood(name: &str, text: &str) -> bool {
    match name {
        "q" => {
            let is_secret = secret_like::has_secret(text) || key_in(text).is_some();
            text.len() <= LONGEST && !is_secret && find(text).is_some()
        }
        "state" => LicenseState::parse(text).is_some(),
        _ => text.len() <= LONGEST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(query: &str) -> LicenseLink {
        LicenseLink::read(&Parameters::read([query.as_bytes()]))
    }

    #[test]
    fn what_was_understood_comes_back_and_the_rest_is_named() {
        let link = link("q=M%C3%B6bel+%26&state=asleep&sku=A%2FB&before=7&page=3");
        assert_eq!(link.path(), "/admin/licenses?q=M%C3%B6bel%20%26&sku=A%2FB&before=7");
        assert_eq!(link.ignored, ["state"]);
        assert_eq!(link.without("q").path(), "/admin/licenses?sku=A%2FB");
        assert!(link.narrows() && link.is_later_part());
    }

    #[test]
    fn hostile_addresses_are_lists_too() {
        let key = "q=Cqu62al903ICv40am9nM68Y7o9-32";
        let long = format!("q={0}&sku={0}", "a".repeat(5_000));
        for query in [
            "",
            "q=",
            "q=%",
            "q[]=a",
            "q=%ff",
            "before=x",
            "before=-1",
            "state[]=",
            key,
            &long,
            "q=agat_1",
        ] {
            let link = link(query);
            assert!(!link.narrows(), "{query}");
            assert_eq!(link.path(), "/admin/licenses", "{query}");
        }
    }

    #[test]
    fn a_sku_is_no_license_key() {
        let words = |text| matches!(find(text), Some(Find::Words(_)));
        assert!(words("PLUGIN-2") && words("ada lovelace") && words("ada@shop.example"));
        assert_eq!(find("Cqu6…-32"), Some(Find::Number(32)));
        assert_eq!(find("32"), Some(Find::Number(32)));
        assert_eq!(find("shop.example"), Some(Find::Domain("shop.example".to_owned())));
    }
}
