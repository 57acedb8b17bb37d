//! The parameters of an address: each is taken by its name and read, and all that is wrong is told at
//! once. A parameter that nobody reads, or that comes twice, is refused: a misspelt filter must not
//! answer with everything.

use std::collections::BTreeMap;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use sha2::{Digest, Sha256};

use super::problem::{FieldError, Problem};
use crate::domain::timestamp::Timestamp;

/// Where a list goes on; the answer before gave it.
const CURSOR: &str = "cursor";

/// How many things a page has at most.
const LIMIT: &str = "limit";

/// The largest page.
pub const LARGEST_PAGE: usize = 100;

/// The parameters not yet read, and what is wrong with those that were.
pub struct Questions {
    left: BTreeMap<String, String>,
    wrong: Vec<FieldError>,
    /// Tells one list from another, so that a cursor goes on in its own list.
    list: String,
}

impl Questions {
    /// Reads the query of an address.
    pub fn read(path: &str, query: &str) -> Self {
        let (mut left, mut wrong) = (BTreeMap::new(), Vec::new());
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let name: String = name.chars().take(60).collect();
            // As with bytes that are no UTF-8: not a text, and PostgreSQL would not even look for it.
            if left.insert(name.clone(), value.replace('\0', "\u{fffd}")).is_some() {
                wrong.push(FieldError { field: name, message: "comes twice".to_owned() });
            }
        }
        let mut asked = Sha256::new_with_prefix(path);
        for (name, value) in left.iter().filter(|(name, _)| *name != CURSOR && *name != LIMIT) {
            asked.update(serde_json::json!([name, value]).to_string());
        }
        Self { left, wrong, list: HEXLOWER.encode(&asked.finalize()[..6]) }
    }

    /// A text; nothing if it is empty.
    pub fn text(&mut self, name: &str) -> Option<String> {
        self.left.remove(name).filter(|text| !text.is_empty())
    }

    /// A value that is read; `what` says what may stand there.
    pub fn value<T>(
        &mut self,
        name: &str,
        what: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.left.remove(name)?;
        let found = read(&text);
        if found.is_none() {
            self.note(name, what);
        }
        found
    }

    /// One of some words.
    pub fn word<T>(
        &mut self,
        name: &str,
        allowed: &[&str],
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        self.value(name, &format!("must be one of: {}", allowed.join(", ")), parse)
    }

    /// The number of something.
    pub fn id(&mut self, name: &str) -> Option<i64> {
        let read = |text: &str| text.parse().ok().filter(|id| *id > 0);
        self.value(name, "must be a whole number above 0", read)
    }

    /// `true` or `false`; false if it is not there.
    pub fn flag(&mut self, name: &str) -> bool {
        self.value(name, "must be true or false", |text| text.parse().ok()).unwrap_or_default()
    }

    /// An instant (RFC 3339).
    pub fn instant(&mut self, name: &str) -> Option<Timestamp> {
        self.value(name, "must be an instant like 2027-01-31T18:00:00Z", |text| {
            let instant: jiff::Timestamp = text.parse().ok()?;
            Some(Timestamp::from_millis(instant.as_millisecond()))
        })
    }

    /// How many things a page shall have; `usual` if nothing is said.
    pub fn limit(&mut self, usual: usize) -> usize {
        let read = |text: &str| text.parse().ok().filter(|n| (1..=LARGEST_PAGE).contains(n));
        self.value(LIMIT, "must be a whole number from 1 to 100", read).unwrap_or(usual)
    }

    /// The place where the list goes on.
    pub fn place<T>(&mut self, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let list = format!("{}.", self.list);
        let what = "must be next_cursor of the page before, asked with the same filters and order";
        self.value(CURSOR, what, |text| {
            let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
            let text = String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))?;
            read(text.strip_prefix(&list)?)
        })
    }

    /// Gives the cursors of this list.
    pub fn cursors(&self) -> impl Fn(String) -> String + use<> {
        let list = self.list.clone();
        move |place| BASE64URL_NOPAD.encode(format!("{list}.{place}").as_bytes())
    }

    /// Notes what is wrong with a parameter.
    pub fn note(&mut self, name: &str, message: &str) {
        self.wrong.push(FieldError { field: name.to_owned(), message: message.to_owned() });
    }

    /// Nothing is wrong and nothing is left.
    ///
    /// # Errors
    /// Everything that is.
    pub fn done(mut self) -> Result<(), Problem> {
        for name in std::mem::take(&mut self.left).into_keys() {
            self.note(&name, "is not known here");
        }
        if self.wrong.is_empty() { Ok(()) } else { Err(Problem::invalid(self.wrong)) }
    }
}
