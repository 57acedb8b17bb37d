//! Which request a proxy asks about: by one pair of headers, by the other, or by the path.
//!
//! A client can send these headers too, and some proxies pass on what they do not set themselves. So
//! nobody's word goes before another's: if two ways say something, nothing is believed.

use actix_web::HttpRequest;

use super::{
    PATH,
    heard::{Heard, Said},
};
use crate::domain::api_request::Origin;

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
    heard: &Heard<'a>,
    is_proxy: bool,
    prefix: &str,
) -> Result<Asked<'a>, Unasked> {
    let after = path_after(request, prefix);
    let (forwarded, original) = if is_proxy {
        (
            pair(heard.forwarded_method, heard.forwarded_uri)?,
            pair(heard.original_method, heard.original_uri)?,
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
pub fn origin<'a>(heard: &Heard<'a>) -> Origin<'a> {
    let host = single(heard.forwarded_host).ok().flatten();
    Origin { secure: heard.secure == Some(true), host }
}

/// The path and query after `/verify`, if there is one.
fn path_after<'a>(request: &'a HttpRequest, prefix: &str) -> Option<&'a str> {
    let all = request.uri().path_and_query().map_or("/", |all| all.as_str());
    let inner = all.strip_prefix(PATH).or_else(|| all.strip_prefix(prefix)?.strip_prefix(PATH))?;
    inner.starts_with('/').then_some(inner)
}

/// Both headers, or neither.
fn pair<'a>(method: Said<'a>, uri: Said<'a>) -> Result<Option<(&'a str, &'a str)>, Unasked> {
    match (single(method)?, single(uri)?) {
        (Some(method), Some(uri)) => Ok(Some((method, uri))),
        (None, None) => Ok(None),
        _ => Err(Unasked::Contradiction),
    }
}

fn single(said: Said<'_>) -> Result<Option<&str>, Unasked> {
    match said {
        Said::Nothing => Ok(None),
        Said::Once(_) => said.text().map(Some).ok_or(Unasked::Unreadable),
        Said::Often => Err(Unasked::Contradiction),
    }
}
