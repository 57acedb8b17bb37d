//! Where an app's users may be sent back to: registered exactly, compared exactly (RFC 9700 §2.1), with
//! the rules of RFC 8252 for apps on a device.
//!
//! `https` anywhere; `http` to a loopback address, where the port is free at use (RFC 8252 §7.3), since
//! such an app takes what port it gets; a scheme of the app's own, which must have a dot like the reversed
//! domain of its maker (§7.1), so that two makers do not take the same. `localhost` is a name that a
//! device may look up, so it is refused (§8.3). Never: a wildcard, a fragment, a password.

use std::fmt;

use url::{Host, Url};

/// The longest that is taken, in bytes.
const LONGEST: usize = 2_000;

/// How many an app may register.
pub const MOST: usize = 20;

/// A registered address, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedirectUri(String);

/// Why an address cannot be registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedirectError {
    /// It is no whole URL.
    #[error("it is no whole address, such as https://app.example/callback")]
    NotUrl,
    /// It has a fragment.
    #[error("it has a fragment (#…), which never reaches an app’s server")]
    Fragment,
    /// It holds a user or password.
    #[error("it holds a user name or password")]
    UserInfo,
    /// It holds a star.
    #[error("it holds a star; each address is registered as it is, whole")]
    Wildcard,
    /// It is `http` to somewhere else than this device.
    #[error("http is for 127.0.0.1 and [::1] alone; use https")]
    PlainHttp,
    /// It is `localhost`.
    #[error("localhost may be looked up elsewhere; write 127.0.0.1 or [::1]")]
    Localhost,
    /// Its scheme is no app's own.
    #[error(
        "its scheme needs a dot, like the reversed name of your domain: com.example.app:/callback"
    )]
    Scheme,
    /// It is written otherwise than programs write it.
    #[error(
        "write it as browsers do: lower-case scheme and host, no usual port, a slash after the host"
    )]
    Spelling,
    /// There are too many.
    #[error("an app can register at most {MOST}")]
    TooMany,
    /// There is none.
    #[error("name at least one address to send users back to")]
    None,
}

impl RedirectUri {
    /// Reads one that somebody registers.
    ///
    /// # Errors
    /// Why it cannot be one.
    pub fn parse(text: &str) -> Result<Self, RedirectError> {
        let visible = |c: char| c.is_ascii_graphic();
        if text.len() > LONGEST || !text.chars().all(visible) {
            return Err(RedirectError::NotUrl);
        }
        let url = Url::parse(text).map_err(|_| RedirectError::NotUrl)?;
        if url.fragment().is_some() {
            return Err(RedirectError::Fragment);
        }
        if text.contains('*') {
            return Err(RedirectError::Wildcard);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(RedirectError::UserInfo);
        }
        scheme(&url)?;
        // Client libraries write it anew when they say it again, so it must be written as they write it.
        if url.as_str() == text { Ok(Self(text.to_owned())) } else { Err(RedirectError::Spelling) }
    }

    /// Reads those that somebody registers, one a line.
    ///
    /// # Errors
    /// The first line that is none, and why.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, (String, RedirectError)> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let mut all: Vec<Self> = Vec::new();
        for line in lines {
            let uri = Self::parse(line).map_err(|error| (line.to_owned(), error))?;
            if !all.contains(&uri) {
                all.push(uri);
            }
            if all.len() > MOST {
                return Err((String::new(), RedirectError::TooMany));
            }
        }
        if all.is_empty() { Err((String::new(), RedirectError::None)) } else { Ok(all) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether an app that sends `asked` means this one.
    pub fn is(&self, asked: &str) -> bool {
        self.0 == asked || self.is_but_for_the_port(asked)
    }

    fn is_but_for_the_port(&self, asked: &str) -> bool {
        let (Ok(mut own), Ok(url)) = (Url::parse(&self.0), Url::parse(asked)) else { return false };
        // What `url` rewrites is compared as it was written, but for the port.
        let without = |text: &str, port: Option<u16>| match port {
            Some(port) => text.replacen(&format!(":{port}"), "", 1),
            None => text.to_owned(),
        };
        let texts_agree = without(&self.0, own.port()) == without(asked, url.port());
        is_loopback(&own) && texts_agree && own.set_port(url.port()).is_ok() && own == url
    }

    /// Where that leads, for people: the host, or the scheme of an app on the device.
    pub fn destination(&self) -> String {
        let url = Url::parse(&self.0).ok();
        let host = url.as_ref().filter(|url| url.scheme() == "https").and_then(Url::host_str);
        match (host, url.as_ref()) {
            (Some(host), _) => host.to_owned(),
            (None, Some(url)) if url.scheme() == "http" => "this device".to_owned(),
            (None, Some(url)) => format!("{}:", url.scheme()),
            (None, None) => String::new(),
        }
    }

    /// Whether an app on this device is meant, not a site.
    pub fn is_on_device(&self) -> bool {
        !self.0.starts_with("https:")
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `redirect_uri` with these parameters added to its query (RFC 6749 §4.1.2).
pub fn with_parameters(redirect_uri: &str, parameters: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in parameters {
        query.append_pair(name, value);
    }
    let joint = match redirect_uri.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some((_, query)) if query.ends_with('&') => "",
        Some(_) => "&",
    };
    format!("{redirect_uri}{joint}{}", query.finish())
}

fn scheme(url: &Url) -> Result<(), RedirectError> {
    match url.scheme() {
        "https" => match url.host() {
            Some(Host::Domain(name)) if is_localhost(name) => Err(RedirectError::Localhost),
            Some(_) => Ok(()),
            None => Err(RedirectError::NotUrl),
        },
        "http" if is_loopback(url) => Ok(()),
        "http" if url.host_str().is_some_and(is_localhost) => Err(RedirectError::Localhost),
        "http" => Err(RedirectError::PlainHttp),
        own if own.contains('.') => Ok(()),
        _ => Err(RedirectError::Scheme),
    }
}

fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost")
}

fn is_loopback(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(_)) | None => false,
    };
    url.scheme() == "http" && loopback
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sites_devices_and_own_schemes_may_be_registered() {
        for text in [
            "https://app.example/callback",
            "https://app.example:8443/callback?tenant=7",
            "http://127.0.0.1/callback",
            "http://127.0.0.1:8000/callback",
            "http://[::1]:61023/",
            "com.example.app:/callback",
            "com.example.app://callback",
        ] {
            assert_eq!(RedirectUri::parse(text).map(|uri| uri.to_string()).as_deref(), Ok(text));
        }
    }

    #[test]
    fn what_cannot_be_registered_says_why() {
        use RedirectError::*;
        for (text, why) in [
            ("", NotUrl),
            ("/callback", NotUrl),
            ("https://app.example/a b", NotUrl),
            ("https://app.example/\u{e4}", NotUrl),
            ("https://app.example/#x", Fragment),
            ("https://u:p@app.example/", UserInfo),
            ("https://*.app.example/", Wildcard),
            ("http://app.example/", PlainHttp),
            ("http://localhost:8000/", Localhost),
            ("https://localhost/", Localhost),
            ("http://app.localhost/", Localhost),
            ("myapp:/callback", Scheme),
            ("javascript:alert(1)", Scheme),
            ("data:text/html,x", Scheme),
            ("https://app.example", Spelling),
            ("https://APP.example/", Spelling),
            ("https://app.example:443/", Spelling),
            ("https://app.example/a/../b", Spelling),
        ] {
            assert_eq!(RedirectUri::parse(text), Err(why), "{text}");
        }
        assert_eq!(RedirectUri::parse_all(" \n"), Err((String::new(), None)));
        let many: Vec<String> = (0..=MOST).map(|n| format!("https://a.example/{n}")).collect();
        assert_eq!(RedirectUri::parse_all(&many.join("\n")), Err((String::new(), TooMany)));
        let twice = RedirectUri::parse_all("https://a.example/\n https://a.example/ \n").unwrap();
        assert_eq!(twice.len(), 1);
    }

    #[test]
    fn comparison_is_exact_but_for_a_devices_port() {
        for (registered, asked, same) in [
            ("https://app.example/cb", "https://app.example/cb", true),
            ("https://app.example/cb", "https://app.example/cb/", false),
            ("https://app.example/cb", "https://app.example:443/cb", false),
            ("https://app.example/cb", "https://APP.example/cb", false),
            ("https://app.example/cb", "https://app.example/cb?x=1", false),
            ("https://app.example/cb", "https://app.example/../cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:61023/cb", true),
            ("http://127.0.0.1:1/cb", "http://127.0.0.1:2/cb", true),
            ("http://127.0.0.1:1/cb", "http://127.0.0.1/cb", true),
            ("http://[::1]/cb", "http://[::1]:9/cb", true),
            ("http://127.0.0.1/cb", "http://127.0.0.2:1/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:1/CB", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:1/x/../cb", false),
            ("http://127.0.0.1/cb", "http://user@127.0.0.1:1/cb", false),
            ("http://127.0.0.1/cb", "http://2130706433:1/cb", false),
            ("com.example.app:/cb", "com.example.app:/cb", true),
            ("com.example.app:/cb", "com.example.app:/cb2", false),
        ] {
            let registered = RedirectUri::parse(registered).unwrap();
            assert_eq!(registered.is(asked), same, "{registered} {asked}");
        }
    }

    #[test]
    fn parameters_are_added_to_the_query() {
        let parameters = [("code", "a b"), ("state", "x&y")];
        for (uri, with) in [
            ("https://a.example/cb", "https://a.example/cb?code=a+b&state=x%26y"),
            ("https://a.example/cb?t=7", "https://a.example/cb?t=7&code=a+b&state=x%26y"),
            ("https://a.example/cb?", "https://a.example/cb?code=a+b&state=x%26y"),
            ("com.example.app:/cb", "com.example.app:/cb?code=a+b&state=x%26y"),
        ] {
            assert_eq!(with_parameters(uri, &parameters), with);
        }
    }
}
