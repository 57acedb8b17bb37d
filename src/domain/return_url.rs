//! Where the browser goes back to, and how the outcome is appended (wire.md §1.9, contract §4.2).
//!
//! The outcome goes before the fragment; a `success`, `user_id` or `state` that is already there is
//! replaced where it stands; everything else stays byte for byte as the app sent it.

use percent_encoding::percent_decode_str;

use super::app_url::{AppUrl, NotAUrl, is_web, percent_encoded};

/// Schemes that run or show something on the machine instead of going back to an app.
const REFUSED_SCHEMES: &[&str] = &["about", "blob", "data", "file", "javascript", "vbscript"];

/// An app's `return_url`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnUrl(AppUrl);

/// What the app is told in the browser's address: `success`, `user_id` and, if sent, `state`.
#[derive(Clone, Copy, Debug)]
pub struct Outcome<'a> {
    /// Whether the app got its keys.
    pub success: bool,
    /// The app's own name for its user, as it sent it.
    pub user_id: &'a str,
    /// The app's `state`, if it sent one.
    pub state: Option<&'a str>,
}

impl ReturnUrl {
    /// Reads a query-decoded value.
    ///
    /// # Errors
    /// The text as it was understood, if it is no URL or its scheme is not one to go back to.
    pub fn read(value: &str) -> Result<Self, NotAUrl> {
        let url = AppUrl::read(value)?;
        if REFUSED_SCHEMES.contains(&url.parsed().scheme()) {
            return Err(NotAUrl(url.text().to_owned()));
        }
        Ok(Self(url))
    }

    /// The URL as the app sent it, and the looks at it that pages need.
    pub fn url(&self) -> &AppUrl {
        &self.0
    }

    /// The scheme, if it is one of an app on this device and not of the web.
    pub fn private_scheme(&self) -> Option<&str> {
        let url = self.0.parsed();
        (!is_web(url)).then(|| url.scheme())
    }

    /// The address the browser is sent to, in ASCII.
    pub fn with_outcome(&self, outcome: Outcome<'_>) -> String {
        let text = self.0.text();
        let ascii = if text.is_ascii() { text } else { self.0.parsed().as_str() };
        let (rest, fragment) = split_at_char(ascii, '#');
        let (base, query) = split_at_char(rest, '?');
        let query = query.strip_prefix('?').filter(|query| !query.is_empty());
        let mut pairs: Vec<String> =
            query.map(|query| query.split('&').map(str::to_owned).collect()).unwrap_or_default();
        let success = if outcome.success { "1" } else { "0" };
        place(&mut pairs, "success", success);
        place(&mut pairs, "user_id", outcome.user_id);
        if let Some(state) = outcome.state {
            place(&mut pairs, "state", state);
        }
        format!("{base}?{}{fragment}", pairs.join("&"))
    }
}

/// Sets `name`: in the first place it already has, without a second one, else at the end.
fn place(pairs: &mut Vec<String>, name: &str, value: &str) {
    let new = format!("{name}={}", percent_encoded(value));
    let is_same = |pair: &String| {
        let key = pair.split('=').next().unwrap_or_default().replace('+', " ");
        percent_decode_str(&key).decode_utf8().is_ok_and(|key| key == name)
    };
    match pairs.iter().position(is_same) {
        Some(first) => {
            pairs[first].clone_from(&new);
            let mut at = 0;
            pairs.retain(|pair| {
                at += 1;
                at - 1 <= first || !is_same(pair)
            });
        }
        None => pairs.push(new),
    }
}

/// The text before the first `mark`, and the rest from it on.
fn split_at_char(text: &str, mark: char) -> (&str, &str) {
    text.split_at(text.find(mark).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn appended(url: &str, user_id: &str) -> String {
        let outcome = Outcome { success: true, user_id, state: None };
        ReturnUrl::read(url).unwrap().with_outcome(outcome)
    }

    #[test]
    fn appends_as_wire_1_9_shows() {
        for (url, result) in [
            (
                "http://app.com/return?x=1&y=2#frag",
                "http://app.com/return?x=1&y=2&success=1&user_id=123#frag",
            ),
            ("https://app.com/#/done?x=1", "https://app.com/?success=1&user_id=123#/done?x=1"),
            ("http://app.com/r?user_id=orig&z=1", "http://app.com/r?user_id=123&z=1&success=1"),
            (
                "http://app.com/?u=http%3A%2F%2Fz.com",
                "http://app.com/?u=http%3A%2F%2Fz.com&success=1&user_id=123",
            ),
            ("https://app.com", "https://app.com?success=1&user_id=123"),
            ("https://app.com/?", "https://app.com/?success=1&user_id=123"),
            (
                "https://app.com/?flag&e=&a[]=1",
                "https://app.com/?flag&e=&a[]=1&success=1&user_id=123",
            ),
            (
                "https://app.com/?success=9&s=1&success=8",
                "https://app.com/?success=1&s=1&user_id=123",
            ),
            ("https://app.com/?user%5Fid=7", "https://app.com/?user_id=123&success=1"),
            ("https://a.b/??x=1&&y=2&", "https://a.b/??x=1&&y=2&&success=1&user_id=123"),
            ("myapp://cb", "myapp://cb?success=1&user_id=123"),
            (
                "https://bücher.example/é",
                "https://xn--bcher-kva.example/%C3%A9?success=1&user_id=123",
            ),
        ] {
            assert_eq!(appended(url, "123"), result, "{url}");
        }
    }

    #[test]
    fn a_user_id_cannot_inject_anything() {
        assert_eq!(
            appended("https://a.b/", "1&success=0#x\r\ny é"),
            "https://a.b/?success=1&user_id=1%26success%3D0%23x%0D%0Ay%20%C3%A9"
        );
    }

    #[test]
    fn state_is_echoed_when_sent() {
        let url = ReturnUrl::read("https://a.b/?state=old").unwrap();
        let outcome = Outcome { success: false, user_id: "1", state: Some("a/b") };
        assert_eq!(url.with_outcome(outcome), "https://a.b/?state=a%2Fb&success=0&user_id=1");
    }

    #[test]
    fn schemes_that_act_on_the_machine_are_refused() {
        for url in [
            "javascript://x",
            "data://text/plain,x",
            "file:///etc/passwd",
            "VBScript://x",
            "blob://x",
            "about://blank",
        ] {
            assert!(ReturnUrl::read(url).is_err(), "{url}");
        }
        assert_eq!(
            ReturnUrl::read("com.example.app://cb").unwrap().private_scheme(),
            Some("com.example.app")
        );
    }
}
