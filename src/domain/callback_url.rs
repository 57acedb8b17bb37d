//! Where the keys are sent: https, no user name, no port that browsers refuse (contract §4.3).
//!
//! Whether its address may be reached is not decided here but by `outbound::guard`, each time a
//! connection is made.

use url::Url;

use super::app_url::{AppUrl, NotAUrl};

/// The Fetch standard's bad ports, <https://fetch.spec.whatwg.org/#port-blocking>.
const BAD_PORTS: &[u16] = &[
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101,
    102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427,
    465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990,
    993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667,
    6668, 6669, 6679, 6697, 10080,
];

/// An app's `callback_url`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackUrl(AppUrl);

/// What is wrong with a `callback_url`.
#[derive(Debug, PartialEq, Eq)]
pub enum CallbackUrlError {
    /// No URL at all.
    NotAUrl(String),
    /// Another scheme than https.
    NotSecure,
    /// A user name or password stands in it.
    HasUserInfo,
    /// A port that browsers refuse.
    BadPort(u16),
}

impl From<NotAUrl> for CallbackUrlError {
    fn from(NotAUrl(text): NotAUrl) -> Self {
        Self::NotAUrl(text)
    }
}

impl CallbackUrl {
    /// Reads a query-decoded value.
    ///
    /// # Errors
    /// The first rule it breaks.
    pub fn read(value: &str) -> Result<Self, CallbackUrlError> {
        let url = AppUrl::read(value)?;
        let parsed = url.parsed();
        if parsed.scheme() != "https" {
            return Err(CallbackUrlError::NotSecure);
        }
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(CallbackUrlError::HasUserInfo);
        }
        match parsed.port() {
            Some(port) if BAD_PORTS.contains(&port) => Err(CallbackUrlError::BadPort(port)),
            _ => Ok(Self(url)),
        }
    }

    /// The URL as the app sent it, and the looks at it that pages need.
    pub fn url(&self) -> &AppUrl {
        &self.0
    }

    /// Host and port, by which an app is known: `app.example` or `app.example:8443`.
    pub fn host(&self) -> String {
        let url = self.0.parsed();
        let host = url.host_str().unwrap_or_default();
        url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// The address to post to: without the fragment, which is never sent.
    pub fn target(&self) -> Url {
        let mut url = self.0.parsed().clone();
        url.set_fragment(None);
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_has_its_error() {
        for (value, error) in [
            ("http://app.com/cb", CallbackUrlError::NotSecure),
            ("ftp://app.com/cb", CallbackUrlError::NotSecure),
            ("myapp://cb", CallbackUrlError::NotSecure),
            ("https://u@app.com/", CallbackUrlError::HasUserInfo),
            ("https://:p@app.com/", CallbackUrlError::HasUserInfo),
            ("mailto:a@b.c", CallbackUrlError::HasUserInfo),
            ("https://app.com:22/", CallbackUrlError::BadPort(22)),
            ("https://app.com:0/", CallbackUrlError::BadPort(0)),
            ("https://app.com:10080/", CallbackUrlError::BadPort(10080)),
            (
                "javascript:alert(1)",
                CallbackUrlError::NotAUrl("https://javascript:alert(1)".into()),
            ),
        ] {
            assert_eq!(CallbackUrl::read(value), Err(error), "{value}");
        }
        for value in
            ["HTTPS://app.com/cb", "app.com/cb", "https://app.com:8443/", "https://app.com:443/"]
        {
            assert!(CallbackUrl::read(value).is_ok(), "{value}");
        }
    }

    #[test]
    fn the_fragment_is_not_sent_and_the_query_is() {
        let url = CallbackUrl::read("https://app.com:8443/cb?a[]=1#x").unwrap();
        assert_eq!(url.target().as_str(), "https://app.com:8443/cb?a[]=1");
        assert_eq!(url.host(), "app.com:8443");
    }
}
