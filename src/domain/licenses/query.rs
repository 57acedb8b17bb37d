//! What somebody looks for among licenses.

use super::{ActivationDomain, LicenseKey, LicenseState};
use crate::domain::search::Search;

/// How long a license key is at least, if it is no other word with a dash and a number.
const LONG_KEY: usize = 16;

/// What was typed, as far as it is understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Find {
    /// Words of SKU, customer and e-mail address.
    Words(Search),
    /// The number behind the dash.
    Number(i64),
    /// A domain it is activated on.
    Domain(String),
}

impl Find {
    /// Reads what was typed: a number, a shortened or whole key (of which the number is taken), a domain,
    /// else words. Nothing if it says nothing.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        // A short one is rather a SKU, such as `pro-2`.
        if let Ok(key) = LicenseKey::parse(text)
            && key.expose().len() >= LONG_KEY
        {
            return Some(Self::Number(key.number()));
        }
        let number = text.rsplit_once("…-").map_or(text, |(_, number)| number);
        if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) {
            return number.parse().ok().map(Self::Number);
        }
        let is_domain = text.contains('.') && !text.contains(['@', ' ']);
        match ActivationDomain::parse(text) {
            Some(domain) if is_domain => Some(Self::Domain(domain.as_str().to_owned())),
            _ => Search::parse(text).map(Self::Words),
        }
    }
}

/// A page of licenses, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LicenseQuery {
    /// What must be found in them.
    pub find: Option<Find>,
    /// Of which product.
    pub sku: Option<String>,
    /// In which state.
    pub state: Option<LicenseState>,
    /// Those before that number.
    pub before: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_is_understood() {
        let found = |text: &str| Find::parse(text);
        for text in ["32", " 32 ", "Cqu6…-32", "Cqu62al903ICv40am9nM68Y7o9-32"] {
            assert_eq!(found(text), Some(Find::Number(32)), "{text}");
        }
        for text in ["shop.example", "https://Shop.example/x"] {
            assert_eq!(found(text), Some(Find::Domain("shop.example".to_owned())), "{text}");
        }
        for text in ["ada", "ada@shop.example", "Ada B. Lovelace", "pro-edition", "pro-77"] {
            assert!(matches!(found(text), Some(Find::Words(_))), "{text}");
        }
        assert_eq!(found(" "), None);
        assert_eq!(found("99999999999999999999"), None);
    }
}
