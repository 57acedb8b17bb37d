//! One callback as a developer reads it: what came, whether the store signed it, what was answered.
//!
//! Made of what a stranger may have sent, so every text is cut and freed of what a terminal would obey.
//! Never: a whole secret, and no part of a body that is not understood.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use super::answer::Answer;
use crate::domain::text::{shortened, visible};

/// WooCommerce's members, in their order.
const MEMBERS: [&str; 5] =
    ["key_id", "user_id", "consumer_key", "consumer_secret", "key_permissions"];

/// How many members of an event are shown.
const MOST_TOLD: usize = 20;

/// The longest text that is shown, in characters.
const LONGEST: usize = 200;

/// Whether the store signed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "is", content = "why", rename_all = "snake_case")]
pub enum Signature {
    /// It holds.
    Holds,
    /// It does not, for that reason.
    DoesNotHold(String),
    /// Nobody can tell, for that reason.
    Unknown(String),
}

/// A callback, ready to be shown.
#[derive(Clone, Debug, Serialize)]
pub struct Callback {
    /// When it came, RFC 3339.
    pub at: String,
    /// Path and query it was sent to.
    pub path: String,
    /// `webhook-id`; empty if it was not sent.
    pub webhook_id: String,
    /// How often this id came, this time included; nothing without an id.
    pub attempt: Option<usize>,
    /// The event's type, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// The five members in their order, the secret cut; or what an event tells.
    pub members: Map<String, Value>,
    /// What is wrong with the body, if anything is.
    pub body_error: Option<String>,
    /// Whether the store signed it.
    pub signature: Signature,
    /// What it is answered.
    pub answer: String,
}

/// The head of a callback, before its body is looked at.
pub struct Head {
    pub at: String,
    pub path: String,
    pub webhook_id: String,
    pub attempt: Option<usize>,
}

impl Callback {
    /// Looks at a body.
    pub fn new(head: Head, body: &[u8], signature: Signature, answer: Answer) -> Self {
        let Body { event, members, error: body_error } = Body::read(body);
        Self {
            at: head.at,
            path: shown(&head.path),
            webhook_id: shown(&head.webhook_id),
            attempt: head.attempt,
            event,
            members,
            body_error,
            signature,
            answer: answer.to_string(),
        }
    }
}

/// What a body holds, as it may be shown.
#[derive(Default)]
struct Body {
    event: Option<String>,
    members: Map<String, Value>,
    error: Option<String>,
}

impl Body {
    fn read(body: &[u8]) -> Self {
        let wrong = |error: String| Self { error: Some(error), ..Self::default() };
        let value: Value = match serde_json::from_slice(body) {
            Ok(value) => value,
            // Line and column only: the parser's other words could quote the secret.
            Err(e) => {
                let place = format!("line {}, column {}", e.line(), e.column());
                return wrong(format!("not JSON ({} bytes; {place})", body.len()));
            }
        };
        match value.as_object() {
            None => wrong("JSON, but not an object".to_owned()),
            Some(object) => Self::event(object).unwrap_or_else(|| Self::keys(object)),
        }
    }

    /// Word of a key: a type, a time, and what is told.
    fn event(object: &Map<String, Value>) -> Option<Self> {
        let name = object.get("type")?.as_str()?;
        let data = object.get("data")?.as_object()?;
        let members =
            data.iter().take(MOST_TOLD).map(|(name, value)| (shown(name), look(name, value)));
        Some(Self { event: Some(shown(name)), members: members.collect(), error: None })
    }

    fn keys(object: &Map<String, Value>) -> Self {
        let found = MEMBERS.iter().filter_map(|name| Some((*name, look(name, object.get(*name)?))));
        let members = found.map(|(name, value)| (name.to_owned(), value)).collect();
        let wrong: Vec<_> =
            MEMBERS.into_iter().filter(|name| !fits(name, object.get(*name))).collect();
        let error = (!wrong.is_empty())
            .then(|| format!("missing or of another type: {}", wrong.join(", ")));
        Self { event: None, members, error }
    }
}

/// Whether a member has the type it must have: `key_id` a number, the others texts.
fn fits(name: &str, value: Option<&Value>) -> bool {
    value.is_some_and(|value| if name == "key_id" { value.is_number() } else { value.is_string() })
}

/// A member as it may be shown.
fn look(name: &str, value: &Value) -> Value {
    match (name, value) {
        ("consumer_key" | "consumer_secret", Value::String(text)) => cut(text).into(),
        ("consumer_key" | "consumer_secret", _) => "(no text)".into(),
        (_, Value::String(text)) => shown(text).into(),
        (_, Value::Number(number)) => number.clone().into(),
        _ => "(no text)".into(),
    }
}

/// The first seven characters of a credential that is long enough to keep the rest secret.
fn cut(credential: &str) -> String {
    let count = credential.chars().count();
    if count < 32 {
        return format!("({count} characters)");
    }
    format!("{}…", visible(&credential.chars().take(7).collect::<String>()))
}

/// A stranger's text for one line of a terminal.
fn shown(text: &str) -> String {
    shortened(&visible(text), LONGEST)
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Holds => f.write_str("holds"),
            Self::DoesNotHold(why) => write!(f, "DOES NOT HOLD: {why}"),
            Self::Unknown(why) => write!(f, "cannot be checked: {why}"),
        }
    }
}

impl fmt::Display for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = if self.webhook_id.is_empty() { "no webhook-id" } else { &self.webhook_id };
        let attempt = self.attempt.map(|number| format!(", attempt {number}")).unwrap_or_default();
        writeln!(f, "{}  POST {}", self.at, self.path)?;
        writeln!(f, "  {id}{attempt}")?;
        for (name, value) in &self.members {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            writeln!(f, "  {name:<16} {text}")?;
        }
        let good = match &self.event {
            Some(event) => format!("event {event}"),
            None => "JSON with the five members".to_owned(),
        };
        writeln!(f, "  {:<16} {}", "body", self.body_error.as_ref().unwrap_or(&good))?;
        writeln!(f, "  {:<16} {}", "signature", self.signature)?;
        writeln!(f, "  {:<16} {}", "answered", self.answer)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECRET: &str = "cs_0123456789012345678901234567890123456789";

    fn callback(body: &[u8]) -> Callback {
        let head = Head {
            at: "2026-11-20T20:45:03Z".to_owned(),
            path: "/500\u{1b}[2J".to_owned(),
            webhook_id: "msg_1".to_owned(),
            attempt: Some(2),
        };
        Callback::new(head, body, Signature::Holds, Answer::Status(500))
    }

    #[test]
    fn a_good_body_is_shown_with_its_secret_cut() {
        let body = format!(
            r#"{{"key_id":7,"user_id":"a\u001b[2J","consumer_key":"ck_{}","consumer_secret":"{SECRET}","key_permissions":"read","state":"{SECRET}"}}"#,
            "a".repeat(40)
        );
        let text = callback(body.as_bytes()).to_string();
        for line in [
            "POST /500[2J",
            "msg_1, attempt 2",
            "key_id           7",
            "user_id          a[2J",
            "consumer_key     ck_aaaa…",
            "consumer_secret  cs_0123…",
            "signature        holds",
            "answered         500",
            "body             JSON with the five members",
        ] {
            assert!(text.contains(line), "{line:?} is not in {text}");
        }
        assert!(!text.contains(SECRET) && !text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn an_event_is_shown_with_what_it_tells() {
        let body = format!(
            r#"{{"type":"key.revoked","timestamp":"x","data":{{"key_id":7,"reason":"a\u001b[2J","consumer_secret":"{SECRET}"}}}}"#
        );
        let callback = callback(body.as_bytes());
        let text = callback.to_string();
        for line in
            ["body             event key.revoked", "key_id           7", "reason           a[2J"]
        {
            assert!(text.contains(line), "{line:?} is not in {text}");
        }
        let json = serde_json::to_string(&callback).unwrap();
        assert!(!text.contains(SECRET) && !json.contains(SECRET), "{text}");
        assert!(callback.body_error.is_none() && json.contains(r#""event":"key.revoked""#));
    }

    #[test]
    fn what_is_wrong_with_a_body_is_told_without_quoting_it() {
        for (body, says) in [
            ("", "not JSON (0 bytes"),
            ("consumer_secret=cs_0123456789", "not JSON"),
            ("[]", "not an object"),
            ("{}", "key_id, user_id, consumer_key, consumer_secret, key_permissions"),
            (r#"{"key_id":"7","consumer_secret":["cs_0123456789"]}"#, "key_id, user_id"),
            (r#"{"consumer_secret":"cs_0123456789"}"#, "missing or of another type: key_id"),
        ] {
            let callback = callback(body.as_bytes());
            let error = callback.body_error.as_deref().unwrap();
            assert!(error.contains(says), "{error}");
            let json = serde_json::to_string(&callback).unwrap();
            assert!(!callback.to_string().contains("123456789") && !json.contains("123456789"));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_looked_at_without_a_panic(bytes: Vec<u8>) {
            let _ = callback(&bytes).to_string();
        }
    }
}
