//! The headers of a question that matter, gathered in one pass: each name is looked at once, and what
//! stands there twice is known, too.

use actix_web::http::header::{HeaderMap, HeaderValue};

const OVERRIDE: &str = "x-http-method-override";

/// What a header says.
#[derive(Clone, Copy, Default, PartialEq)]
pub enum Said<'a> {
    /// Nothing: it is not there.
    #[default]
    Nothing,
    /// This.
    Once(&'a HeaderValue),
    /// More than one thing.
    Often,
}

impl<'a> Said<'a> {
    fn add(&mut self, value: &'a HeaderValue) {
        *self = if *self == Self::Nothing { Self::Once(value) } else { Self::Often };
    }

    /// Its text, if it is there once and is one. (`HeaderValue::to_str` knows ASCII only, and looks at
    /// one byte after the other.)
    pub fn text(self) -> Option<&'a str> {
        match self {
            Self::Once(value) => str::from_utf8(value.as_bytes()).ok(),
            Self::Nothing | Self::Often => None,
        }
    }
}

/// The headers of a question.
#[derive(Default)]
pub struct Heard<'a> {
    /// `X-Forwarded-Method`
    pub forwarded_method: Said<'a>,
    /// `X-Forwarded-Uri`
    pub forwarded_uri: Said<'a>,
    /// `X-Forwarded-For`
    pub forwarded_for: Said<'a>,
    /// `X-Forwarded-Host`
    pub forwarded_host: Said<'a>,
    /// Whether `X-Forwarded-Proto` says `https`, each time it says something.
    pub secure: Option<bool>,
    /// `X-Original-Method`
    pub original_method: Said<'a>,
    /// `X-Original-URI`, which nginx sends.
    pub original_uri: Said<'a>,
    /// `Authorization`
    pub authorization: Said<'a>,
    /// `X-AccessToken`
    pub access_token: Said<'a>,
    /// `Origin`
    pub origin: Said<'a>,
    /// `Referer`
    pub referer: Said<'a>,
    /// `X-HTTP-Method-Override`, however it is written.
    pub method_override: Said<'a>,
    /// `User-Agent`
    pub agent: Said<'a>,
}

impl<'a> Heard<'a> {
    /// Gathers them.
    pub fn gather(headers: &'a HeaderMap) -> Self {
        let mut heard = Self::default();
        for (name, value) in headers {
            heard.note(name.as_str(), value);
        }
        heard
    }

    fn note(&mut self, name: &str, value: &'a HeaderValue) {
        let said = match name {
            "x-forwarded-method" => &mut self.forwarded_method,
            "x-forwarded-uri" => &mut self.forwarded_uri,
            "x-forwarded-for" => &mut self.forwarded_for,
            "x-forwarded-host" => &mut self.forwarded_host,
            "x-original-method" => &mut self.original_method,
            "x-original-uri" => &mut self.original_uri,
            "authorization" => &mut self.authorization,
            "x-accesstoken" => &mut self.access_token,
            "origin" => &mut self.origin,
            "referer" => &mut self.referer,
            "user-agent" => &mut self.agent,
            "x-forwarded-proto" => {
                self.secure = Some(self.secure.unwrap_or(true) && is_https(value));
                return;
            }
            name if is_override(name) => &mut self.method_override,
            _ => return,
        };
        said.add(value);
    }
}

/// Whether every hop that says something says so.
fn is_https(value: &HeaderValue) -> bool {
    let each = |text: &[u8]| text.trim_ascii().eq_ignore_ascii_case(b"https");
    value.as_bytes().split(|byte| *byte == b',').all(each)
}

/// PHP takes `X_HTTP_Method_Override` for the same header.
fn is_override(name: &str) -> bool {
    let same = |(a, b): (u8, u8)| a == b || (b == b'-' && !a.is_ascii_alphanumeric());
    name.len() == OVERRIDE.len() && name.bytes().zip(OVERRIDE.bytes()).all(same)
}
