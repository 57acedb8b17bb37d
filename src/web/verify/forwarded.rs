//! Which request a proxy asks about: by one pair of headers, by the other, or by the path.
//!
//! A client can send these headers too, and some proxies pass on what they do not set themselves. So
//! nobody's word goes before another's: if two ways say something, nothing is believed.

use actix_web::{
    HttpRequest,
    http::header::{HeaderMap, HeaderName, HeaderValue},
};

use super::PATH;
use crate::domain::api_request::Origin;

const FORWARDED_METHOD: HeaderName = HeaderName::from_static("x-forwarded-method");
const FORWARDED_URI: HeaderName = HeaderName::from_static("x-forwarded-uri");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const ORIGINAL_METHOD: HeaderName = HeaderName::from_static("x-original-method");

/// What nginx sends, which throws the answer's body away.
pub const ORIGINAL_URI: HeaderName = HeaderName::from_static("x-original-uri");

/// The request a proxy asks about.
pub struct Asked<'a> {
    /// Its method.
    pub method: &'a str,
    /// Its path, as it came.
    pub path: &'a str,
    /// Its query, as it came.
    pub query: &'a str,
    /// Whether the proxy has no use for a body.
    pub bodiless: bool,
}

/// Why it is not known which request that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unasked {
    /// Nobody who is believed said it.
    NoRequest,
    /// Two ways say something, or one says it twice or by halves.
    Contradiction,
    /// It is no text.
    Unreadable,
}

/// Reads which request it is. Headers count only if they are a proxy's.
pub fn read<'a>(
    request: &'a HttpRequest,
    is_proxy: bool,
    prefix: &str,
) -> Result<Asked<'a>, Unasked> {
    let headers = request.headers();
    let after = path_after(request, prefix);
    let (forwarded, original) = if is_proxy {
        (
            pair(headers, &FORWARDED_METHOD, &FORWARDED_URI)?,
            pair(headers, &ORIGINAL_METHOD, &ORIGINAL_URI)?,
        )
    } else {
        (None, None)
    };
    let bodiless = original.is_some();
    let (method, uri) = match (forwarded, original, after) {
        (Some(pair), None, None) | (None, Some(pair), None) => pair,
        (None, None, Some(uri)) => (request.method().as_str(), uri),
        (None, None, None) => return Err(Unasked::NoRequest),
        _ => return Err(Unasked::Contradiction),
    };
    let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
    Ok(Asked { method, path, query, bodiless })
}

/// Where the client believes to be. TLS counts only if every hop that says something says so.
pub fn origin(request: &HttpRequest) -> Origin<'_> {
    let headers = request.headers();
    let mut protos = headers.get_all(FORWARDED_PROTO).peekable();
    let is_https = |value: &HeaderValue| {
        let text = value.to_str().unwrap_or_default();
        text.split(',').all(|proto| proto.trim().eq_ignore_ascii_case("https"))
    };
    let secure = protos.peek().is_some() && protos.all(is_https);
    let host = single(headers, &FORWARDED_HOST).ok().flatten();
    Origin { secure, host }
}

/// The path and query after `/verify`, if there is one.
fn path_after<'a>(request: &'a HttpRequest, prefix: &str) -> Option<&'a str> {
    let all = request.uri().path_and_query().map_or("/", |all| all.as_str());
    let inner = all.strip_prefix(PATH).or_else(|| all.strip_prefix(prefix)?.strip_prefix(PATH))?;
    inner.starts_with('/').then_some(inner)
}

/// Both headers, or neither.
fn pair<'a>(
    headers: &'a HeaderMap,
    method: &HeaderName,
    uri: &HeaderName,
) -> Result<Option<(&'a str, &'a str)>, Unasked> {
    match (single(headers, method)?, single(headers, uri)?) {
        (Some(method), Some(uri)) => Ok(Some((method, uri))),
        (None, None) => Ok(None),
        _ => Err(Unasked::Contradiction),
    }
}

fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Unasked> {
    let mut values = headers.get_all(name);
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Unasked::Contradiction);
    }
    std::str::from_utf8(value.as_bytes()).map(Some).map_err(|_| Unasked::Unreadable)
}
