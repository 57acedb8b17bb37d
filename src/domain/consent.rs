//! The consent page's single-use token, and what was decided with it (contract §4.6).
//!
//! The token is bound to the session and to every parameter, so that a changed scope or address does
//! not pass; its random id is written down once with the first decision, so that it works once.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use subtle::ConstantTimeEq;

use super::{
    authorize_request::AuthorizeRequest,
    entropy::{Entropy, random},
    keyring::Keyring,
    session::SessionId,
    timestamp::Timestamp,
};

/// How long a consent page may lie open before its buttons expire.
const LIFE: Duration = Duration::from_hours(12);

/// For how long asking for the same thing in the same session shows what was just approved.
pub const REMEMBERED: Duration = Duration::from_mins(15);

/// A checked token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// The random id of one showing of the page; used up by the first decision.
    pub id: String,
    /// The session and the parameters, as one tag: equal for each showing of the same question.
    pub question: Vec<u8>,
}

/// What the manager pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A key was made.
    Approved,
    /// Nothing was made.
    Denied,
}

impl Decision {
    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Denied => "denied",
        }
    }

    /// The decision of that stored word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Approved, Self::Denied].into_iter().find(|d| d.as_str() == text)
    }
}

/// The tag of a question: this session, these parameters.
pub fn question(keyring: &Keyring, session: &SessionId, request: &AuthorizeRequest) -> Vec<u8> {
    keyring.form_tag(&[b"question", session.as_bytes(), request.query().as_bytes()])
}

/// The same of a question in another flow: what is asked, as one text.
pub fn question_of(keyring: &Keyring, session: &SessionId, flow: &str, asked: &str) -> Vec<u8> {
    keyring.form_tag(&[b"question", flow.as_bytes(), session.as_bytes(), asked.as_bytes()])
}

/// A token for one showing of the consent page.
pub fn issue(keyring: &Keyring, entropy: &dyn Entropy, now: Timestamp, question: &[u8]) -> String {
    let mut bytes = random::<16>(entropy).to_vec();
    bytes.extend(now.as_millis().to_be_bytes());
    let tag = keyring.form_tag(&[b"consent", &bytes, question]);
    bytes.extend(tag);
    BASE64URL_NOPAD.encode(&bytes)
}

/// Checks a token that came back with a form; nothing if it is not of this question or too old.
pub fn check(keyring: &Keyring, now: Timestamp, question: Vec<u8>, token: &str) -> Option<Consent> {
    let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).ok()?;
    let (signed, tag) = bytes.split_at_checked(24)?;
    let expected = keyring.form_tag(&[b"consent", signed, &question]);
    if !bool::from(tag.ct_eq(&expected)) {
        return None;
    }
    let (id, issued) = signed.split_at(16);
    let issued = Timestamp::from_millis(i64::from_be_bytes(issued.try_into().ok()?));
    (now.since(issued) < LIFE).then(|| Consent { id: BASE64URL_NOPAD.encode(id), question })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::keyring::tests::keyring;

    struct Ones;
    impl Entropy for Ones {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(1);
        }
    }

    #[test]
    fn a_token_holds_for_its_question_and_its_time() {
        let ring = keyring();
        let now = Timestamp::from_millis(1_000_000);
        let token = issue(&ring, &Ones, now, b"question");
        let check_at =
            |now, question: &[u8], token: &str| check(&ring, now, question.to_vec(), token);
        assert!(check_at(now, b"question", &token).is_some());
        assert!(check_at(now, b"another", &token).is_none());
        assert!(check_at(now.plus(LIFE), b"question", &token).is_none());
        for broken in ["", "x", "AAAA", &token[1..], &token[..40], &format!("{token}AA")] {
            assert!(check_at(now, b"question", broken).is_none(), "{broken}");
        }
    }
}
