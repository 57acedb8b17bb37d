//! What a list of keys is asked for by its address, and the addresses of other parts of it.
//!
//! Whatever is in the address, a list is shown: what cannot be understood is left out and named. Every
//! link keeps all that was understood, so that no filter is lost on the way.

use std::time::Duration;

use crate::domain::{
    app_url::percent_encoded,
    key_list::{KeyFilter, KeyOrder, KeyQuery, Position, Usage},
    key_view::ShownState,
    parameters::{Parameters, Value},
    permissions::Permissions,
    search::Search,
    timestamp::Timestamp,
};

const DAY: Duration = Duration::from_hours(24);

/// How long ago is long ago.
pub const LONG: Duration = Duration::from_hours(24 * 90);

/// How soon is soon.
pub const SOON: Duration = Duration::from_hours(24 * 14);

/// The names of what narrows a list.
pub const FILTERS: [&str; 6] = ["q", "state", "use", "permissions", "app", "owner"];

/// The longest text taken from an address.
const LONGEST: usize = 300;

/// What the choice of states is, beyond the states themselves.
pub const EXPIRING: &str = "expiring";

/// What a list is asked for: texts that were understood, by their names.
#[derive(Clone, Default)]
pub struct KeyLink {
    texts: Vec<(&'static str, String)>,
    after: Option<Position>,
    /// The names of what was not understood.
    pub ignored: Vec<&'static str>,
}

impl KeyLink {
    /// Reads an address.
    pub fn read(parameters: &Parameters) -> Self {
        let mut link = Self::default();
        for name in FILTERS.into_iter().chain(["order"]) {
            match parameters.value(name) {
                None => {}
                Some(Value::Text(text)) if text.trim().is_empty() => {}
                Some(Value::Text(text)) if is_understood(name, text.trim()) => {
                    link.texts.push((name, text.trim().to_owned()));
                }
                Some(_) => link.ignored.push(name),
            }
        }
        link.after = match parameters.text("after").filter(|text| !text.is_empty()) {
            None => None,
            Some(text) => {
                let after = Position::parse(text);
                if after.is_none() {
                    link.ignored.push("after");
                }
                after
            }
        };
        link
    }

    /// Reads the part of an address behind the question mark.
    pub fn of_query(query: &str) -> Self {
        Self::read(&Parameters::read([query.as_bytes()]))
    }

    /// The list of these filters alone.
    pub fn of(texts: &[(&'static str, &str)]) -> Self {
        let texts = texts.iter().map(|(name, text)| (*name, (*text).to_owned())).collect();
        Self { texts, ..Self::default() }
    }

    /// What was asked for by that name; empty if nothing was.
    pub fn text(&self, name: &str) -> &str {
        let found = self.texts.iter().find(|(known, _)| *known == name);
        found.map_or("", |(_, text)| text.as_str())
    }

    /// Whether anything narrows the list.
    pub fn narrows(&self) -> bool {
        self.texts.iter().any(|(name, _)| FILTERS.contains(name))
    }

    /// Whether the list does not begin at its beginning.
    pub fn is_later_part(&self) -> bool {
        self.after.is_some()
    }

    /// This list from another place on.
    pub fn at_place(&self, after: Option<Position>) -> Self {
        Self { after, ..self.clone() }
    }

    /// This list without that filter, from its beginning.
    pub fn without(&self, name: &str) -> Self {
        let mut link = self.at_place(None);
        link.texts.retain(|(known, _)| *known != name);
        link
    }

    /// The part of the address behind the question mark.
    pub fn query(&self) -> String {
        let mut pairs: Vec<String> = self
            .texts
            .iter()
            .map(|(name, text)| format!("{name}={}", percent_encoded(text)))
            .collect();
        pairs.extend(self.after.map(|after| format!("after={}", after.to_cursor())));
        pairs.join("&")
    }

    /// The address.
    pub fn path(&self) -> String {
        let query = self.query();
        if query.is_empty() { "/admin/keys".to_owned() } else { format!("/admin/keys?{query}") }
    }

    /// The question to the service.
    pub fn question(&self, now: Timestamp) -> KeyQuery {
        let filter = KeyFilter {
            text: Search::parse(self.text("q")),
            state: ShownState::parse(self.text("state")),
            app_host: Some(self.text("app").to_lowercase()).filter(|host| !host.is_empty()),
            owner_id: self.text("owner").parse().ok(),
            permissions: Permissions::parse(self.text("permissions")),
            usage: match self.text("use") {
                "never" => Some(Usage::Never),
                "long_ago" => Some(Usage::NotSince(now.minus(LONG))),
                _ => None,
            },
            writes_in_vain: self.text("use") == "writes_in_vain",
            expires_before: (self.text("state") == EXPIRING).then(|| now.plus(SOON)),
        };
        let order = KeyOrder::parse(self.text("order")).unwrap_or_default();
        KeyQuery { filter, order, after: self.after, limit: crate::domain::key_list::PAGE }
    }
}

fn is_understood(name: &str, text: &str) -> bool {
    match name {
        "q" => text.len() <= LONGEST && Search::parse(text).is_some(),
        "state" => text == EXPIRING || ShownState::parse(text).is_some(),
        "use" => matches!(text, "never" | "long_ago" | "writes_in_vain"),
        "permissions" => Permissions::parse(text).is_some(),
        "owner" => text.parse::<i64>().is_ok(),
        "order" => KeyOrder::parse(text).is_some(),
        _ => text.len() <= LONGEST,
    }
}

/// So many days before.
pub fn days_before(now: Timestamp, days: u32) -> Timestamp {
    now.minus(DAY * days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_understood_comes_back_and_the_rest_is_named() {
        let link = KeyLink::of_query(
            "q=M%C3%B6bel+%26&state=expired&use=sometimes&owner=x&order=oldest&after=oldest.0.7&page=3",
        );
        assert_eq!(link.query(), "q=M%C3%B6bel%20%26&state=expired&order=oldest&after=oldest.0.7");
        assert_eq!(link.ignored, ["use", "owner"]);
        assert_eq!(KeyLink::of_query(&link.query()).query(), link.query());
        assert_eq!(link.without("q").query(), "state=expired&order=oldest");
        assert!(link.narrows() && !KeyLink::of_query("order=oldest").narrows());
    }

    #[test]
    fn hostile_addresses_are_lists_too() {
        for query in [
            "",
            "q=",
            "q=%",
            "q[]=a",
            "q=%ff",
            "after=x",
            "after=%00",
            "state[]=",
            "owner=1e9",
            "owner=99999999999999999999",
            "permissions=admin",
            "order=;drop",
        ] {
            let link = KeyLink::of_query(query);
            assert!(!link.narrows(), "{query}");
            assert_eq!(link.path(), "/admin/keys", "{query}");
        }
        let long = KeyLink::of_query(&format!("q={0}&app={0}", "a".repeat(5_000)));
        assert_eq!(link_names(&long), ["q", "app"]);
    }

    fn link_names(link: &KeyLink) -> Vec<&'static str> {
        link.ignored.clone()
    }
}
