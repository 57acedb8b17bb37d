//! The store's address as browsers see it.

use url::{Host, Url};

/// An http or https address without user, query and fragment; a path prefix may stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    base: String,
    prefix: String,
    origin: String,
    host: String,
    secure: bool,
    loopback: bool,
}

impl PublicUrl {
    /// Reads the setting.
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if !matches!(url.scheme(), "http" | "https") || !plain {
            return None;
        }
        let loopback = match url.host()? {
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
            Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
        };
        Some(Self {
            base: url.as_str().trim_end_matches('/').to_owned(),
            prefix: url.path().trim_end_matches('/').to_owned(),
            origin: url.origin().ascii_serialization(),
            host: url.host_str()?.to_owned(),
            secure: url.scheme() == "https",
            loopback,
        })
    }

    /// The address without a trailing slash; a path is appended to it.
    pub fn as_str(&self) -> &str {
        &self.base
    }

    /// The path in it without a trailing slash; empty if there is none.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Scheme, host and port, as browsers send it in `Origin`.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The host alone.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether browsers come over TLS.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Whether only this machine's browsers come.
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_taken_apart() {
        let url = PublicUrl::parse("https://Shop.Example:8443/auth/").unwrap();
        assert_eq!(url.as_str(), "https://shop.example:8443/auth");
        assert_eq!((url.prefix(), url.origin()), ("/auth", "https://shop.example:8443"));
        assert!(url.is_secure() && !url.is_loopback());
        let local = PublicUrl::parse("http://127.0.0.1:8080").unwrap();
        assert_eq!((local.as_str(), local.prefix()), ("http://127.0.0.1:8080", ""));
        assert!(!local.is_secure() && local.is_loopback());
    }
}
