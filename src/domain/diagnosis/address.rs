//! The link's address: scheme, host and path, against the one route that takes authorize requests.
//!
//! Paths are compared decoded, as the store matches them; what goes into a mended link is always the
//! encoded text. Never: a decoded path in a link, where `%3F` would begin the query.

use percent_encoding::percent_decode_str;
use url::Url;

use super::{
    finding::{Finding, Subject::Address, quoted},
    link::Link,
};
use crate::domain::{app_url::is_web, text::distance};

const ROUTE: &str = "/wc-auth/v1/authorize";

/// What was found, and the address to use in place of this one; nothing where no guess is good.
pub struct Looked {
    pub findings: Vec<Finding>,
    /// Scheme, host and path.
    pub mended: Option<String>,
    /// Whether that differs from the link's own.
    pub changed: bool,
}

/// Looks at the address; `store` is the public address of the store it should lead to, if known.
pub fn look(link: &Link, store: Option<&Url>) -> Looked {
    let mut findings = Vec::new();
    let Some(url) = absolute(link, store, &mut findings) else {
        return Looked { findings, mended: store.map(|store| below(store, "")), changed: true };
    };
    let same_store = store.filter(|store| store.origin() == url.origin());
    if let (Some(store), None) = (store, same_store) {
        findings.push(Finding::hint(
            "other_store",
            Address,
            format!("The link leads to {}, not to the configured public address.", origin(&url)),
            format!("If it is meant for this store, begin it with {store}."),
        ));
    }
    let prefix = path(&url, same_store, &mut findings);
    let mended = format!("{}{prefix}{ROUTE}", origin(&url));
    let own = link.text.split(['?', '#']).next().unwrap_or_default();
    Looked { changed: !findings.is_empty() && mended != own, mended: Some(mended), findings }
}

/// The link as an http or https address, with a finding if it is none as it stands.
fn absolute(link: &Link, store: Option<&Url>, findings: &mut Vec<Finding>) -> Option<Url> {
    let error = |code, what: &str, mend: String| Finding::error(code, Address, what, mend);
    if let Some(url) = Url::parse(&link.text).ok().filter(is_web) {
        return Some(url);
    }
    if link.text.is_empty() || link.text.starts_with(['/', '?', '#', '.']) {
        let begin = store.map_or("https://shop.example".to_owned(), |store| below(store, ""));
        let what = "The link does not say at which store: it has no scheme and no host.";
        findings.push(error(
            "no_host",
            what,
            format!("Begin it with the store’s address: {begin}"),
        ));
        return None;
    }
    if let Some((scheme, rest)) = link.text.split_once("://") {
        let guess = Url::parse(&format!("https://{rest}")).ok();
        let what = format!("{} is no scheme of the web.", quoted(&format!("{scheme}://")));
        findings.push(error("not_web", &what, "Begin the link with https://.".to_owned()));
        return guess
            .filter(|_| scheme.len() < 10 && distance(&scheme.to_lowercase(), "https") <= 2);
    }
    let here = ["localhost", "127."].iter().any(|name| link.text.starts_with(name));
    let scheme = if here { "http" } else { "https" };
    let guess = Url::parse(&format!("{scheme}://{}", link.text)).ok().filter(Url::has_host);
    let (code, what) = match &guess {
        Some(_) => ("no_scheme_in_link", "The link has no http:// or https:// in front."),
        None => ("not_a_link", "This is no address a browser can open."),
    };
    findings.push(error(code, what, format!("Begin it with {scheme}:// and the store’s host.")));
    guess
}

/// Checks the path; gives the prefix that stands, or should stand, before the route, encoded.
fn path(url: &Url, store: Option<&Url>, findings: &mut Vec<Finding>) -> String {
    let path = decoded(url.path());
    let store_prefix = store.map(|store| store.path().trim_end_matches('/').to_owned());
    let Some((prefix, name)) = path.split_once("/wc-auth/v1/").filter(|(p, _)| !p.ends_with('/'))
    else {
        findings.push(wrong_path(&path));
        return store_prefix.unwrap_or_else(|| guessed_prefix(url.path()));
    };
    let bare = name.trim_end_matches('/').to_lowercase();
    if bare != "authorize" && bare != "login" {
        findings.push(wrong_path(&path));
    } else if name != "authorize" {
        findings.push(Finding::hint(
            "path_spelling",
            Address,
            format!("AppGrant understands the path {}; other stores may not.", quoted(&path)),
            format!("End the path in {ROUTE}."),
        ));
    }
    match store_prefix {
        Some(right) if decoded(&right) != prefix => {
            findings.push(Finding::hint(
                "other_prefix",
                Address,
                format!(
                    "The store’s public address has the path {}, the link has {}.",
                    quoted(&format!("{right}/")),
                    quoted(&format!("{prefix}/"))
                ),
                "Keep the store’s path, unless its proxy passes both.",
            ));
            right
        }
        _ => before_slash(url.path(), prefix.matches('/').count()).to_owned(),
    }
}

fn wrong_path(path: &str) -> Finding {
    let lower = path.to_lowercase();
    let why = if path.contains("//") {
        "it has two slashes in a row"
    } else if lower.contains("/wc-auth/v1/authorize") && lower != path {
        "capital letters count before the last part"
    } else if lower.contains("/wc-auth/authorize") {
        "/v1 is missing in it"
    } else if lower.contains("authorize&") {
        "its parameters must begin with ? and not with &"
    } else if path.len() < 2 {
        "it is missing"
    } else {
        "it is another one"
    };
    Finding::error(
        "path",
        Address,
        format!("The path {} leads nowhere: {why}.", quoted(path)),
        format!("End the path in {ROUTE}."),
    )
}

/// What stands before the slash of that number, from 0. [`decoded`] makes no slashes, so a path has
/// the same ones before and after it.
fn before_slash(path: &str, number: usize) -> &str {
    path.match_indices('/').nth(number).map_or(path, |(at, _)| &path[..at])
}

/// What stands before the first part that looks like one of the route's, encoded as it is.
fn guessed_prefix(path: &str) -> String {
    let parts = path.split('/').filter(|part| !part.is_empty());
    let near =
        |part: &str, word: &str| part.len() < 20 && distance(&part.to_lowercase(), word) <= 2;
    let kept = parts.take_while(|part| {
        let part = decoded(part);
        let begin = part.split('&').next().unwrap_or_default();
        !(near(begin, "wc-auth") || near(begin, "authorize"))
    });
    kept.fold(String::new(), |prefix, part| prefix + "/" + part)
}

/// The path as the store matches it: decoded, but for slashes.
fn decoded(path: &str) -> String {
    if path.to_lowercase().contains("%2f") {
        return path.to_owned();
    }
    percent_decode_str(path).decode_utf8().map_or_else(|_| path.to_owned(), Into::into)
}

fn below(store: &Url, prefix: &str) -> String {
    format!("{}{prefix}{ROUTE}", store.as_str().trim_end_matches('/'))
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}
