//! A request that its sender gave a name (`Idempotency-Key`), so that sending it again makes nothing.
//!
//! Name and request are kept as keyed hashes only: a request may hold a password. What was answered may
//! hold a secret and is kept sealed.

use std::time::Duration;

use super::keyring::Keyring;

/// How long an answer is kept.
pub const MEMORY: Duration = Duration::from_hours(24);

/// A named request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedRequest {
    /// Keyed hash of who sent it and its name.
    pub id: Vec<u8>,
    /// Keyed hash of what was asked.
    pub request: Vec<u8>,
}

impl NamedRequest {
    /// What that user asked, under that name.
    pub fn new(keyring: &Keyring, user: &str, name: &str, asked: &[u8]) -> Self {
        let hash = |parts: &[&[u8]]| keyring.form_tag(parts);
        Self {
            id: hash(&[b"idempotency key", user.as_bytes(), name.as_bytes()]),
            request: hash(&[b"idempotent request", asked]),
        }
    }

    /// What a sealed answer belongs to.
    pub fn row(&self) -> String {
        format!("idempotency_keys {}", data_encoding::HEXLOWER.encode(&self.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::keyring::tests::keyring;

    #[test]
    fn another_user_or_name_is_another_request() {
        let of =
            |user, name, asked: &str| NamedRequest::new(&keyring(), user, name, asked.as_bytes());
        let one = of("1", "a", "x");
        assert_eq!(one, of("1", "a", "x"));
        assert_ne!(one.id, of("2", "a", "x").id);
        assert_ne!(one.id, of("1", "b", "x").id);
        assert_ne!(of("1", "1a", "x").id, of("11", "a", "x").id);
        assert_eq!(one.id, of("1", "a", "y").id);
        assert_ne!(one.request, of("1", "a", "y").request);
    }
}
