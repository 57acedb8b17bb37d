//! The query of a request to the store's API: the few parameters that decide about it, found in one
//! pass, and the text as it came for whoever needs the rest.

use super::query_names::{Named, find, is_written_plainly};

/// A query, not decoded, and what it holds under the names that matter.
#[derive(Clone, Default)]
pub struct ApiQuery<'a> {
    /// The query as it came, without the question mark.
    pub text: &'a str,
    /// WordPress' way to name an API's address in the query.
    pub rest_route: Named<'a>,
    /// WordPress' way to name another method than the real one.
    pub method: Named<'a>,
    /// The public half of a key; unclear if its name is not written plainly, since a proxy must find it
    /// to keep it from the store.
    pub consumer_key: Named<'a>,
    /// The secret half, likewise. Neither shown nor logged.
    pub consumer_secret: Named<'a>,
}

impl<'a> ApiQuery<'a> {
    /// Reads a query string.
    pub fn read(text: &'a str) -> Self {
        let [rest_route, method, consumer_key, consumer_secret] =
            find(text, ["rest_route", "_method", "consumer_key", "consumer_secret"]);
        let plain = |name, found| match found {
            Named::Text(_) if !is_written_plainly(text, name) => Named::Unclear,
            found => found,
        };
        Self {
            text,
            rest_route,
            method,
            consumer_key: plain("consumer_key", consumer_key),
            consumer_secret: plain("consumer_secret", consumer_secret),
        }
    }

    /// Whether it says nothing of keys.
    pub fn has_no_pair(&self) -> bool {
        self.consumer_key == Named::Absent && self.consumer_secret == Named::Absent
    }
}
