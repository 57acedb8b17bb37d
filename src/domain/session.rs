//! A manager's session: a random id in a cookie, its keyed hash in the database (contract §4).

use std::{fmt, time::Duration};

use data_encoding::BASE64URL_NOPAD;
use subtle::ConstantTimeEq;

use super::{
    entropy::{Entropy, random},
    keyring::Keyring,
    timestamp::Timestamp,
};

/// A session nobody used for this long is over.
pub const IDLE: Duration = Duration::from_hours(12);

/// A session is over after this long, used or not.
pub const ABSOLUTE: Duration = Duration::from_hours(168);

/// The random id, 256 bits; the cookie's value. Never logged, never stored.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionId(String);

impl SessionId {
    /// A fresh id.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self(BASE64URL_NOPAD.encode(&random::<32>(entropy)))
    }

    /// The id in a cookie; nothing if it cannot be one of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        (bytes.len() == 32).then(|| Self(text.to_owned()))
    }

    /// The cookie's value.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// For binding form tokens to it.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The token every form of this session carries.
    pub fn form_token(&self, keyring: &Keyring) -> String {
        BASE64URL_NOPAD.encode(&keyring.form_tag(&[b"session form", self.as_bytes()]))
    }

    /// Whether a form that carries `token` was shown to this session.
    pub fn owns_form(&self, keyring: &Keyring, token: &str) -> bool {
        self.form_token(keyring).as_bytes().ct_eq(token.as_bytes()).into()
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(…)")
    }
}

/// Whether a session begun and last used at those times still holds.
pub fn holds(created_at: Timestamp, last_used_at: Timestamp, now: Timestamp) -> bool {
    now.since(last_used_at) < IDLE && now.since(created_at) < ABSOLUTE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::keyring::tests::keyring;

    struct Bytes(u8);
    impl Entropy for Bytes {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn ends_when_idle_or_old() {
        let start = Timestamp::from_millis(0);
        assert!(holds(start, start, start.plus(IDLE).minus(Duration::from_millis(1))));
        assert!(!holds(start, start, start.plus(IDLE)));
        let late = start.plus(ABSOLUTE);
        assert!(!holds(start, late, late));
        assert!(holds(start, late.minus(IDLE / 2), late.minus(Duration::from_millis(1))));
    }

    #[test]
    fn only_its_own_forms_belong_to_it() {
        let ring = keyring();
        let (one, two) = (SessionId::generate(&Bytes(1)), SessionId::generate(&Bytes(2)));
        assert!(one.owns_form(&ring, &one.form_token(&ring)));
        assert!(!one.owns_form(&ring, &two.form_token(&ring)));
        assert!(!one.owns_form(&ring, ""));
        assert_eq!(SessionId::parse(one.as_str()), Some(one));
        assert_eq!(SessionId::parse("short"), None);
    }
}
