//! An export as text: rows of fields between commas, semicolons, bars or tabs, with the columns' names in
//! the first line.
//!
//! `mysql --batch` (and so `wp db query`) puts tabs between fields, quotes nothing and writes `\n`, `\t`
//! and `\\` for what would break a line. phpMyAdmin and spreadsheets quote, and write a quote twice.
//! `SELECT … INTO OUTFILE` quotes, and writes a backslash before a quote.

use std::io::Read;

use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder, Terminator};

use super::{Fields, Rows, Unreadable, Unusable, missing};
use crate::domain::metered::Meter;

const DELIMITERS: [u8; 4] = *b"\t,;|";

/// How a file is written.
struct Dialect {
    delimiter: u8,
    /// Whether fields may be quoted; else backslashes stand for what breaks lines.
    quotes: bool,
    /// Whether a backslash stands before a quote.
    backslash: bool,
}

pub(super) fn read(
    input: impl Read,
    head: &[u8],
    meter: &Meter,
    rows: &mut Rows<'_>,
) -> Result<(), Unreadable> {
    let dialect = Dialect::of(head);
    let mut reader = dialect.reader(input);
    let mut record = ByteRecord::new();
    let unreadable = |error: csv::Error, after| Unreadable::Io { after, error: plain(error) };
    reader.read_byte_record(&mut record).map_err(|error| unreadable(error, 0))?;
    let columns: Vec<_> =
        record.iter().map(|name| Fields::place(&String::from_utf8_lossy(name))).collect();
    let missing = missing(|column| columns.contains(&Fields::place(column)));
    if !missing.is_empty() {
        return Err(Unreadable::Columns(missing));
    }
    while !rows.ended {
        meter.row_ended();
        if !reader.read_byte_record(&mut record).map_err(|error| unreadable(error, rows.count))? {
            break;
        }
        rows.take(dialect.fields(&record, &columns));
    }
    Ok(())
}

impl Dialect {
    /// Looks at the beginning of a file.
    fn of(head: &[u8]) -> Self {
        let first = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let known = |delimiter: u8| {
            let names = first.split(|byte| *byte == delimiter);
            names
                .filter(|name| Fields::place(String::from_utf8_lossy(name).trim()).is_some())
                .count()
        };
        let delimiter = DELIMITERS.into_iter().max_by_key(|delimiter| known(*delimiter));
        let delimiter = delimiter.unwrap_or(b',');
        let quotes = delimiter != b'\t' || first.starts_with(b"\"");
        let ends = |byte: u8| matches!(byte, b'\r' | b'\n' | b'"') || byte == delimiter;
        let goes_on = |three: &[u8]| three.starts_with(b"\\\"") && !ends(three[2]);
        Self { delimiter, quotes, backslash: quotes && head.windows(3).any(goes_on) }
    }

    fn reader<R: Read>(&self, input: R) -> Reader<R> {
        let terminator = if self.quotes { Terminator::CRLF } else { Terminator::Any(b'\n') };
        ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(self.delimiter)
            .quoting(self.quotes)
            .escape(self.backslash.then_some(b'\\'))
            .terminator(terminator)
            .from_reader(input)
    }

    fn fields(&self, record: &ByteRecord, columns: &[Option<usize>]) -> Result<Fields, Unusable> {
        if record.len() != columns.len() {
            return Err(Unusable::Columns);
        }
        let mut fields = Fields::default();
        // Of columns of the same name the first counts.
        for (value, place) in record.iter().zip(columns).rev() {
            if let Some(place) = place {
                fields.set(*place, self.value(value));
            }
        }
        Ok(fields)
    }

    /// A field's value, unless it is NULL.
    fn value(&self, field: &[u8]) -> Option<String> {
        let text = String::from_utf8_lossy(field);
        let text = text.strip_suffix('\r').unwrap_or(&text);
        match text {
            "NULL" | "\\N" => None,
            text if self.quotes => Some(text.to_owned()),
            text => Some(unescaped(text)),
        }
    }
}

/// What `mysql --batch` meant.
fn unescaped(text: &str) -> String {
    let mut chars = text.chars();
    let mut plain = String::with_capacity(text.len());
    while let Some(c) = chars.next() {
        plain.push(match c {
            '\\' => match chars.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some('0') | None => '\0',
                Some(other) => other,
            },
            other => other,
        });
    }
    plain
}

fn plain(error: csv::Error) -> std::io::Error {
    match error.into_kind() {
        ErrorKind::Io(error) => error,
        _ => std::io::Error::other("it is no CSV"),
    }
}
