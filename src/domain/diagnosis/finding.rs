//! What is said about a link: one sentence on what is the matter, one on how to mend it.
//!
//! Texts quote what strangers wrote; `quoted` makes that safe for one line of a terminal.

use std::fmt::Write as _;

use serde::Serialize;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The store refuses it.
    Error,
    /// It works, but somebody should look.
    Hint,
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// The link's address: scheme, host, path.
    Address,
    /// How its parameters are put together.
    Query,
    /// One parameter's value.
    #[serde(untagged)]
    Parameter(&'static str),
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A stable word.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about.
    pub about: Subject,
    /// What is the matter.
    pub what: String,
    /// What to do.
    pub mend: String,
}

impl Finding {
    /// The store refuses it.
    pub fn error(
        code: &'static str,
        about: Subject,
        what: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self { code, severity: Severity::Error, about, what: what.into(), mend: mend.into() }
    }

    /// It works, but somebody should look.
    pub fn hint(
        code: &'static str,
        about: Subject,
        what: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self { severity: Severity::Hint, ..Self::error(code, about, what, mend) }
    }

    /// Whether the store refuses it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// The longest quotation, in characters.
const LONGEST: usize = 100;

/// A stranger's text between quotation marks, cut, and with what a terminal would obey written out.
pub fn quoted(text: &str) -> String {
    format!("“{}”", plain(text, LONGEST))
}

/// A stranger's text of at most `longest` characters, with what a terminal would obey written out.
pub fn plain(text: &str, longest: usize) -> String {
    let mut out = String::new();
    for (count, c) in text.chars().enumerate() {
        if count >= longest {
            out.push('…');
            break;
        }
        if c != ' ' && super::super::text::visible(c.encode_utf8(&mut [0; 4])).is_empty() {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotations_are_short_and_harmless() {
        assert_eq!(quoted("a b"), "“a b”");
        assert_eq!(quoted("a\u{1b}[2J\n\u{202e}"), "“a\\u{1b}[2J\\u{a}\\u{202e}”");
        assert_eq!(quoted(&"é".repeat(200)).chars().count(), LONGEST + 3);
    }
}
