//! The ticket of a form that must not be taken twice, such as one that makes a key: bound to the session
//! it was shown to, good for half a day. Its id is written down with the first taking (`service/once.rs`),
//! so that a reload makes nothing.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use subtle::ConstantTimeEq;

use super::{
    entropy::{Entropy, random},
    keyring::Keyring,
    session::SessionId,
    timestamp::Timestamp,
};

/// How long such a form may lie open.
const LIFE: Duration = Duration::from_hours(12);

/// A ticket for one showing of a form.
pub fn issue(
    keyring: &Keyring,
    entropy: &dyn Entropy,
    now: Timestamp,
    session: &SessionId,
) -> String {
    let mut bytes = random::<16>(entropy).to_vec();
    bytes.extend(now.as_millis().to_be_bytes());
    let tag = keyring.form_tag(&[b"form once", &bytes, session.as_bytes()]);
    bytes.extend(tag);
    BASE64URL_NOPAD.encode(&bytes)
}

/// The id of a ticket that came back; nothing if it is not this session's, or too old.
pub fn check(
    keyring: &Keyring,
    now: Timestamp,
    session: &SessionId,
    ticket: &str,
) -> Option<[u8; 16]> {
    let bytes = BASE64URL_NOPAD.decode(ticket.as_bytes()).ok()?;
    let (signed, tag) = bytes.split_at_checked(24)?;
    let expected = keyring.form_tag(&[b"form once", signed, session.as_bytes()]);
    let issued = Timestamp::from_millis(i64::from_be_bytes(*signed.last_chunk()?));
    let is_ours: bool = expected.ct_eq(tag).into();
    (is_ours && now.since(issued) < LIFE).then(|| signed.first_chunk().copied()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::keyring::tests::keyring;

    struct Sevens;
    impl Entropy for Sevens {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    #[test]
    fn a_ticket_is_of_its_session_and_its_day() {
        let ring = keyring();
        let session = SessionId::generate(&Sevens);
        let now = Timestamp::from_millis(1_795_207_503_999);
        let ticket = issue(&ring, &Sevens, now, &session);
        assert_eq!(check(&ring, now, &session, &ticket), Some([7; 16]));
        assert_eq!(check(&ring, now.plus(LIFE), &session, &ticket), None);
        let another = SessionId::parse(&BASE64URL_NOPAD.encode(&[1; 32])).unwrap();
        assert_eq!(check(&ring, now, &another, &ticket), None);
        for rubbish in ["", "x", &ticket[1..], &ticket.replace('A', "B")] {
            assert_eq!(check(&ring, now, &session, rubbish), None, "{rubbish}");
        }
    }
}
