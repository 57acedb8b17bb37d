//! `return_url`, `callback_url` and `events_url`: why one is refused, what was probably meant, what works by luck.

use url::{Host, Url};

use super::{
    finding::{Finding, Subject, quoted},
    values::{decoded_once, refusal},
};
use crate::domain::{
    app_url::AppUrl,
    authorize_request::RequestError,
    callback_url::CallbackUrl,
    parameters::{Parameters, Value},
    return_url::ReturnUrl,
};

/// The URL as the store takes it, if `name` is one and it does.
pub fn accepted(name: &str, text: &str) -> Option<String> {
    let url = match name {
        "return_url" => ReturnUrl::read(text).ok()?.url().text().to_owned(),
        "callback_url" | "events_url" => CallbackUrl::read(text).ok()?.url().text().to_owned(),
        _ => return None,
    };
    Some(url)
}

/// The URL as it was probably meant; the text itself where no guess is taken by the store.
pub fn better(name: &str, text: &str, plus: bool) -> String {
    if let Some(url) = accepted(name, text) {
        return without_doubled_scheme(&url)
            .filter(|url| accepted(name, url).is_some())
            .unwrap_or(url);
    }
    let taken = guesses(name, text, plus).into_iter().find_map(|guess| accepted(name, &guess));
    taken.unwrap_or_else(|| text.to_owned())
}

/// `https://https://app.com` and `https://https:/app.com`: the host would be `https`.
fn without_doubled_scheme(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let (scheme, rest) = rest.split_once(":/")?;
    let again = matches!(scheme.to_lowercase().as_str(), "http" | "https");
    again.then(|| format!("{scheme}://{}", rest.trim_start_matches('/')))
}

/// Slips that are made often, mended, in the order they are tried.
fn guesses(name: &str, text: &str, plus: bool) -> Vec<String> {
    let mut texts = vec![text.trim().to_owned()];
    let mut decoded = text.to_owned();
    for _ in 0..3 {
        let Some(more) = decoded_once(&decoded) else { break };
        texts.push(more.clone());
        decoded = more;
    }
    let mut guesses = Vec::new();
    for text in texts {
        let spaced = text.replace(' ', if plus { "+" } else { "%20" });
        let slashed = spaced.replace('\\', "/");
        for text in [text, spaced, slashed] {
            guesses.extend(without_doubled_scheme(&format!("https://{text}")));
            guesses.extend(text.strip_prefix("//").map(|rest| format!("https://{rest}")));
            if name != "return_url" {
                guesses.extend(text.strip_prefix("http://").map(|rest| format!("https://{rest}")));
            }
            guesses.push(text);
        }
    }
    guesses
}

/// Why it is refused, and what to do.
pub fn refused(
    name: &str,
    text: &str,
    error: &RequestError,
    plus: bool,
) -> (&'static str, String, String) {
    let https = || "Use https; http is never allowed here, not even on one machine.".to_owned();
    match error {
        RequestError::NotSecure(_) => {
            ("not_https", format!("{name} is {}, which is not https.", quoted(text)), https())
        }
        RequestError::HasUserInfo(_) => (
            "user_info",
            format!("{name} holds a user name or password, or an @ that makes one."),
            "Leave it out; put a token into the path or the query.".to_owned(),
        ),
        RequestError::BadPort(_, port) => (
            "bad_port",
            format!("{name} uses port {port}, which is reserved for another protocol."),
            "Use 443, 8443 or another port that browsers allow.".to_owned(),
        ),
        _ => {
            let (code, why, mend) = no_url(name, text, plus);
            (code, format!("{name} is {}: {why}.", quoted(text)), mend)
        }
    }
}

/// Why a text is no URL the store can use.
fn no_url(name: &str, text: &str, plus: bool) -> (&'static str, String, String) {
    let once = "Send an absolute URL such as https://app.example/done, encoded once.".to_owned();
    let (code, why, mend) = if let Ok(url) = AppUrl::read(text) {
        let why = format!("the scheme {} leads back to no app", quoted(url.parsed().scheme()));
        ("scheme", why, "Use https, or your app’s own scheme.".to_owned())
    } else if text.len() > 4096 {
        ("too_long", "it is longer than 4096 bytes".to_owned(), "Shorten it.".to_owned())
    } else if text.contains(char::is_whitespace) && plus {
        ("plus", "a + in a link means a space".to_owned(), "Write %2B for +.".to_owned())
    } else if text.contains(char::is_whitespace) {
        let mend = "Write %20 inside of the URL, which becomes %2520 in the link.".to_owned();
        ("space", "a space stands in it".to_owned(), mend)
    } else if text.contains(char::is_control) {
        ("control", "a control character stands in it".to_owned(), once)
    } else if text.contains('\\') {
        ("backslash", "a backslash stands in it".to_owned(), "Write / for \\.".to_owned())
    } else if accepted(name, &better(name, text, plus)).is_some() && text.contains('%') {
        ("encoded_twice", "it is encoded too often".to_owned(), "Encode it once.".to_owned())
    } else if text.starts_with('/') {
        let mend = "Send the whole URL, with https:// and the host.".to_owned();
        ("relative", "it has no scheme and no host".to_owned(), mend)
    } else {
        let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
        match Url::parse(&format!("https://{rest}")) {
            Ok(_) => ("host", "its host is no name on the Internet".to_owned(), once),
            Err(error) => ("not_a_url", error.to_string(), once),
        }
    };
    (code, why, mend)
}

/// What works but was hardly meant.
pub fn hints(name: &'static str, text: &str) -> Vec<Finding> {
    let about = Subject::Parameter(name);
    let Some(url) = accepted(name, text) else { return Vec::new() };
    let mut hints = Vec::new();
    let host_is_scheme = Url::parse(&url)
        .is_ok_and(|url| matches!(url.host(), Some(Host::Domain("http" | "https"))));
    if host_is_scheme {
        hints.push(Finding::hint(
            "doubled_scheme",
            about,
            format!("{name} is read as {}: its host is “http” or “https”.", quoted(&url)),
            "Write the scheme once, with two slashes.",
        ));
    } else if !text.contains("://") && url.strip_prefix("https://") == Some(text) {
        hints.push(Finding::hint(
            "no_scheme",
            about,
            format!("{name} has no scheme; the store reads {}.", quoted(&url)),
            "Write https:// in front.",
        ));
    } else if !text.contains("://") {
        hints.push(Finding::hint(
            "encoded_twice",
            about,
            format!("{name} is encoded twice; the store reads {}.", quoted(&url)),
            "Encode it once: stores differ in how they read this.",
        ));
    }
    if name != "return_url" && url.contains('#') {
        hints.push(Finding::hint(
            "callback_fragment",
            about,
            format!("What stands behind # in {name} is never sent."),
            "Leave it out, or make it part of the query.",
        ));
    }
    hints
}

/// Says when the two lead to different owners, since the manager sees a warning then.
pub fn compare(parameters: &Parameters) -> Option<Finding> {
    let text = |name| parameters.text(name).filter(|text| taken(name, text));
    let back = ReturnUrl::read(text("return_url")?).ok()?.url().registrable_domain()?;
    let to = CallbackUrl::read(text("callback_url")?).ok()?.url().registrable_domain()?;
    (back != to).then(|| {
        Finding::hint(
            "other_domain",
            Subject::Parameter("callback_url"),
            format!(
                "The keys go to {}, the browser goes back to {}: the manager sees a warning.",
                quoted(&to),
                quoted(&back)
            ),
            "Use one domain for both, if you can.",
        )
    })
}

fn taken(name: &str, text: &str) -> bool {
    refusal(name, Some(&Value::Text(text.to_owned()))).is_none()
}
