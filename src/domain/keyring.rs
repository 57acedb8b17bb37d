//! The keys that everything secret hangs on, each derived from the one master key.
//!
//! HKDF-SHA256 (RFC 5869) with one label a purpose, so that no two uses share a key and losing one
//! tells nothing of the others. Never: shown, logged or stored; `Debug` prints the name only.

use std::fmt;

use ed25519_dalek::SigningKey;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{
    entropy::{Entropy, random},
    woocommerce::KeyHash,
};

const FILE_PREFIX: &str = "appgrant-master-key-1:";

/// The 256-bit secret an installation is built on; the content of its key file.
pub struct MasterKey(Zeroizing<[u8; 32]>);

/// The key file does not hold a master key.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("it does not hold a master key (one line, “appgrant-master-key-1:” and 64 hex digits)")]
pub struct NoMasterKey;

impl MasterKey {
    /// A fresh key.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self(Zeroizing::new(random(entropy)))
    }

    /// Reads the content of a key file.
    ///
    /// # Errors
    /// If it is anything but one line as [`Self::to_file`] writes it.
    pub fn from_file(content: &str) -> Result<Self, NoMasterKey> {
        let hex = content.trim().strip_prefix(FILE_PREFIX).ok_or(NoMasterKey)?;
        let bytes =
            data_encoding::HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).map_err(|_| NoMasterKey)?;
        let bytes = Zeroizing::new(bytes);
        let key = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| NoMasterKey)?;
        Ok(Self(Zeroizing::new(key)))
    }

    /// The content of the key file.
    pub fn to_file(&self) -> Zeroizing<String> {
        let hex = Zeroizing::new(data_encoding::HEXLOWER.encode(self.0.as_slice()));
        Zeroizing::new(format!("{FILE_PREFIX}{}\n", hex.as_str()))
    }
}

/// What the label of a signing key begins with; the first one has no number behind it.
const SIGNING: &str = "ed25519 callback signing";

/// The keyed hash under which a consumer key, a session or a token is found again.
pub type Lookup = [u8; 32];

/// The keys in use, one a purpose.
pub struct Keyring {
    lookup: MacKey,
    imported: MacKey,
    pepper: Zeroizing<[u8; 32]>,
    sealing: Zeroizing<[u8; 32]>,
    forms: MacKey,
    audit: MacKey,
    /// What HKDF extracted from the master key; kept for signing keys of later generations.
    extracted: Zeroizing<[u8; 32]>,
    fingerprint: [u8; 32],
}

impl Keyring {
    /// Derives all keys.
    pub fn derive(master: &MasterKey) -> Self {
        let (extracted, _) = Hkdf::<Sha256>::extract(Some(b"appgrant"), master.0.as_slice());
        let extracted = Zeroizing::new(extracted.into());
        let key = |label: &str| expand(&extracted, label);
        Self {
            lookup: MacKey::new(&key("lookup of tokens")),
            imported: MacKey::new(&key("lookup of imported keys")),
            pepper: key("argon2 pepper"),
            sealing: key("sealing of deliveries"),
            forms: MacKey::new(&key("form tokens")),
            audit: MacKey::new(&key("audit chain")),
            fingerprint: *key("fingerprint"),
            extracted,
        }
    }

    /// The keyed hash of a token (HMAC-SHA256).
    pub fn lookup(&self, token: &str) -> Lookup {
        self.lookup.tag(&[token.as_bytes()])
    }

    /// The keyed hash under which a key is found that was taken over from WooCommerce, until its first
    /// use. Under a key of its own: whoever has an old export must not get by with presenting the hash in
    /// it as if it were the consumer key.
    pub fn imported_lookup(&self, hash: &KeyHash) -> Lookup {
        self.imported.tag(&[hash.as_bytes()])
    }

    /// The secret input of Argon2 (RFC 9106 §3.1, "K").
    pub fn pepper(&self) -> &[u8] {
        self.pepper.as_slice()
    }

    /// The key of [`super::sealed::Sealed`].
    pub(super) fn sealing(&self) -> &[u8; 32] {
        &self.sealing
    }

    /// A tag that binds a form to the given parts; the parts cannot run into each other.
    pub fn form_tag(&self, parts: &[&[u8]]) -> Vec<u8> {
        self.forms.tag(parts).to_vec()
    }

    /// The hash of an audit row that follows the row of hash `previous`.
    pub(super) fn audit_link(&self, previous: &[u8], row: &[u8]) -> Vec<u8> {
        self.audit.tag(&[previous, row]).to_vec()
    }

    /// The key of that generation that signs callbacks; derived anew each time, which is quick.
    pub fn signing(&self, generation: u32) -> SigningKey {
        let label = match generation {
            1 => SIGNING.to_owned(),
            later => format!("{SIGNING} {later}"),
        };
        SigningKey::from_bytes(&expand(&self.extracted, &label))
    }

    /// Tells this master key from another without telling anything of it.
    pub fn fingerprint(&self) -> String {
        data_encoding::HEXLOWER.encode(&self.fingerprint[..16])
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring(…)")
    }
}

fn expand(extracted: &[u8; 32], label: &str) -> Zeroizing<[u8; 32]> {
    let hkdf = Hkdf::<Sha256>::from_prk(extracted).expect("32 bytes are a key for SHA-256");
    let mut okm = Zeroizing::new([0; 32]);
    hkdf.expand(label.as_bytes(), okm.as_mut_slice()).expect("32 bytes is below HKDF's limit");
    okm
}

/// A key of HMAC-SHA256 (RFC 2104), worked into the hash once: that is half of the work for short
/// texts, and each request to the store needs two.
struct MacKey(Hmac<Sha256>);

impl MacKey {
    fn new(key: &[u8; 32]) -> Self {
        Self(Hmac::new_from_slice(key).expect("HMAC takes a key of any length"))
    }

    /// The tag of the parts, which cannot run into each other.
    fn tag(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

/// What a secret seen before is recognised by: 128 bits of HMAC-SHA256, as RFC 2104 §5 lets one cut it.
/// It never leaves memory, and there is one for each key in use.
pub type Tag = [u8; 16];

/// The part of a lookup or a tag that memory keeps.
pub fn cut(whole: &[u8; 32]) -> Tag {
    *whole.first_chunk().expect("32 bytes begin with 16")
}

/// Tells a secret seen before from another without keeping it: HMAC-SHA256 under keys of this
/// process, which are never written anywhere.
pub struct ProcessKey {
    secrets: MacKey,
    headers: MacKey,
}

impl ProcessKey {
    /// A fresh key.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let fresh = || MacKey::new(&Zeroizing::new(random(entropy)));
        Self { secrets: fresh(), headers: fresh() }
    }

    /// The tag of a secret under a name; names and secrets cannot run into each other.
    pub fn tag(&self, name: &[u8], secret: &str) -> Tag {
        cut(&self.secrets.tag(&[name, secret.as_bytes()]))
    }

    /// The tag of a header's credential. It is one text alone, so nothing is put before it: with a
    /// length, a usual one would not fit two of SHA-256's blocks any more.
    pub fn header_tag(&self, credential: &str) -> Tag {
        let mac = self.headers.0.clone().chain_update(credential);
        cut(&mac.finalize().into_bytes().into())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A keyring for tests.
    pub(crate) fn keyring() -> Keyring {
        Keyring::derive(&MasterKey(Zeroizing::new([7; 32])))
    }

    #[test]
    fn a_key_file_is_read_back() {
        let master = MasterKey(Zeroizing::new([0xab; 32]));
        let again = MasterKey::from_file(&master.to_file()).unwrap();
        assert_eq!(Keyring::derive(&master).fingerprint(), Keyring::derive(&again).fingerprint());
    }

    #[test]
    fn anything_else_is_no_key_file() {
        for content in [
            "",
            "x",
            "appgrant-master-key-1:",
            "appgrant-master-key-1:00",
            "appgrant-master-key-2:",
            &format!("{FILE_PREFIX}{}", "zz".repeat(32)),
            &format!("{FILE_PREFIX}{}", "00".repeat(33)),
        ] {
            assert_eq!(MasterKey::from_file(content).err(), Some(NoMasterKey), "{content:?}");
        }
    }

    #[test]
    fn purposes_do_not_share_keys_and_parts_do_not_run_together() {
        let ring = keyring();
        assert_ne!(ring.lookup("a").as_slice(), ring.form_tag(&[b"a"]));
        assert_ne!(ring.form_tag(&[b"ab", b"c"]), ring.form_tag(&[b"a", b"bc"]));
        assert_eq!(format!("{ring:?}"), "Keyring(…)");
    }

    /// Stores exist that were made with the first version: their keys must stay what they are.
    #[test]
    fn the_first_generation_is_the_key_stores_have_and_each_is_another() {
        let ring = keyring();
        let public = |n| data_encoding::HEXLOWER.encode(ring.signing(n).verifying_key().as_bytes());
        assert_eq!(public(1), "9c4f2de11a8b3b265cfa4a186723596f82e81905c75b942ab6fe4f7e8a694ca6");
        let all: std::collections::BTreeSet<_> = (1..=50).chain([u32::MAX]).map(public).collect();
        assert_eq!(all.len(), 51);
        assert_eq!(ring.fingerprint(), "1cbca326223998effde1bbb995fa266a");
    }
}
