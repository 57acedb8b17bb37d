//! The reading that `return_url` and `callback_url` share (wire.md §1.2, contract §4.1 and §4.2).
//!
//! An app sends a URL once encoded (as a query value), or encoded once more, or without its scheme.
//! WooCommerce decodes every value a second time, which damages URLs that hold `%` or `+`. Here a value
//! that is a URL as it stands is taken as it stands; only one that is none is decoded once more. So
//! what WooCommerce takes is taken, and no URL is changed.
//! Never: normalise. `text` is what the app sent; `parsed` is for looking at it.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::{Host, Url};

/// Everything but RFC 3986's unreserved characters, as PHP's `rawurlencode`.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The longest URL that is read, in bytes.
const LONGEST: usize = 4096;

/// A value an app sent as one of its URLs: the text as sent, and what a browser makes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppUrl {
    text: String,
    parsed: Url,
}

/// The value is no URL; carries the text as it would have been used, for the error.
#[derive(Debug, PartialEq, Eq)]
pub struct NotAUrl(pub String);

impl AppUrl {
    /// Reads a query-decoded value.
    ///
    /// # Errors
    /// The text as it was understood, if no browser would take it as a URL with an authority.
    pub fn read(value: &str) -> Result<Self, NotAUrl> {
        let text = with_scheme(value);
        if let Some(parsed) = parse(&text) {
            return Ok(Self { text, parsed });
        }
        let text = with_scheme(&decoded(value).unwrap_or_else(|| value.to_owned()));
        match parse(&text) {
            Some(parsed) => Ok(Self { text, parsed }),
            None => Err(NotAUrl(text)),
        }
    }

    /// The URL exactly as the app gave it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The URL as a browser understands it.
    pub fn parsed(&self) -> &Url {
        &self.parsed
    }

    /// Scheme, host and port for people; the scheme alone for private-use schemes.
    pub fn origin(&self) -> String {
        origin(&self.parsed)
    }

    /// The host in Unicode, where that differs from the host in the origin.
    pub fn unicode_host(&self) -> Option<String> {
        let Some(Host::Domain(ascii)) = self.parsed.host() else {
            return None;
        };
        in_unicode(ascii)
    }

    /// The part of the host that its owner registered (public suffix list); the host itself for an
    /// address or a single label; nothing for private-use schemes.
    pub fn registrable_domain(&self) -> Option<String> {
        if !is_web(&self.parsed) {
            return None;
        }
        match self.parsed.host()? {
            Host::Domain(name) => {
                let name = name.trim_end_matches('.');
                Some(psl::domain_str(name).unwrap_or(name).to_owned())
            }
            address => Some(address.to_string()),
        }
    }
}

/// Encodes a value for a query, byte for byte as PHP's `rawurlencode` (RFC 3986 §2.3).
pub fn percent_encoded(value: &str) -> String {
    utf8_percent_encode(value, RESERVED).to_string()
}

/// Whether the scheme is http or https.
pub fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

fn origin(url: &Url) -> String {
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{}://{host}:{port}", url.scheme()),
        (Some(host), None) if !host.is_empty() => format!("{}://{host}", url.scheme()),
        _ => format!("{}:", url.scheme()),
    }
}

/// A host in Unicode, as people read it, where that differs.
pub fn in_unicode(ascii: &str) -> Option<String> {
    let labels = ascii.split('.').any(|label| label.starts_with("xn--"));
    // `url` keeps its IDNA crate to itself but for this one door.
    labels.then(|| url::quirks::domain_to_unicode(ascii)).filter(|unicode| unicode != ascii)
}

/// The value with the scheme it may lack.
fn with_scheme(value: &str) -> String {
    if value.contains("://") { value.to_owned() } else { format!("https://{value}") }
}

/// The value decoded once more, as PHP's `urldecode`; nothing if that is not UTF-8.
fn decoded(value: &str) -> Option<String> {
    let spaced = value.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(Into::into)
}

fn parse(text: &str) -> Option<Url> {
    if text.len() > LONGEST || text.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return None;
    }
    if text.split(['?', '#']).next().is_some_and(|path| path.contains('\\')) {
        return None; // browsers take a backslash for a slash, other software does not
    }
    // Without `://` right behind its scheme a browser would take it relative to the page it stands on.
    let (scheme, rest) = text.split_once("://")?;
    let url = Url::parse(text).ok().filter(|url| scheme.eq_ignore_ascii_case(url.scheme()))?;
    if is_web(&url) {
        (!rest.starts_with('/') && has_plausible_host(&url)).then_some(url)
    } else {
        // `url` takes credentials without a host where the address ends behind them, browsers do not;
        // with the outcome appended nobody would.
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        (!rest.is_empty() && !authority.ends_with('@')).then_some(url)
    }
}

/// Letters, digits and inner hyphens in labels of 1 to 63 (RFC 1123 §2.1); one trailing dot may stand.
fn has_plausible_host(url: &Url) -> bool {
    let Some(Host::Domain(name)) = url.host() else {
        return url.host().is_some();
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    name.len() <= 253
        && name.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn takes_and_refuses_what_wire_1_2_lists() {
        for value in [
            "app.com/x",
            "app",
            "x",
            "1",
            "localhost",
            "myapp://cb",
            "com.foo.bar://cb",
            "exp://127.0.0.1:19000",
            "ftp://x.y/",
            "https://user:pw@h/",
            "http://[::1]/",
            "http://localhost:3000/x",
            "https%3A%2F%2Fapp.com",
            "app.com%2Fcb%3Fx%3D1",
            "myapp%3A%2F%2Fcb",
            "mailto:a@b.c",
            "http:/app.com",
            "http://app.com/?x=1#frag",
            "https://bücher.example/",
            "myapp:///cb",
            "https://a.b./",
        ] {
            assert!(AppUrl::read(value).is_ok(), "{value}");
        }
        for value in [
            "/path",
            "//app.com/x",
            "myapp://",
            "myapp://@",
            "myapp://u:p@?x",
            "http://",
            "https://",
            "javascript:alert(1)",
            "http://a_b.c/",
            "http://-a.b/",
            "http://a..b/",
            "http://-.-/",
            "https%253A%252F%252Fapp.com",
            "http://a b/",
            "https%3A%2F%2Fapp.com%2Fa%2520b%20c",
            "https%3A%2F%2Fapp.com%2Fa+b",
            "https:////app.com",
            "https:a://",
            "https:/a/b://x",
            "http:a.b://",
            "mailto:a@b.c://x",
            "myapp:opaque://x",
            "https:/cart/a://x?add-to-cart=1",
            "https://good.com\\@evil.com/",
            "http://a\tb/",
            "?x=http://a",
            "https://%zz/",
            "http://app.com:99999/",
            "",
        ] {
            assert!(AppUrl::read(value).is_err(), "{value}");
        }
    }

    #[test]
    fn keeps_the_text_as_sent() {
        for value in
            ["https://app.com", "https://app.com/a%20b?x=a%2Bb&y=c+d", "HTTPS://App.com/%41"]
        {
            assert_eq!(AppUrl::read(value).unwrap().text(), value);
        }
        assert_eq!(AppUrl::read("app.com/x%20y").unwrap().text(), "https://app.com/x%20y");
        assert_eq!(AppUrl::read("https%3A%2F%2Fapp.com").unwrap().text(), "https://app.com");
    }

    #[test]
    fn shows_origin_and_registrable_domain() {
        let read = |value| AppUrl::read(value).unwrap();
        assert_eq!(
            read("https://u:p@Shop.Example.co.uk:8443/x").origin(),
            "https://shop.example.co.uk:8443"
        );
        assert_eq!(
            read("https://shop.example.co.uk/").registrable_domain().unwrap(),
            "example.co.uk"
        );
        assert_eq!(read("https://127.0.0.1/").registrable_domain().unwrap(), "127.0.0.1");
        assert_eq!(read("myapp://cb").registrable_domain(), None);
        assert_eq!(read("myapp:///cb").origin(), "myapp:");
        let idn = read("https://bücher.example/");
        assert_eq!(idn.origin(), "https://xn--bcher-kva.example");
        assert_eq!(idn.unicode_host().unwrap(), "bücher.example");
        assert_eq!(read("https://app.com/").unicode_host(), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(value in ".{0,60}") {
            let _ = AppUrl::read(&value);
        }

        #[test]
        fn a_url_read_again_is_the_same(value in "[ -~]{0,40}") {
            if let Ok(url) = AppUrl::read(&format!("https://app.com/{value}")) {
                prop_assert_eq!(AppUrl::read(url.text()).unwrap(), url);
            }
        }
    }
}
