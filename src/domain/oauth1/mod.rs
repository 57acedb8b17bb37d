//! One-legged OAuth 1.0a as WooCommerce checks it (wire.md §4.3).
//!
//! Why so: its clients sign over plain http what PHP reads, not what RFC 5849 says. Never: it keeps no
//! nonces, reads no clock, and shows neither secret nor signature.

#[cfg(test)]
mod properties;
mod refused;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;

use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};
use sha1::Sha1;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

pub use self::refused::{Incomplete, Refused};
use super::{
    php_query::{Array, Value, decode},
    timestamp::Timestamp,
};

/// What a request must bring, in the order in which the missing are named.
const REQUIRED: [&str; 5] = [
    "oauth_consumer_key",
    "oauth_timestamp",
    "oauth_nonce",
    "oauth_signature",
    "oauth_signature_method",
];
/// The longest of these that is looked at; a longer one counts as missing.
const LONGEST: usize = 255;
/// How many seconds a timestamp may be off, either way.
const WINDOW: f64 = 900.0;
/// RFC 3986: everything but the unreserved characters.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Whether signed requests are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// No; no secret is kept.
    Off,
    /// Yes; secrets are kept sealed.
    On,
    /// Yes, and what should have been signed is told when a signature does not hold.
    Telling,
}

/// A request that says it is signed. Nothing is proven yet.
pub struct Signed {
    parameters: Array,
    required: [String; 5],
}

impl Signed {
    /// Reads a raw query (its caller bounds it) and the `Authorization` header; `None` if unsigned.
    /// More variables than PHP reads also count as unsigned, which lets nobody in.
    ///
    /// # Errors
    /// Some of the five parameters are there and others not, or empty as PHP sees it.
    pub fn read(query: &str, authorization: Option<&str>) -> Result<Option<Self>, Incomplete> {
        let Ok(mut parameters) = Array::read(query) else { return Ok(None) };
        for (name, value) in header_parameters(authorization.unwrap_or_default()) {
            parameters.put(name.as_bytes(), value);
        }
        let required = REQUIRED.map(|name| present(&parameters, name));
        let missing: Vec<_> = REQUIRED
            .into_iter()
            .zip(&required)
            .filter_map(|(n, v)| v.is_none().then_some(n))
            .collect();
        match missing.len() {
            0 => Ok(Some(Self { parameters, required: required.map(Option::unwrap_or_default) })),
            5 => Ok(None),
            _ => Err(Incomplete(missing)),
        }
    }

    /// The consumer key it was signed for.
    pub fn consumer_key(&self) -> &str {
        &self.required[0]
    }

    /// The timestamp as sent.
    pub fn timestamp(&self) -> &str {
        &self.required[1]
    }

    /// The nonce, at most 255 bytes.
    pub fn nonce(&self) -> &str {
        &self.required[2]
    }

    /// What is signed.
    pub fn base_string(&self, method: &str, url: &str) -> String {
        let mut top: Vec<_> = self.parameters.entries().iter().collect();
        top.retain(|(key, _)| key != b"oauth_signature");
        top.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut pairs = Vec::new();
        for (key, value) in top {
            collect_pairs(key.clone(), value, &mut pairs);
        }
        let method = encode(method.to_ascii_uppercase().as_bytes());
        format!("{method}&{}&{}", encode(url.as_bytes()), pairs.join("%26"))
    }

    /// Whether that secret signed the request for one of these URLs.
    ///
    /// # Errors
    /// The method is unknown, or no URL fits.
    pub fn check_signature(
        &self,
        secret: &str,
        method: &str,
        urls: &[&str],
    ) -> Result<(), Refused> {
        let key = Zeroizing::new(format!("{secret}&"));
        let sign: fn(&[u8], &[u8]) -> Vec<u8> = match self.required[4].as_str() {
            "HMAC-SHA1" => hmac_sha1,
            "HMAC-SHA256" => hmac_sha256,
            _ => return Err(Refused::SignatureMethod),
        };
        let received = received_signature(&self.required[3]);
        let fits = |url: &&str| {
            let code = sign(key.as_bytes(), self.base_string(method, url).as_bytes());
            let expected = data_encoding::BASE64.encode(&code);
            bool::from(expected.as_bytes().ct_eq(&received))
        };
        if urls.iter().any(fits) { Ok(()) } else { Err(Refused::BadSignature) }
    }

    /// Whether it was signed within 15 minutes of now.
    ///
    /// # Errors
    /// It was not, or the timestamp is no number.
    pub fn check_timestamp(&self, now: Timestamp) -> Result<(), Refused> {
        let sent: f64 = self.timestamp().trim().parse().map_err(|_| Refused::BadTimestamp)?;
        #[expect(clippy::cast_precision_loss, reason = "seconds are exact for millions of years")]
        let off = (sent - now.as_seconds() as f64).abs();
        if off <= WINDOW { Ok(()) } else { Err(Refused::BadTimestamp) } // NaN is refused too
    }
}

/// The parameter's text, unless PHP's `empty()` holds of it.
fn present(parameters: &Array, name: &str) -> Option<String> {
    let Some(Value::Text(text)) = parameters.get(name.as_bytes()) else { return None };
    let text = str::from_utf8(text).ok()?;
    (text.len() <= LONGEST && !matches!(text, "" | "0")).then(|| text.to_owned())
}

/// WooCommerce decodes the signature once more, as some clients encode it twice.
fn received_signature(sent: &str) -> Vec<u8> {
    percent_decode(sent.replace(' ', "+").as_bytes()).collect()
}

/// The `oauth_…` parameters of `OAuth a="b", c="d"`, decoded.
fn header_parameters(header: &str) -> Vec<(&str, Vec<u8>)> {
    let mut rest = header.trim().strip_prefix("OAuth ").unwrap_or_default();
    let mut found = Vec::new();
    while let Some((before, after)) = rest.split_once('=') {
        let (value, behind) = header_value(after);
        let name = before.rsplit(',').next().unwrap_or_default().trim();
        if is_header_name(name) {
            found.push((name, decode(value)));
        }
        rest = behind;
    }
    found
}

/// A value and what follows it: it ends at its closing quote, or at a comma if it has no quotes.
fn header_value(text: &str) -> (&str, &str) {
    let quoted = text.strip_prefix('"').and_then(|inside| inside.split_once('"'));
    quoted.or_else(|| text.split_once(',')).unwrap_or((text, ""))
}

/// The names WooCommerce looks for in a header.
fn is_header_name(name: &str) -> bool {
    let known = |byte| matches!(byte, b'a'..=b'z' | b'_' | b'-');
    name.starts_with("oauth_") && name.bytes().all(known)
}

fn collect_pairs(name: Vec<u8>, value: &Value, pairs: &mut Vec<String>) {
    match value {
        Value::Text(text) => {
            let twice = |bytes: &[u8]| encode(encode(bytes).as_bytes());
            pairs.push(format!("{}%3D{}", twice(&name), twice(text)));
        }
        Value::Array(inner) => {
            for (index, value) in inner.entries() {
                collect_pairs([&name[..], b"[", index, b"]"].concat(), value, pairs);
            }
        }
    }
}

fn encode(bytes: &[u8]) -> String {
    percent_encode(bytes, ENCODED).to_string()
}

fn hmac_sha1(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mac = Hmac::<Sha1>::new_from_slice(key).expect("any length will do");
    mac.chain_update(text).finalize().into_bytes().to_vec()
}

fn hmac_sha256(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("any length will do");
    mac.chain_update(text).finalize().into_bytes().to_vec()
}
