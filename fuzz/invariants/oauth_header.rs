//! What must hold of every request that says it is signed: a query, a line end, and an `Authorization`
//! header of OAuth 1.0a.
//!
//! Whoever signs what the base string says is believed, nobody else is, and the base string has one
//! shape. A panic is the finding. Called by the fuzzer and, for each file of the corpus, by
//! `tests/it/fuzz_corpus.rs`.

use appgrant::domain::{oauth1::Signed, timestamp::Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const URL: &str = "http://shop.example:8080/wp-json/wc/v3/orders";
const SECRET: &str = "cs_0123456789";

/// The longest of the five parameters that is looked at, in bytes.
const LONGEST: usize = 255;

/// Reads the bytes as a signed request.
pub fn hold(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let (query, header) = text.split_once('\n').unwrap_or((text, ""));
    let Ok(Some(signed)) = Signed::read(query, Some(header)) else { return };
    for parameter in [signed.consumer_key(), signed.timestamp(), signed.nonce()] {
        assert!((1..=LONGEST).contains(&parameter.len()) && parameter != "0", "{parameter:?}");
    }
    let base = signed.base_string("get", URL);
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%&".contains(&byte);
    assert!(base.bytes().all(is_plain), "{base}");
    assert_eq!(base.matches('&').count(), 2, "{base}");
    assert!(!holds(&base, "oauth_signature%3D"), "a signature does not sign itself: {base}");
    let _ = signed.check_timestamp(Timestamp::from_millis(0));
    assert!(signed.check_signature(SECRET, "GET", &[URL]).is_err(), "nobody could sign that");
    let with_sha256 = holds(&format!("{base}%26"), "oauth_signature_method%3DHMAC-SHA256%26");
    let has_signature = header.replace("oauth_signature_method", "").contains("oauth_signature");
    if with_sha256 && !has_signature {
        signed_rightly_is_believed(query, header, &base);
    }
}

/// The same request with the signature that its base string asks for.
fn signed_rightly_is_believed(query: &str, header: &str, base: &str) {
    let mac = Hmac::<Sha256>::new_from_slice(format!("{SECRET}&").as_bytes()).expect("any key");
    let code = mac.chain_update(base).finalize().into_bytes();
    let signature: String = data_encoding::BASE64.encode(&code).bytes().map(escaped).collect();
    let query = format!("{query}&oauth_signature={signature}");
    let Ok(Some(signed)) = Signed::read(&query, Some(header)) else { return }; // one pair too many
    assert_eq!(signed.base_string("GET", URL), base, "{query}");
    let urls = ["https://other.example/", URL];
    assert_eq!(signed.check_signature(SECRET, "GET", &urls), Ok(()), "{query}");
    assert!(signed.check_signature("cs_other", "GET", &[URL]).is_err(), "{query}");
    assert!(signed.check_signature(SECRET, "POST", &[URL]).is_err(), "{query}");
}

/// Whether that stands in the base string as a whole parameter, or as its beginning.
fn holds(base: &str, parameter: &str) -> bool {
    ["&", "%26"].iter().any(|before| base.contains(&format!("{before}{parameter}")))
}

fn escaped(byte: u8) -> String {
    format!("%{byte:02X}")
}
