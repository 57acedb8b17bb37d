//! Which sites' scripts may ask about licenses (CORS, Fetch §3.2): none unless somebody says so.
//!
//! Nothing here is opened by a cookie, so credentials are never allowed, and `*` lends nobody anything that
//! the license key in the request does not.

use url::Url;

use crate::domain::text;

/// How many may be named.
const MOST: usize = 50;

/// How many lines that are none a complaint names.
const NAMED: usize = 5;

/// Origins, one a line, or `*` for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins(Vec<String>);

/// Lines that are no origins.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoOrigin {
    /// They have another form.
    #[error("no origin: {0}; write https://shop.example, without a path, or * for all")]
    Form(String),
    /// There are very many.
    #[error("at most {MOST} origins can be named; * means all")]
    TooMany,
}

impl Origins {
    /// What somebody typed, one a line.
    ///
    /// # Errors
    /// Which lines are no origins.
    pub fn parse(text: &str) -> Result<Self, NoOrigin> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let (mut origins, mut others) = (Vec::new(), Vec::new());
        for line in lines {
            origin(line).map_or_else(|| others.push(line), |origin| origins.push(origin));
        }
        if !others.is_empty() {
            return Err(NoOrigin::Form(named(&others)));
        }
        origins.sort_unstable();
        origins.dedup();
        if origins.len() > MOST { Err(NoOrigin::TooMany) } else { Ok(Self(origins)) }
    }

    /// One a line, as it is stored and shown.
    pub fn to_lines(&self) -> String {
        self.0.join("\n")
    }

    /// What a page of that origin is answered; nothing if it may not ask.
    pub fn answer<'a>(&self, origin: &'a str) -> Option<&'a str> {
        if self.0.iter().any(|one| one == "*") {
            return Some("*");
        }
        self.0.iter().any(|one| one == origin).then_some(origin)
    }
}

/// Lines as a complaint names them: the first few.
fn named(lines: &[&str]) -> String {
    let quoted = |line: &&str| format!("“{}”", text::shortened(&text::visible(line), 100));
    let first: Vec<_> = lines.iter().take(NAMED).map(quoted).collect();
    match lines.len().saturating_sub(NAMED) {
        0 => first.join(", "),
        more => format!("{}, and {more} more", first.join(", ")),
    }
}

fn origin(line: &str) -> Option<String> {
    if line == "*" {
        return Some(line.to_owned());
    }
    let url = Url::parse(line).ok()?;
    let is_bare = !line.contains('*')
        && matches!(url.scheme(), "http" | "https")
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    is_bare.then(|| url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_compared_whole() {
        let origins = Origins::parse(" https://Shop.example/ \n\nhttp://a.example:8080\n").unwrap();
        assert_eq!(origins.to_lines(), "http://a.example:8080\nhttps://shop.example");
        assert_eq!(origins.answer("https://shop.example"), Some("https://shop.example"));
        for other in ["http://shop.example", "https://shop.example.evil.example", "null", "", "*"] {
            assert_eq!(origins.answer(other), None, "{other}");
        }
        assert_eq!(Origins::default().answer("https://shop.example"), None);
        assert_eq!(Origins::parse("*").unwrap().answer("null"), Some("*"));
    }

    #[test]
    fn what_is_no_origin_is_named() {
        for line in
            ["shop.example", "https://a.example/x", "https://u@a.example", "ftp://a", "https://*.a"]
        {
            assert!(matches!(Origins::parse(line), Err(NoOrigin::Form(_))), "{line}");
        }
        let wrong = (0..7).map(|n| format!("s{n}.example")).collect::<Vec<_>>().join("\n");
        let told = Origins::parse(&format!("{wrong}\nhttps://a.example")).unwrap_err().to_string();
        assert!(
            told.contains("“s0.example”, “s1.example”") && told.contains("and 2 more"),
            "{told}"
        );
        let many: Vec<_> = (0..=MOST).map(|n| format!("https://{n}.example")).collect();
        assert_eq!(Origins::parse(&many.join("\n")), Err(NoOrigin::TooMany));
    }
}
