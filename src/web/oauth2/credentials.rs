//! How a program says who it is (RFC 6749 §2.3.1): HTTP Basic, or in the body. One way, not two.
//!
//! Libraries differ: some percent-encode both halves before Base64, as the RFC says, some do not; a consumer
//! key and secret read the same either way. An empty secret is none.

use std::{mem, net::IpAddr};

use actix_web::{HttpRequest, http::header};
use data_encoding::BASE64;
use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use super::form::Form;
use crate::{
    service::oauth2::{Error, Kind, Presented},
    web::{client_address, site::Site},
};

/// The longest half, in bytes.
const LONGEST: usize = 128;

/// Name and secret, as they were sent.
pub struct Credentials {
    /// `client_id`
    pub id: String,
    /// `client_secret`
    pub secret: Option<Zeroizing<String>>,
}

impl Credentials {
    /// What a request says.
    ///
    /// # Errors
    /// If it says nothing, or two things.
    pub fn of(request: &HttpRequest, form: &Form) -> Result<Self, Error> {
        let (id, secret) = (form.get("client_id"), form.get("client_secret"));
        match basic(request)? {
            Some(_) if secret.is_some() => Err(Error::new(
                Kind::InvalidRequest,
                "the client is named twice: send HTTP Basic or client_secret, not both",
            )),
            Some(basic) if id.is_some_and(|id| id != basic.id) => Err(Error::new(
                Kind::InvalidRequest,
                "client_id is another than the one of HTTP Basic",
            )),
            Some(basic) => Ok(basic),
            None => match id {
                Some(id) if fits(id) && secret.is_none_or(fits) => Ok(Self {
                    id: id.to_owned(),
                    secret: secret.map(|secret| Zeroizing::new(secret.to_owned())),
                }),
                Some(_) => Err(wrong()),
                None => Err(Error::new(
                    Kind::InvalidClient,
                    "send the consumer key and secret by HTTP Basic, or as client_id and \
                     client_secret",
                )),
            },
        }
    }

    /// Them, for the use case.
    pub fn presented(&self, address: IpAddr) -> Presented<'_> {
        let secret = self.secret.as_ref().map(|secret| secret.as_str());
        Presented { id: &self.id, secret, address }
    }
}

/// Who sends the request; refuses one that came without TLS where the store has it.
///
/// # Errors
/// If neither the connection has TLS nor a proxy says that the client's has.
pub fn client_address(
    request: &HttpRequest,
    site: &Site,
    needs_tls: bool,
) -> Result<IpAddr, Error> {
    client_address::secured(request, &site.trusted_proxies, needs_tls).ok_or_else(|| {
        tracing::warn!(
            "a request for a token came without TLS, or a proxy did not say that it had it"
        );
        Error::new(Kind::InvalidRequest, client_address::NEEDS_TLS)
    })
}

/// The header's, if there is one.
fn basic(request: &HttpRequest) -> Result<Option<Credentials>, Error> {
    let mut headers = request.headers().get_all(header::AUTHORIZATION);
    let Some(value) = headers.next() else { return Ok(None) };
    if headers.next().is_some() {
        return Err(Error::new(Kind::InvalidRequest, "there are several Authorization headers"));
    }
    let text = value.to_str().map_err(|_| wrong())?;
    let (scheme, token) = text.trim().split_once(' ').unwrap_or_default();
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(Error::new(Kind::InvalidClient, "the Authorization header must be Basic"));
    }
    let bytes = BASE64.decode(token.trim().as_bytes()).map_err(|_| wrong())?;
    let bytes = Zeroizing::new(bytes);
    let pair = str::from_utf8(&bytes).map_err(|_| wrong())?;
    let (id, secret) = pair.split_once(':').ok_or_else(wrong)?;
    let (mut id, secret) = (decoded(id)?, decoded(secret)?);
    if !fits(&id) || secret.len() > LONGEST {
        return Err(wrong());
    }
    let secret = Some(secret).filter(|secret| !secret.is_empty());
    Ok(Some(Credentials { id: mem::take(&mut *id), secret }))
}

fn decoded(text: &str) -> Result<Zeroizing<String>, Error> {
    if !text.contains(['+', '%']) {
        return Ok(Zeroizing::new(text.to_owned()));
    }
    let spaced = Zeroizing::new(text.replace('+', " "));
    let decoded = percent_decode_str(&spaced).decode_utf8().map_err(|_| wrong())?;
    Ok(Zeroizing::new(decoded.into_owned()))
}

fn fits(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len())
}

fn wrong() -> Error {
    Error::new(Kind::InvalidClient, "the consumer key or secret is wrong")
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn read(header: Option<&str>, body: &str) -> Result<(String, Option<String>), String> {
        let mut request = TestRequest::post();
        if let Some(header) = header {
            request = request.insert_header(("Authorization", header));
        }
        let form = Form::read(body.as_bytes()).unwrap();
        let found = Credentials::of(&request.to_http_request(), &form);
        found
            .map(|found| (found.id.clone(), found.secret.map(|secret| secret.to_string())))
            .map_err(|error| error.to_string())
    }

    fn basic(pair: &str) -> String {
        format!("bAsIc {}", BASE64.encode(pair.as_bytes()))
    }

    #[test]
    fn a_client_says_who_it_is_in_one_way() {
        let both = |id: &str, secret: &str| Ok((id.to_owned(), Some(secret.to_owned())));
        assert_eq!(read(Some(&basic("ck_a:cs_b")), ""), both("ck_a", "cs_b"));
        assert_eq!(read(Some(&basic("ck%5Fa:cs%5Fb")), ""), both("ck_a", "cs_b"));
        assert_eq!(read(Some(&basic("ck_a:cs_b")), "client_id=ck_a"), both("ck_a", "cs_b"));
        assert_eq!(read(Some(&basic("ck_a:")), ""), Ok(("ck_a".to_owned(), None)));
        assert_eq!(read(None, "client_id=ck_a&client_secret=cs_b"), both("ck_a", "cs_b"));
        assert_eq!(read(None, "client_id=ck_a"), Ok(("ck_a".to_owned(), None)));
    }

    #[test]
    fn what_is_no_client_or_two_is_refused() {
        let long = "x".repeat(LONGEST + 1);
        for (header, body, says) in [
            (None, "", "send the consumer key"),
            (Some(basic("ck_a:cs_b")), "client_secret=cs_b", "the client is named twice"),
            (Some(basic("ck_a:cs_b")), "client_id=ck_c", "client_id is another"),
            (Some(basic("ck_a")), "", "the consumer key or secret is wrong"),
            (Some(basic(":cs_b")), "", "the consumer key or secret is wrong"),
            (Some(basic(&format!("{long}:x"))), "", "the consumer key or secret is wrong"),
            (Some(basic("ck%ff:x")), "", "the consumer key or secret is wrong"),
            (Some("Basic !!!".to_owned()), "", "the consumer key or secret is wrong"),
            (Some("Bearer agat_x".to_owned()), "", "the Authorization header must be Basic"),
            (None, &*format!("client_id={long}"), "the consumer key or secret is wrong"),
        ] {
            let error = read(header.as_deref(), body).unwrap_err();
            assert!(error.starts_with(says), "{error}");
        }
    }
}
