//! The fields of a key's forms: description, permissions and the day it ends.

use super::{frame::field, typed::last_day, wrong::Wrong};
use crate::{
    domain::{
        expiry::{self, ExpiryError},
        key_view::KeyView,
        permissions::Permissions,
        timestamp::Timestamp,
    },
    service::keys::KeyError,
    web::{errors::WebError, visitor::Visitor},
};

/// What stands in the fields.
pub struct KeyForm {
    /// What the key is for.
    pub description: String,
    /// What it may do, as a word.
    pub permissions: String,
    /// The last day it works; empty for no end.
    pub ends: String,
}

/// One choice of permissions.
pub struct Scope {
    /// What is sent.
    pub value: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

/// The permissions there are, the least first.
pub const SCOPES: [Scope; 3] = [
    Scope {
        value: Permissions::Read.as_str(),
        title: "Read",
        meaning: "Looks at orders, customers, products and settings; changes nothing.",
    },
    Scope {
        value: Permissions::Write.as_str(),
        title: "Write",
        meaning: "Makes, changes and deletes. It cannot ask for data, but answers show what it changed.",
    },
    Scope { value: Permissions::ReadWrite.as_str(), title: "Read/Write", meaning: "Both." },
];

impl KeyForm {
    /// An empty form.
    pub fn empty() -> Self {
        let permissions = Permissions::Read.as_str().to_owned();
        Self { description: String::new(), permissions, ends: String::new() }
    }

    /// The form of a key as it is.
    pub fn of(key: &KeyView) -> Self {
        Self {
            description: key.description.clone(),
            permissions: key.permissions.as_str().to_owned(),
            ends: key.expires_at.map(last_day).unwrap_or_default(),
        }
    }

    /// The form as it was sent.
    pub fn sent(visitor: &Visitor) -> Self {
        let text = |name| field(visitor, name).to_owned();
        Self {
            description: text("description"),
            permissions: text("permissions"),
            ends: text("ends").trim().to_owned(),
        }
    }

    /// The permissions chosen.
    ///
    /// # Errors
    /// If none of ours were.
    pub fn permissions(&self) -> Result<Permissions, Wrong> {
        Permissions::parse(&self.permissions)
            .ok_or_else(|| Wrong::at_field("permissions", "choose what the key may do"))
    }

    /// The end that was typed.
    ///
    /// # Errors
    /// If it is none.
    pub fn ends(&self, now: Timestamp) -> Result<Option<Timestamp>, Wrong> {
        if self.ends.is_empty() {
            return Ok(None);
        }
        expiry::parse(&self.ends, now).map(Some).map_err(wrong_end)
    }
}

fn wrong_end(error: ExpiryError) -> Wrong {
    Wrong::at_field("ends", &error.to_string())
}

/// What a service found wrong, at its field; what is no field's fault is a page of its own.
///
/// # Errors
/// If it is no field's fault.
pub fn wrong(error: KeyError) -> Result<Wrong, WebError> {
    match error {
        KeyError::Description => Ok(Wrong::at_field("description", &error.to_string())),
        KeyError::Expiry(error) => Ok(wrong_end(error)),
        KeyError::NoOwner => Ok(Wrong::at_field("owner", &error.to_string())),
        other => Err(other.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_day_reads_back_to_the_same_end() {
        let now = Timestamp::from_millis(1_795_207_503_999);
        let ends = expiry::parse("2027-01-31", now).unwrap();
        assert_eq!(last_day(ends), "2027-01-31");
    }
}
