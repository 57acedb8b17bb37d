//! Text kept only in sealed form (XChaCha20-Poly1305, `draft-irtf-cfrg-xchacha`).
//!
//! A random 192-bit nonce needs no counter; the row a text belongs to is authenticated with it, so a
//! sealed text copied into another row does not open.

use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead, KeyInit, Payload},
};
use zeroize::Zeroizing;

use super::{
    entropy::{Entropy, random},
    keyring::Keyring,
};

const VERSION: u8 = 1;
const NONCE: usize = 24;

/// A sealed text: version byte, nonce, ciphertext with tag.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

/// The sealed text was altered, moved, or sealed under another master key.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sealed text does not open with this key file")]
pub struct CannotOpen;

impl Sealed {
    /// Seals `plain` for the row named by `row`.
    pub fn seal(keyring: &Keyring, entropy: &dyn Entropy, row: &str, plain: &[u8]) -> Self {
        let nonce: [u8; NONCE] = random(entropy);
        let payload = Payload { msg: plain, aad: row.as_bytes() };
        let sealed = XChaCha20Poly1305::new(keyring.sealing().into())
            .encrypt(&XNonce::from(nonce), payload)
            .expect("a text below 256 GiB can be sealed");
        Self([&[VERSION], nonce.as_slice(), &sealed].concat())
    }

    /// The plain text again.
    ///
    /// # Errors
    /// If anything about it changed: key, row or bytes.
    pub fn open(&self, keyring: &Keyring, row: &str) -> Result<Zeroizing<Vec<u8>>, CannotOpen> {
        let (version, rest) = self.0.split_first().ok_or(CannotOpen)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or(CannotOpen)?;
        if *version != VERSION {
            return Err(CannotOpen);
        }
        XChaCha20Poly1305::new(keyring.sealing().into())
            .decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: row.as_bytes() })
            .map(Zeroizing::new)
            .map_err(|_| CannotOpen)
    }

    /// The stored form.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// From the stored form; whether it opens shows later.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::keyring::tests::keyring;

    struct Fixed;
    impl Entropy for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(9);
        }
    }

    #[test]
    fn opens_only_unchanged_and_in_its_row() {
        let ring = keyring();
        let sealed = Sealed::seal(&ring, &Fixed, "row 1", b"plain");
        assert_eq!(sealed.open(&ring, "row 1").unwrap().as_slice(), b"plain");
        assert_eq!(sealed.open(&ring, "row 2"), Err(CannotOpen));
        for at in 0..sealed.as_bytes().len() {
            let mut bytes = sealed.as_bytes().to_vec();
            bytes[at] ^= 1;
            assert_eq!(
                Sealed::from_bytes(bytes).open(&ring, "row 1"),
                Err(CannotOpen),
                "byte {at}"
            );
        }
        for length in 0..sealed.as_bytes().len() {
            let cut = Sealed::from_bytes(sealed.as_bytes()[..length].to_vec());
            assert_eq!(cut.open(&ring, "row 1"), Err(CannotOpen), "length {length}");
        }
        assert!(!sealed.as_bytes().windows(5).any(|window| window == b"plain"));
    }
}
