//! The JSON an app receives: WooCommerce's five members first and in their order, then ours
//! (contract §5, wire.md §2.2), escaped as PHP escapes, so that the bytes are plain ASCII.
//!
//! This is the one place that writes a plain secret out. What it returns is sealed at once.

use std::io;

use serde::Serialize;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter, Serializer};
use zeroize::Zeroizing;

use super::{
    authorize_request::AuthorizeRequest, credential::Credential, permissions::Permissions,
    timestamp::Timestamp,
};

/// What goes into a body besides the request and the credential.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The key's number.
    pub key_id: i64,
    /// What it may do.
    pub permissions: Permissions,
    /// The store's public address.
    pub store_url: &'a str,
    /// The grant's id.
    pub grant_id: &'a str,
    /// When the pair was made.
    pub issued_at: Timestamp,
    /// When the key ends, if it does.
    pub expires_at: Option<Timestamp>,
}

#[derive(Serialize)]
struct Body<'a> {
    key_id: i64,
    user_id: &'a str,
    consumer_key: &'a str,
    consumer_secret: &'a str,
    key_permissions: &'a str,
    store_url: &'a str,
    grant_id: &'a str,
    issued_at: String,
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'a str>,
}

/// The bytes to post.
pub fn write(
    request: &AuthorizeRequest,
    pair: &Credential,
    facts: Facts<'_>,
) -> Zeroizing<Vec<u8>> {
    let body = Body {
        key_id: facts.key_id,
        user_id: &request.user_id,
        consumer_key: pair.key.as_str(),
        consumer_secret: pair.secret.expose(),
        key_permissions: facts.permissions.as_str(),
        store_url: facts.store_url,
        grant_id: facts.grant_id,
        issued_at: facts.issued_at.to_string(),
        expires_at: facts.expires_at.map(|at| at.to_string()),
        state: request.state.as_deref(),
    };
    // Sized so that the buffer never moves and leaves a copy of the secret behind.
    let state = request.state.as_ref().map_or(0, String::len);
    let room = 1024 + 6 * (request.user_id.len() + facts.store_url.len() + state);
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    body.serialize(&mut Serializer::with_formatter(&mut *bytes, PhpFormatter))
        .expect("writing plain values into memory cannot fail");
    bytes
}

/// PHP's `json_encode` without flags: `/` as `\/`, everything beyond ASCII as `\uXXXX`.
struct PhpFormatter;

impl Formatter for PhpFormatter {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        out: &mut W,
        text: &str,
    ) -> io::Result<()> {
        for c in text.chars() {
            match c {
                '/' => out.write_all(b"\\/")?,
                ' '..='~' => out.write_all(&[c as u8])?,
                _ => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        write!(out, "\\u{unit:04x}")?;
                    }
                }
            }
        }
        Ok(())
    }

    fn write_char_escape<W: ?Sized + io::Write>(
        &mut self,
        out: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        CompactFormatter.write_char_escape(out, escape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{entropy::Entropy, parameters::Parameters};

    struct Zeros;
    impl Entropy for Zeros {
        fn fill(&self, _: &mut [u8]) {}
    }

    fn body(extra: &str, expires_at: Option<Timestamp>) -> String {
        let query = format!(
            "app_name=x&user_id=a%22%2F%C3%A9%F0%9F%98%80%0A%7F&return_url=x&callback_url=x&scope=read{extra}"
        );
        let request = AuthorizeRequest::read(&Parameters::read([query.as_bytes()])).unwrap();
        let facts = Facts {
            key_id: 7,
            permissions: request.scope,
            store_url: "https://s.example",
            grant_id: "g",
            issued_at: Timestamp::from_millis(0),
            expires_at,
        };
        let bytes = write(&request, &Credential::generate(&Zeros), facts);
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[test]
    fn is_written_as_php_writes_it() {
        let zeros = "0".repeat(40);
        assert_eq!(
            body("", None),
            format!(
                r#"{{"key_id":7,"user_id":"a\"\/\u00e9\ud83d\ude00\n\u007f","consumer_key":"ck_{zeros}","consumer_secret":"cs_{zeros}","key_permissions":"read","store_url":"https:\/\/s.example","grant_id":"g","issued_at":"1970-01-01T00:00:00Z","expires_at":null}}"#
            )
        );
    }

    #[test]
    fn state_and_expiry_stand_there_when_given() {
        let text = body("&state=s", Some(Timestamp::from_millis(1000)));
        assert!(text.ends_with(r#""expires_at":"1970-01-01T00:00:01Z","state":"s"}"#), "{text}");
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["user_id"], "a\"/é😀\n\u{7f}");
    }
}
