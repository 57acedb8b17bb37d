//! Log lines, as text or JSON: one event is one line, whatever stands in it.
//!
//! Why our own: a line is made of what strangers send, so every value is written such that no line end,
//! control or direction-changing character of theirs reaches a terminal or a log shipper; and a line
//! logged anywhere within a request carries its ids at the top, where they can be searched for.
//! Never: what other spans hold, which is for traces.

use std::{
    fmt::{self, Debug, Write as _},
    io::Write as _,
};

use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{Layer, layer::Context, registry::LookupSpan};

use crate::domain::text::is_invisible;

/// Fields of spans that are written with each line logged within them.
const CARRIED: [&str; 3] = ["request_id", "trace_id", "delivery"];

/// The longest value that is written, in characters.
const LONGEST: usize = 4_096;

/// How lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For people.
    Text,
    /// For programs: JSON Lines.
    Json,
}

/// Writes lines to standard error.
pub struct LogLines(pub Form);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for LogLines {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut carried = Carried::default();
        attributes.record(&mut carried);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(carried);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(carried) = span.extensions_mut().get_mut::<Carried>()
        {
            values.record(carried);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut said = Said::default();
        event.record(&mut said);
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(Carried(carried)) = span.extensions().get() {
                said.carry(carried);
            }
        }
        let metadata = event.metadata();
        let line = Line {
            at: now(),
            level: *metadata.level(),
            target: said.target.as_deref().unwrap_or(metadata.target()),
            message: &said.message,
            fields: &said.fields,
        };
        // In one piece, so that lines of threads do not mix. A closed terminal is nobody's fault.
        let _ = std::io::stderr().write_all(line.written(self.0).as_bytes());
    }
}

#[expect(clippy::disallowed_methods, reason = "lines are read beside those of other programs")]
fn now() -> String {
    format!("{:.6}", jiff::Timestamp::now())
}

/// A value, and whether it is a number or truth, which JSON writes bare.
#[derive(Clone)]
struct Value {
    text: String,
    is_bare: bool,
}

/// What a span hands to the lines within it.
#[derive(Default)]
struct Carried(Vec<(&'static str, Value)>);

impl Visit for Carried {
    fn record_str(&mut self, field: &Field, value: &str) {
        if let Some(name) = CARRIED.into_iter().find(|name| *name == field.name()) {
            self.0.push((name, Value { text: value.to_owned(), is_bare: false }));
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if CARRIED.contains(&field.name()) {
            self.record_str(field, &format!("{value:?}"));
        }
    }
}

/// What an event says.
#[derive(Default)]
struct Said {
    message: String,
    target: Option<String>,
    fields: Vec<(&'static str, Value)>,
}

impl Said {
    /// Takes what the event does not say itself.
    fn carry(&mut self, carried: &[(&'static str, Value)]) {
        for (name, value) in carried {
            if !self.fields.iter().any(|(there, _)| there == name) {
                self.fields.push((name, value.clone()));
            }
        }
    }

    fn say(&mut self, field: &Field, text: String, is_bare: bool) {
        match field.name() {
            "message" => self.message = text,
            // Lines of libraries that use `log` name their place so.
            "log.target" => self.target = Some(text),
            name if name.starts_with("log.") => {}
            name => self.fields.push((name, Value { text, is_bare })),
        }
    }
}

impl Visit for Said {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.say(field, value.to_string(), true);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.say(field, value.to_string(), true);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.say(field, value.to_string(), true);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.say(field, value.to_owned(), false);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.say(field, format!("{value:?}"), false);
    }
}

struct Line<'a> {
    at: String,
    level: Level,
    target: &'a str,
    message: &'a str,
    fields: &'a [(&'static str, Value)],
}

impl Line<'_> {
    fn written(&self, form: Form) -> String {
        let mut line = String::with_capacity(256);
        let written = match form {
            Form::Text => self.text(&mut line),
            Form::Json => self.json(&mut line),
        };
        written.expect("a String takes any text");
        line.push('\n');
        line
    }

    fn text(&self, line: &mut String) -> fmt::Result {
        write!(line, "{} {:>5} ", self.at, self.level)?;
        escaped(line, self.target, "")?;
        line.push_str(": ");
        escaped(line, self.message, "")?;
        for (name, value) in self.fields {
            write!(line, " {name}=")?;
            if is_plain(&value.text) {
                line.push_str(&value.text);
            } else {
                line.push('"');
                escaped(line, &value.text, "\"\\")?;
                line.push('"');
            }
        }
        Ok(())
    }

    fn json(&self, line: &mut String) -> fmt::Result {
        write!(line, "{{\"timestamp\":\"{}\",\"level\":\"{}\"", self.at, self.level)?;
        for (name, text) in [("target", self.target), ("message", self.message)] {
            write!(line, ",\"{name}\":\"")?;
            escaped(line, text, "\"\\")?;
            line.push('"');
        }
        for (name, value) in self.fields {
            write!(line, ",\"{name}\":")?;
            if value.is_bare {
                line.push_str(&value.text);
            } else {
                line.push('"');
                escaped(line, &value.text, "\"\\")?;
                line.push('"');
            }
        }
        line.push('}');
        Ok(())
    }
}

/// Whether a value can stand in a line of text as it is.
fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= LONGEST
        && text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\' | b'='))
}

/// Writes text such that it stays within its line and shows what it is; `marked` get a backslash, as in
/// JSON.
fn escaped(line: &mut String, text: &str, marked: &str) -> fmt::Result {
    for (number, c) in text.chars().enumerate() {
        if number == LONGEST {
            line.push_str("...");
            break;
        }
        if marked.contains(c) {
            line.push('\\');
            line.push(c);
        } else if c.is_control() || is_invisible(c) || matches!(c, '\u{2028}' | '\u{2029}') {
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(line, "\\u{unit:04x}")?;
            }
        } else {
            line.push(c);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(message: &str, value: &str, form: Form) -> String {
        let fields = [
            ("path", Value { text: value.to_owned(), is_bare: false }),
            ("status", Value { text: "200".to_owned(), is_bare: true }),
        ];
        let at = "2026-11-25T12:00:00.000000Z".to_owned();
        Line { at, level: Level::INFO, target: "appgrant", message, fields: &fields }.written(form)
    }

    #[test]
    fn a_line_reads_as_before() {
        assert_eq!(
            line("request", "/admin", Form::Text),
            "2026-11-25T12:00:00.000000Z  INFO appgrant: request path=/admin status=200\n"
        );
        let json: serde_json::Value =
            serde_json::from_str(&line("request", "/admin", Form::Json)).unwrap();
        assert_eq!(json["path"], "/admin");
        assert_eq!(json["status"], 200);
    }

    #[test]
    fn nothing_leaves_its_line() {
        let hostile = "a\r\n2026 ERROR x: \u{1b}[2J\u{202e}txt\u{2028}\u{85}\u{e0041}\"\\ b=\"c";
        for form in [Form::Text, Form::Json] {
            let line = line(hostile, hostile, form);
            assert_eq!(line.lines().count(), 1, "{line:?}");
            let ends = line.strip_suffix('\n').unwrap();
            assert!(!ends.chars().any(|c| c.is_control() || is_invisible(c)), "{line:?}");
            assert!(!ends.contains(['\u{2028}', '\u{2029}']));
        }
        let json: serde_json::Value =
            serde_json::from_str(&line(hostile, hostile, Form::Json)).unwrap();
        assert_eq!(json["message"], hostile);
        assert_eq!(json["path"], hostile);
    }

    #[test]
    fn nothing_is_endless() {
        for form in [Form::Text, Form::Json] {
            assert!(line("x", &"y".repeat(100_000), form).len() < 2 * LONGEST);
        }
    }
}
