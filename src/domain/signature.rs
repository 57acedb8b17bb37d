//! The signature of a callback, after Standard Webhooks (<https://www.standardwebhooks.com>), scheme
//! `v1a`: Ed25519 (RFC 8032) over `id.timestamp.body`; and the public key as a JWK (RFC 8037 §2).
//!
//! [`verify`] is what an app does with it: the developers' tools use it, and it keeps [`sign`] honest.

use std::time::Duration;

use data_encoding::{BASE64, BASE64URL_NOPAD};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Deserializer, Serialize, de::IgnoredAny};
use sha2::{Digest, Sha256};

use super::timestamp::Timestamp;

/// How far a callback's timestamp may be from the receiver's clock, either way.
pub const WINDOW: Duration = Duration::from_mins(5);

/// The headers that let an app know who posted, and when.
#[derive(Clone, Debug)]
pub struct SignatureHeaders {
    /// `webhook-id`, the same on every attempt.
    pub id: String,
    /// `webhook-timestamp`, seconds since 1970, of this attempt.
    pub timestamp: String,
    /// `webhook-signature`: `v1a,` and Base64; there may be several, separated by spaces.
    pub signature: String,
}

/// Why a callback is not to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSigned {
    /// There is no timestamp, or it is no whole number of seconds.
    #[error("webhook-timestamp is not a number of seconds since 1970")]
    BadTimestamp,
    /// It was signed too long ago: perhaps somebody sends it again.
    #[error("webhook-timestamp is more than 5 minutes old")]
    TooOld,
    /// It was signed in the future.
    #[error("webhook-timestamp is more than 5 minutes ahead; check this machine's clock")]
    TooNew,
    /// There is no signature of this scheme.
    #[error("webhook-signature holds no v1a signature")]
    NoSignature,
    /// Another body, another id, another store, or an old copy of its keys.
    #[error("no v1a signature fits this body and the store's public keys")]
    NoKeyFits,
}

/// Signs one attempt, once with each key.
pub fn sign(keys: &[SigningKey], id: &str, now: Timestamp, body: &[u8]) -> SignatureHeaders {
    let timestamp = now.as_seconds().to_string();
    let signed = signed_bytes(id, &timestamp, body);
    let one = |key: &SigningKey| format!("v1a,{}", BASE64.encode(&key.sign(&signed).to_bytes()));
    let signature = keys.iter().map(one).collect::<Vec<_>>().join(" ");
    SignatureHeaders { id: id.to_owned(), timestamp, signature }
}

/// Checks a callback as an app does: any of its `v1a` signatures with any of the store's keys.
///
/// # Errors
/// What is wrong with it. Do not use the body then.
pub fn verify(
    keys: &JwkSet,
    headers: &SignatureHeaders,
    now: Timestamp,
    body: &[u8],
) -> Result<(), NotSigned> {
    check_age(&headers.timestamp, now)?;
    let listed = headers.signature.split(' ').filter_map(|one| one.strip_prefix("v1a,"));
    let mut listed = listed.peekable();
    listed.peek().ok_or(NotSigned::NoSignature)?;
    let signed = signed_bytes(&headers.id, &headers.timestamp, body);
    let keys: Vec<_> = keys.keys.iter().filter_map(Jwk::verifying_key).collect();
    let fits = listed
        .filter_map(|text| Signature::from_slice(&BASE64.decode(text.as_bytes()).ok()?).ok())
        .any(|signature| keys.iter().any(|key| key.verify_strict(&signed, &signature).is_ok()));
    if fits { Ok(()) } else { Err(NotSigned::NoKeyFits) }
}

fn check_age(timestamp: &str, now: Timestamp) -> Result<(), NotSigned> {
    let digits = timestamp.bytes().all(|byte| byte.is_ascii_digit());
    let sent = timestamp.parse().ok().filter(|_| digits).ok_or(NotSigned::BadTimestamp)?;
    let window = i64::try_from(WINDOW.as_secs()).unwrap_or(i64::MAX);
    match now.as_seconds().saturating_sub(sent) {
        age if age > window => Err(NotSigned::TooOld),
        age if age < -window => Err(NotSigned::TooNew),
        _ => Ok(()),
    }
}

fn signed_bytes(id: &str, timestamp: &str, body: &[u8]) -> Vec<u8> {
    [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat()
}

/// A public key as JSON Web Key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwk {
    kty: String,
    crv: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    alg: Option<String>,
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    usage: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
    x: String,
}

impl Jwk {
    fn of(key: &SigningKey) -> Self {
        let x = BASE64URL_NOPAD.encode(key.verifying_key().as_bytes());
        Self {
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            alg: Some("EdDSA".to_owned()),
            usage: Some("sig".to_owned()),
            kid: Some(thumbprint(key)),
            x,
        }
    }

    /// The key, if it is one of this scheme.
    fn verifying_key(&self) -> Option<VerifyingKey> {
        let signs = self.usage.as_deref().is_none_or(|usage| usage == "sig");
        let ours = (self.kty.as_str(), self.crv.as_str()) == ("OKP", "Ed25519") && signs;
        let bytes = BASE64URL_NOPAD.decode(self.x.as_bytes()).ok().filter(|_| ours)?;
        VerifyingKey::from_bytes(&bytes.try_into().ok()?).ok()
    }
}

/// A set of public keys (RFC 7517 §5). Reading one passes over keys of other kinds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JwkSet {
    #[serde(deserialize_with = "known")]
    keys: Vec<Jwk>,
}

fn known<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Jwk>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Entry {
        Known(Jwk),
        Foreign(IgnoredAny),
    }
    let entries = Vec::deserialize(from)?.into_iter();
    let known = entries.filter_map(|entry| match entry {
        Entry::Known(key) => Some(key),
        Entry::Foreign(_) => None,
    });
    Ok(known.collect())
}

/// The public halves of signing keys.
pub fn public_keys(keys: &[SigningKey]) -> JwkSet {
    JwkSet { keys: keys.iter().map(Jwk::of).collect() }
}

/// The id under which a key's public half is published: its RFC 7638 thumbprint.
pub fn thumbprint(key: &SigningKey) -> String {
    let x = BASE64URL_NOPAD.encode(key.verifying_key().as_bytes());
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    BASE64URL_NOPAD.encode(&Sha256::digest(members))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::keyring::tests::keyring;

    const SENT: i64 = 1_700_000_000;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000 + 999)
    }

    fn keys<const N: usize>(generations: [u32; N]) -> [SigningKey; N] {
        generations.map(|generation| keyring().signing(generation))
    }

    fn signed() -> (JwkSet, SignatureHeaders) {
        (public_keys(&keys([1])), sign(&keys([1]), "msg_1", at(SENT), b"{}"))
    }

    #[test]
    fn an_app_can_check_it_with_the_published_keys() {
        let (keys, headers) = signed();
        assert_eq!((headers.id.as_str(), headers.timestamp.as_str()), ("msg_1", "1700000000"));
        let published = serde_json::to_string(&keys).unwrap();
        let fetched: JwkSet = serde_json::from_str(&published).unwrap();
        assert_eq!(verify(&fetched, &headers, at(SENT), b"{}"), Ok(()));
        let bytes = BASE64.decode(&headers.signature.as_bytes()[4..]).unwrap();
        let key = keyring().signing(1).verifying_key();
        let signature = Signature::from_slice(&bytes).unwrap();
        assert!(key.verify_strict(b"msg_1.1700000000.{}", &signature).is_ok());
    }

    #[test]
    fn nothing_that_was_signed_can_be_changed() {
        let (keys, headers) = signed();
        let other = |change: fn(&mut SignatureHeaders)| {
            let mut headers = headers.clone();
            change(&mut headers);
            verify(&keys, &headers, at(SENT), b"{}")
        };
        assert_eq!(verify(&keys, &headers, at(SENT), b"{} "), Err(NotSigned::NoKeyFits));
        assert_eq!(other(|h| h.id.push('0')), Err(NotSigned::NoKeyFits));
        assert_eq!(other(|h| h.timestamp = (SENT + 1).to_string()), Err(NotSigned::NoKeyFits));
        assert_eq!(other(|h| h.signature.replace_range(4..5, "!")), Err(NotSigned::NoKeyFits));
        assert_eq!(other(|h| h.signature.truncate(40)), Err(NotSigned::NoKeyFits));
        for kind in ["", "v1,AAAA", "v1a", "V1A,AAAA", "v1b,AAAA"] {
            let headers = SignatureHeaders { signature: kind.to_owned(), ..headers.clone() };
            let outcome = verify(&keys, &headers, at(SENT), b"{}");
            assert_eq!(outcome, Err(NotSigned::NoSignature), "{kind:?}");
        }
        let nobody = verify(&JwkSet::default(), &headers, at(SENT), b"{}");
        assert_eq!(nobody, Err(NotSigned::NoKeyFits));
    }

    #[test]
    fn one_fitting_signature_among_others_is_enough() {
        let (keys, headers) = signed();
        let many = format!("v1,c2VjcmV0 v1a,AAAA  v1a,!! {}", headers.signature);
        let headers = SignatureHeaders { signature: many, ..headers };
        assert_eq!(verify(&keys, &headers, at(SENT), b"{}"), Ok(()));
    }

    #[test]
    fn while_a_key_is_exchanged_the_old_one_and_the_new_one_both_do() {
        let headers = sign(&keys([2, 1]), "msg_1", at(SENT), b"{}");
        for published in [&[1][..], &[2], &[2, 1], &[3, 1]] {
            let known: Vec<_> = published.iter().map(|n| keyring().signing(*n)).collect();
            let outcome = verify(&public_keys(&known), &headers, at(SENT), b"{}");
            assert_eq!(outcome, Ok(()), "{published:?}");
        }
        let other = verify(&public_keys(&keys([3])), &headers, at(SENT), b"{}");
        assert_eq!(other, Err(NotSigned::NoKeyFits));
        assert!(
            headers.signature.starts_with(&sign(&keys([2]), "msg_1", at(SENT), b"{}").signature)
        );
    }

    #[test]
    fn five_minutes_either_way_and_no_second_more() {
        let (keys, headers) = signed();
        let after = |seconds| verify(&keys, &headers, at(SENT + seconds), b"{}");
        assert_eq!((after(300), after(-300)), (Ok(()), Ok(())));
        assert_eq!(after(301), Err(NotSigned::TooOld));
        assert_eq!(after(-301), Err(NotSigned::TooNew));
        for text in ["", "x", "1e9", "-1", "+1700000000", " 1700000000", "99999999999999999999"] {
            let headers = SignatureHeaders { timestamp: text.to_owned(), ..headers.clone() };
            let outcome = verify(&keys, &headers, at(SENT), b"{}");
            assert_eq!(outcome, Err(NotSigned::BadTimestamp), "{text:?}");
        }
        let last = SignatureHeaders { timestamp: i64::MAX.to_string(), ..headers.clone() };
        assert_eq!(verify(&keys, &last, at(SENT), b"{}"), Err(NotSigned::TooNew));
    }

    #[test]
    fn keys_of_other_kinds_are_passed_over() {
        let (keys, headers) = signed();
        let ours = serde_json::to_value(&keys).unwrap()["keys"][0].clone();
        let bare = serde_json::json!({ "kty": "OKP", "crv": "Ed25519", "x": ours["x"] });
        let encrypts =
            serde_json::json!({ "kty": "OKP", "crv": "Ed25519", "use": "enc", "x": ours["x"] });
        let foreign = serde_json::json!([
            { "kty": "RSA", "n": "AQAB", "e": "AQAB" }, { "kty": 5 }, null, "key", [],
            { "kty": "OKP", "crv": "X25519", "x": ours["x"] }, { "kty": "OKP", "crv": "Ed25519", "x": "??" },
            encrypts,
        ]);
        let read = |keys: serde_json::Value| -> JwkSet {
            serde_json::from_value(serde_json::json!({ "keys": keys, "more": 1 })).unwrap()
        };
        let none = verify(&read(foreign.clone()), &headers, at(SENT), b"{}");
        assert_eq!(none, Err(NotSigned::NoKeyFits));
        let mut mixed = foreign.as_array().unwrap().clone();
        mixed.push(bare);
        assert_eq!(verify(&read(mixed.into()), &headers, at(SENT), b"{}"), Ok(()));
    }
}
