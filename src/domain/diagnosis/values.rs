//! One parameter's value: refused or not, why, what would be better, and what works but looks wrong.

use percent_encoding::percent_decode_str;

use super::{
    Understood, app_urls,
    finding::{Finding, Subject, quoted},
    link::{Link, pairs},
    scope,
};
use crate::domain::{
    authorize_request::{AuthorizeRequest, RequestError},
    parameters::{Parameters, Value},
    permissions::Permissions,
};

/// The parameters that are looked at, in the order the store checks them.
pub const NAMES: [&str; 7] =
    ["app_name", "user_id", "return_url", "callback_url", "scope", "state", "events_url"];

/// Those that may be left out.
const OPTIONAL: [&str; 2] = ["state", "events_url"];

/// Those that are addresses.
const URLS: [&str; 3] = ["return_url", "callback_url", "events_url"];

/// Why the store refuses this value of `name`, if it does.
pub fn refusal(name: &str, value: Option<&Value>) -> Option<RequestError> {
    let good = [
        ("app_name", "x"),
        ("user_id", "1"),
        ("return_url", "https://app.example"),
        ("callback_url", "https://app.example"),
        ("scope", "read"),
    ];
    let good = Parameters::of(good.map(|(name, value)| (name, value.to_owned())));
    AuthorizeRequest::read(&good.with(name, value.cloned())).err()
}

/// Everything to be said about one parameter.
pub fn look(name: &'static str, link: &Link, parameters: &Parameters) -> Vec<Finding> {
    let value = parameters.value(name);
    if let Some(error) = refusal(name, value) {
        return vec![refused(name, value, &error, link)];
    }
    let Some(Value::Text(text)) = value else { return Vec::new() };
    match name {
        _ if URLS.contains(&name) => app_urls::hints(name, text),
        "scope" => Vec::new(),
        _ => text_hints(name, text, link),
    }
}

/// One parameter as the store reads it; nothing for an optional one that was not sent.
pub fn understood(name: &'static str, parameters: &Parameters) -> Option<Understood> {
    let value = parameters.value(name);
    if OPTIONAL.contains(&name) && value.is_none() {
        return None;
    }
    let accepted = refusal(name, value).is_none();
    let value = parameters.text(name).map(|text| match app_urls::accepted(name, text) {
        Some(url) => url,
        None => text.to_owned(),
    });
    Some(Understood { name, value, accepted })
}

/// The value as it was probably meant.
pub fn better(name: &str, text: &str, link: &Link) -> String {
    match name {
        _ if URLS.contains(&name) => app_urls::better(name, text, has_plus(name, link)),
        "scope" => {
            let decoded = decoded_once(text).unwrap_or_else(|| text.to_owned());
            let meant = Permissions::parse(text).or_else(|| scope::meant(&decoded));
            meant.map_or_else(|| text.to_owned(), |scope| scope.as_str().to_owned())
        }
        _ => decoded_once(text).unwrap_or_else(|| text.to_owned()),
    }
}

fn refused(
    name: &'static str,
    value: Option<&Value>,
    error: &RequestError,
    link: &Link,
) -> Finding {
    let about = Subject::Parameter(name);
    let text = match value {
        Some(Value::Text(text)) => text.as_str(),
        _ => "",
    };
    let (code, what, mend) = match error {
        RequestError::Missing(_) => missing(name, value),
        RequestError::Invalid(_) => match value {
            Some(Value::Array) => (
                "array",
                format!("{name} is sent as a list ({name}[]=…)."),
                format!("Send one plain text: {name}=…"),
            ),
            _ => (
                "not_text",
                format!("{name} holds bytes that are not UTF-8, or a NUL."),
                "Encode the text as UTF-8 before percent-encoding it.".to_owned(),
            ),
        },
        RequestError::TooLong(_, most) => (
            "too_long",
            format!("{name} is longer than {most}."),
            "Shorten it; keep the rest on your own server under a random id.".to_owned(),
        ),
        RequestError::Scope(_) => wrong_scope(text),
        RequestError::Url(_)
        | RequestError::NotSecure(_)
        | RequestError::HasUserInfo(_)
        | RequestError::BadPort(..) => app_urls::refused(name, text, error, has_plus(name, link)),
    };
    Finding::error(code, about, what, mend)
}

fn missing(name: &str, value: Option<&Value>) -> (&'static str, String, String) {
    let (what, mend) = match value {
        Some(Value::Text(text)) if text == "0" => (
            format!("{name} is 0, which counts as missing, as in WooCommerce."),
            format!("Send a {name} other than 0."),
        ),
        Some(Value::Text(text)) if text.is_empty() => {
            (format!("{name} is empty."), format!("Send a value: {name}=…"))
        }
        Some(_) => (
            format!("{name} holds nothing that people can see."),
            "Send the name of your app.".to_owned(),
        ),
        None => (format!("{name} is missing."), format!("Send it: {name}=…")),
    };
    ("missing", what, mend)
}

fn wrong_scope(text: &str) -> (&'static str, String, String) {
    let what = format!("The scope {} is none of read, write and read_write.", quoted(text));
    let decoded = decoded_once(text);
    let mend = match scope::meant(decoded.as_deref().unwrap_or(text)) {
        Some(scope) => format!("Send scope={scope}; case, spaces and commas count."),
        None => "Send one of the three words, in small letters.".to_owned(),
    };
    ("scope", what, mend)
}

fn text_hints(name: &'static str, text: &str, link: &Link) -> Vec<Finding> {
    let mut hints = Vec::new();
    if let Some(decoded) = decoded_once(text) {
        hints.push(Finding::hint(
            "encoded_twice",
            Subject::Parameter(name),
            format!("{name} is read as {}: it looks encoded twice.", quoted(text)),
            format!("Encode it once, so that it is read as {}.", quoted(&decoded)),
        ));
    }
    if name != "app_name" && has_plus(name, link) {
        hints.push(Finding::hint(
            "plus",
            Subject::Parameter(name),
            format!("A + in a link means a space, so {name} is read as {}.", quoted(text)),
            "Write %2B for a plus sign and %20 for a space.",
        ));
    }
    hints
}

/// Whether a `+` stands in the value as it is in the link.
fn has_plus(name: &str, link: &Link) -> bool {
    let list = pairs(&link.query);
    list.iter().rev().find(|pair| pair.name == name).is_some_and(|p| p.raw_value().contains('+'))
}

/// The text decoded once more, if every `%` in it begins an encoded byte and the result is a text.
pub fn decoded_once(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    let mut percents = bytes.iter().enumerate().filter(|(_, b)| **b == b'%').peekable();
    percents.peek()?;
    if text.contains(' ') || !percents.all(|(at, _)| hex(at + 1) && hex(at + 2)) {
        return None;
    }
    let decoded = percent_decode_str(text).decode_utf8().ok()?;
    (!decoded.contains('\0')).then(|| decoded.into_owned())
}
