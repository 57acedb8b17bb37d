//! A form that a program posts: each parameter once (RFC 6749 §3.2), an empty one as if it were not there.
//!
//! Never: shown or logged, as it holds secrets; wiped when it is dropped.

use std::{collections::BTreeMap, mem, time::Duration};

use actix_web::{
    HttpRequest,
    http::header::CONTENT_TYPE,
    web::{Bytes, Payload},
};
use tokio::time::timeout;
use zeroize::{Zeroize, Zeroizing};

use crate::service::oauth2::{Error, Kind};

/// The largest body, in bytes.
const LARGEST: usize = 16 * 1024;

/// How long a program may take to send it.
const SLOWEST: Duration = Duration::from_secs(10);

/// What a body is, as its header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyKind {
    /// `application/x-www-form-urlencoded`
    Form,
    /// `application/json`
    Json,
    /// Anything else.
    Other,
}

/// The parameters.
#[derive(Default)]
pub struct Form(BTreeMap<String, String>);

impl Drop for Form {
    fn drop(&mut self) {
        self.0.values_mut().for_each(Zeroize::zeroize);
    }
}

impl Form {
    /// Reads a request's form.
    ///
    /// # Errors
    /// If it is none, too large, or says something twice.
    pub async fn of(request: &HttpRequest, payload: Payload) -> Result<Self, Error> {
        if kind(request) != BodyKind::Form {
            let say = "send the parameters in the body, as application/x-www-form-urlencoded";
            return Err(Error::new(Kind::InvalidRequest, say));
        }
        Self::read(&body(payload).await?)
    }

    /// Reads a body.
    ///
    /// # Errors
    /// If it is no text, or says something twice.
    pub fn read(body: &[u8]) -> Result<Self, Error> {
        let mut form = Self::default();
        for (name, value) in url::form_urlencoded::parse(body) {
            let mut value = Zeroizing::new(value.into_owned());
            if value.contains(['\0', '\u{fffd}']) {
                let say = format!("{} is no readable text", shown(&name));
                return Err(Error::new(Kind::InvalidRequest, say));
            }
            if value.is_empty() {
                continue;
            }
            if form.0.contains_key(&*name) {
                let say = format!("{} is there twice", shown(&name));
                return Err(Error::new(Kind::InvalidRequest, say));
            }
            form.0.insert(name.into_owned(), mem::take(&mut *value));
        }
        Ok(form)
    }

    /// Reads a JSON object of texts.
    ///
    /// # Errors
    /// If it is none.
    pub fn from_json(body: &[u8]) -> Result<Self, Error> {
        let wrong = |_| Error::new(Kind::InvalidRequest, "the body is no JSON object of texts");
        let members: BTreeMap<String, String> = serde_json::from_slice(body).map_err(wrong)?;
        Ok(Self(members.into_iter().filter(|(_, value)| !value.is_empty()).collect()))
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The value of a parameter that must be there.
    ///
    /// # Errors
    /// If it is not.
    pub fn need(&self, name: &str) -> Result<&str, Error> {
        let missing = || Error::new(Kind::InvalidRequest, format!("{name} is missing"));
        self.get(name).ok_or_else(missing)
    }
}

/// The kind of a request's body.
pub fn kind(request: &HttpRequest) -> BodyKind {
    let value = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media = value.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if media.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        BodyKind::Form
    } else if media.eq_ignore_ascii_case("application/json") {
        BodyKind::Json
    } else {
        BodyKind::Other
    }
}

/// A request's body.
///
/// # Errors
/// If it is too large, or does not come.
pub async fn body(payload: Payload) -> Result<Bytes, Error> {
    match timeout(SLOWEST, payload.to_bytes_limited(LARGEST)).await {
        Ok(Ok(Ok(bytes))) => Ok(bytes),
        Ok(Err(_)) => Err(Error::new(Kind::InvalidRequest, "the body is larger than 16 KiB")),
        Ok(Ok(Err(_))) | Err(_) => Err(Error::new(Kind::InvalidRequest, "the body broke off")),
    }
}

/// A parameter's name, fit to be said back (RFC 6749 §5.2 allows printable ASCII).
fn shown(name: &str) -> String {
    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    name.chars().filter(plain).take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_stand_once_and_empty_ones_do_not() {
        let form = Form::read(b"grant_type=client_credentials&scope=&a=x%20y+z").unwrap();
        assert_eq!(form.get("grant_type"), Some("client_credentials"));
        assert_eq!((form.get("scope"), form.get("a")), (None, Some("x y z")));
        assert!(form.need("code").is_err_and(|error| error.to_string() == "code is missing"));
        for (body, says) in [
            (&b"a=1&a=1"[..], "a is there twice"),
            (b"a=%00", "a is no readable text"),
            (b"a=%ff", "a is no readable text"),
            (b"a%22%0d=1&a%22%0d=2", "a is there twice"),
        ] {
            let error = Form::read(body).err().unwrap().to_string();
            assert_eq!(error, says);
        }
        assert!(Form::read(b"a=&a=1").is_ok() && Form::read(b"").is_ok());
    }
}
