//! The members of a JSON body: each is taken by its name and read, and all that is wrong is told at once.
//!
//! Why not derived: a program's author wants every fault, by the member's name, and a member that nobody
//! reads (a misspelt `expire_at`) must not pass in silence. Members that come twice are refused, since
//! others who read the body may take the other one. Depth is bounded by the parser (128). Never: a value
//! in a message.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};
use serde_json::Value;

use super::problem::{FieldError, Problem};

/// The members not yet read, and what is wrong with those that were.
pub struct Members {
    left: BTreeMap<String, Value>,
    wrong: Vec<FieldError>,
    within: &'static str,
}

/// Why a value cannot be taken.
pub type Wrong = String;

impl Members {
    /// Reads a body.
    ///
    /// # Errors
    /// If it is no JSON, or no object.
    pub fn read(body: &[u8]) -> Result<Self, Problem> {
        let object: Object = serde_json::from_slice(body).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let detail = match error.classify() {
                serde_json::error::Category::Data => {
                    "the body must be one JSON object whose members each come once".to_owned()
                }
                _ => format!("the body is no JSON: look at line {line}, column {column}"),
            };
            Problem::unreadable("malformed_json", detail)
        })?;
        Ok(Self { left: object.0, ..Self::none() })
    }

    /// No members at all.
    pub fn none() -> Self {
        Self { left: BTreeMap::new(), wrong: Vec::new(), within: "" }
    }

    /// A member that must be there.
    pub fn required<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&Value) -> Result<T, Wrong>,
    ) -> Option<T> {
        if !self.left.contains_key(name) {
            self.note(name, "is missing".to_owned());
        }
        self.optional(name, read)
    }

    /// A member that may be left out.
    pub fn optional<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&Value) -> Result<T, Wrong>,
    ) -> Option<T> {
        let value = self.left.remove(name)?;
        read(&value).map_err(|message| self.note(name, message)).ok()
    }

    /// A member that may be left out, or be null to take away what is there.
    pub fn nullable<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&Value) -> Result<T, Wrong>,
    ) -> Option<Option<T>> {
        self.optional(name, |value| if value.is_null() { Ok(None) } else { read(value).map(Some) })
    }

    /// A member that has members itself.
    pub fn within<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        if !self.left.contains_key(name) {
            self.note(name, "is missing".to_owned());
        }
        self.within_if_any(name, read)
    }

    /// A member that has members itself and may be left out.
    pub fn within_if_any<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let Value::Object(map) = self.left.remove(name)? else {
            self.note(name, "must be an object".to_owned());
            return None;
        };
        let mut inner = Self { left: map.into_iter().collect(), wrong: Vec::new(), within: name };
        let found = read(&mut inner);
        inner.note_strangers();
        self.wrong.append(&mut inner.wrong);
        found
    }

    /// Notes what is wrong with a member.
    pub fn note(&mut self, name: &str, message: String) {
        let dot = if self.within.is_empty() { "" } else { "." };
        self.wrong.push(FieldError { field: format!("{}{dot}{name}", self.within), message });
    }

    /// Notes what else is wrong with a member, unless something is already.
    pub fn note_once(&mut self, name: &str, message: String) {
        if !self.wrong.iter().any(|wrong| wrong.field == name) {
            self.note(name, message);
        }
    }

    /// What was made of the members, if nothing is wrong.
    ///
    /// # Errors
    /// Everything that is.
    pub fn finish<T>(mut self, made: Option<T>) -> Result<T, Problem> {
        self.note_strangers();
        match made {
            Some(made) if self.wrong.is_empty() => Ok(made),
            _ => Err(Problem::invalid(self.wrong)),
        }
    }

    fn note_strangers(&mut self) {
        for name in std::mem::take(&mut self.left).into_keys() {
            let name: String = name.chars().take(60).collect();
            self.note(&name, "is not known here".to_owned());
        }
    }
}

/// A text.
///
/// # Errors
/// If it is none.
pub fn text(value: &Value) -> Result<String, Wrong> {
    value.as_str().map(str::to_owned).ok_or_else(|| "must be a text".to_owned())
}

/// A list of texts.
///
/// # Errors
/// If it is none.
pub fn texts(value: &Value) -> Result<Vec<String>, Wrong> {
    let all: Option<Vec<String>> = value
        .as_array()
        .and_then(|items| items.iter().map(|item| item.as_str().map(str::to_owned)).collect());
    all.ok_or_else(|| "must be a list of texts".to_owned())
}

/// Yes or no.
///
/// # Errors
/// If it is neither.
pub fn flag(value: &Value) -> Result<bool, Wrong> {
    value.as_bool().ok_or_else(|| "must be true or false".to_owned())
}

/// The number of something.
///
/// # Errors
/// If it is none.
pub fn id(value: &Value) -> Result<i64, Wrong> {
    let id = whole_number(value).filter(|id| *id > 0);
    id.ok_or_else(|| "must be a whole number above 0".to_owned())
}

/// A whole number, however it is written.
pub fn whole_number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| whole(value.as_f64()?))
}

/// `7.0`, which is a whole number to JSON Schema, and what some languages write.
#[expect(clippy::cast_possible_truncation, reason = "every whole number below 2^53 fits")]
fn whole(number: f64) -> Option<i64> {
    let is_exact = number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0;
    is_exact.then_some(number as i64)
}

/// The same text for the same value, however it was written.
pub fn in_one_form(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<_, _> = map.iter().collect();
            let members = sorted.into_iter().map(|(name, value)| {
                format!("{}:{}", Value::from(name.as_str()), in_one_form(value))
            });
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(in_one_form).collect::<Vec<_>>().join(","))
        }
        plain => plain.to_string(),
    }
}

/// One of some words.
pub fn word<T>(
    allowed: &'static [&'static str],
    parse: impl Fn(&str) -> Option<T>,
) -> impl Fn(&Value) -> Result<T, Wrong> {
    move |value| {
        let found = value.as_str().and_then(&parse);
        found.ok_or_else(|| format!("must be one of: {}", allowed.join(", ")))
    }
}

/// An object whose members each come once.
struct Object(BTreeMap<String, Value>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut members = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if members.insert(name, value).is_some() {
                        return Err(A::Error::custom("a member comes twice"));
                    }
                }
                Ok(Object(members))
            }
        }
        from.deserialize_map(Reader)
    }
}
