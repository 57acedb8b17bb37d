//! How each setting's text is read: what is allowed, and nothing else.
//!
//! A reader gives nothing for a text that is not allowed; what is told then stands beside the setting's
//! default in `values`. None may touch a file or the network: a text alone decides.

use std::{path::PathBuf, time::Duration};

use ipnet::IpNet;
use url::Url;

use super::{SettingError, TlsFiles, Values};
use crate::domain::oauth1;

pub(super) fn database_url(text: &str) -> Option<String> {
    let file = text
        .strip_prefix("sqlite:")
        .is_some_and(|path| !path.is_empty() && !path.starts_with(':') && !path.starts_with("//"));
    let server = text.starts_with("postgres://") || text.starts_with("postgresql://");
    (file || server).then(|| text.to_owned())
}

pub(super) fn networks(text: &str) -> Option<Vec<IpNet>> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            part.parse().ok().or_else(|| Some(IpNet::from(part.parse::<std::net::IpAddr>().ok()?)))
        })
        .collect()
}

pub(super) fn pool_size(text: &str) -> Option<usize> {
    text.parse().ok().filter(|size| (2..=100).contains(size))
}

pub(super) fn rate(text: &str) -> Option<u32> {
    text.parse().ok().filter(|rate| (0..=60_000).contains(rate))
}

/// A header's name (RFC 9110 §5.1), in lower case. None that says something else already.
pub(super) fn header_name(text: &str) -> Option<String> {
    let letter = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    let name = text.to_ascii_lowercase();
    let taken = ["authorization", "cookie", "x-accesstoken"].contains(&name.as_str())
        || name.starts_with("x-forwarded-")
        || name.starts_with("x-original-")
        || name.starts_with("x-appgrant-");
    (name.len() <= 100 && name.bytes().all(letter) && !taken).then_some(name)
}

pub(super) fn seconds(least: u64, most: u64) -> impl Fn(&str) -> Option<Duration> {
    move |text| {
        let seconds = text.parse().ok().filter(|seconds| (least..=most).contains(seconds));
        seconds.map(Duration::from_secs)
    }
}

pub(super) fn endpoint(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    })
}

pub(super) fn tls(values: &Values) -> Result<Option<TlsFiles>, SettingError> {
    let certificate = values.get("tls_certificate_file", optional_path)?;
    match (certificate, values.get("tls_key_file", optional_path)?) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Ok(Some(TlsFiles { certificate, key })),
        (Some(_), None) => {
            let complaint = "is set without APPGRANT_TLS_KEY_FILE; TLS needs both";
            Err(SettingError::about("tls_certificate_file", complaint))
        }
        (None, Some(_)) => {
            let complaint = "is set without APPGRANT_TLS_CERTIFICATE_FILE; TLS needs both";
            Err(SettingError::about("tls_key_file", complaint))
        }
    }
}

pub(super) fn oauth1(values: &Values) -> Result<oauth1::Mode, SettingError> {
    match (values.get("oauth1", flag)?, values.get("oauth1_debug", flag)?) {
        (false, false) => Ok(oauth1::Mode::Off),
        (true, false) => Ok(oauth1::Mode::On),
        (true, true) => Ok(oauth1::Mode::Telling),
        (false, true) => {
            let complaint = "is true, which means nothing while APPGRANT_OAUTH1 is false";
            Err(SettingError::about("oauth1_debug", complaint))
        }
    }
}

pub(super) fn flag(text: &str) -> Option<bool> {
    text.parse().ok()
}

pub(super) fn anonymous(text: &str) -> Option<bool> {
    match text {
        "deny" => Some(false),
        "allow" => Some(true),
        _ => None,
    }
}

/// An empty text is an absent path.
#[expect(clippy::unnecessary_wraps, reason = "every parser has this shape")]
pub(super) fn optional_path(text: &str) -> Option<Option<PathBuf>> {
    Some((!text.is_empty()).then(|| PathBuf::from(text)))
}

/// An empty text is an absent value.
pub(super) fn optional<T>(parse: fn(&str) -> Option<T>) -> impl Fn(&str) -> Option<Option<T>> {
    move |text| {
        if text.is_empty() { Some(None) } else { parse(text).map(Some) }
    }
}
