//! How WooCommerce stores a consumer key (wire.md §3.1): HMAC-SHA256 of the whole key, under a constant
//! that is the same in every store.
//!
//! Why so: an export holds that hash and not the key. Whoever knows a key can compute it, so an imported
//! key can be recognised. Since the constant is public, the hash itself is never stored here.

use data_encoding::HEXLOWER_PERMISSIVE;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// WooCommerce's constant.
const CONSTANT: &[u8] = b"wc-api";

/// What WooCommerce stores of a consumer key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyHash([u8; 32]);

impl KeyHash {
    /// The hash of a consumer key.
    pub fn of(consumer_key: &str) -> Self {
        let mac = Hmac::<Sha256>::new_from_slice(CONSTANT).expect("HMAC takes a key of any length");
        Self(mac.chain_update(consumer_key).finalize().into_bytes().into())
    }

    /// Reads the column `consumer_key`; nothing if it is not 64 hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }

    /// The hash.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `printf ck_… | openssl dgst -sha256 -hmac wc-api`
    #[test]
    fn the_hash_is_woocommerces() {
        let hash = "aa083973a60ed83db01cf24b6487a8474dbe12de8c0e13f39d419e2216d0a880";
        let key = "ck_aa00112233445566778899aabbccddeeff00112233";
        assert!(KeyHash::parse(hash).is_some_and(|hash| hash == KeyHash::of(key)));
        for text in ["", "aa", &hash[2..], &format!("{hash}00"), &format!("{}zz", &hash[2..])] {
            assert!(KeyHash::parse(text).is_none(), "{text}");
        }
    }
}
