//! The signature of a callback, after Standard Webhooks (<https://www.standardwebhooks.com>), scheme
//! `v1a`: Ed25519 (RFC 8032) over `id.timestamp.body`; and the public key as a JWK (RFC 8037 §2).

use data_encoding::{BASE64, BASE64URL_NOPAD};
use ed25519_dalek::Signer;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{keyring::Keyring, timestamp::Timestamp};

/// The headers that let an app know who posted, and when.
#[derive(Debug)]
pub struct SignatureHeaders {
    /// `webhook-id`, the same on every attempt.
    pub id: String,
    /// `webhook-timestamp`, seconds since 1970, of this attempt.
    pub timestamp: String,
    /// `webhook-signature`, `v1a,` and Base64.
    pub signature: String,
}

/// Signs one attempt.
pub fn sign(keyring: &Keyring, id: &str, now: Timestamp, body: &[u8]) -> SignatureHeaders {
    let timestamp = now.as_seconds().to_string();
    let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat();
    let signature = keyring.signing().sign(&signed);
    SignatureHeaders {
        id: id.to_owned(),
        timestamp,
        signature: format!("v1a,{}", BASE64.encode(&signature.to_bytes())),
    }
}

/// A public key as JSON Web Key.
#[derive(Debug, Serialize)]
pub struct Jwk {
    kty: &'static str,
    crv: &'static str,
    alg: &'static str,
    #[serde(rename = "use")]
    usage: &'static str,
    kid: String,
    x: String,
}

/// A set of public keys (RFC 7517 §5).
#[derive(Debug, Serialize)]
pub struct JwkSet {
    keys: Vec<Jwk>,
}

/// The public half of the signing key; its id is the RFC 7638 thumbprint.
pub fn public_keys(keyring: &Keyring) -> JwkSet {
    let x = BASE64URL_NOPAD.encode(keyring.signing().verifying_key().as_bytes());
    let thumbprint = Sha256::digest(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#));
    let kid = BASE64URL_NOPAD.encode(&thumbprint);
    JwkSet { keys: vec![Jwk { kty: "OKP", crv: "Ed25519", alg: "EdDSA", usage: "sig", kid, x }] }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signature, Verifier};

    use super::*;
    use crate::domain::keyring::tests::keyring;

    #[test]
    fn an_app_can_check_it_with_the_published_key() {
        let ring = keyring();
        let headers = sign(&ring, "msg_1", Timestamp::from_millis(1_700_000_000_999), b"{}");
        assert_eq!(headers.timestamp, "1700000000");
        let bytes = BASE64.decode(&headers.signature.as_bytes()[4..]).unwrap();
        let signature = Signature::from_slice(&bytes).unwrap();
        let key = ring.signing().verifying_key();
        assert!(key.verify(b"msg_1.1700000000.{}", &signature).is_ok());
        assert!(key.verify(b"msg_1.1700000000.{} ", &signature).is_err());
        let jwks = serde_json::to_value(public_keys(&ring)).unwrap();
        assert_eq!(jwks["keys"][0]["x"], BASE64URL_NOPAD.encode(key.as_bytes()));
    }
}
