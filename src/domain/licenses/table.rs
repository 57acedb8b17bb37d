//! Licenses as CSV: what is exported reads back, and what other systems export needs only its columns renamed.
//!
//! Column names count, in any order; unknown ones are passed over, and of those known only `license_key` and
//! `sku` must be there. Fields are separated by commas, semicolons or tabs. A text that a spreadsheet would take
//! for a formula is written with an apostrophe before it, which is taken off again.
//! Never: what stands in a row in an error, since a whole license key may stand in the wrong place.

use std::{
    collections::HashSet,
    io::{self, Read},
};

use csv::{ReaderBuilder, StringRecord, Writer};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use super::{
    Activation, ActivationDomain, License, LicenseDraft, LicenseKey, LicenseState, Malformed,
    ProductDraft,
};
use crate::domain::{metered::Metered, timestamp::Timestamp};

/// The columns, as they are written.
const COLUMNS: [&str; 16] = [
    "license_key",
    "state",
    "sku",
    "product",
    "download_name",
    "download_url",
    "desktop",
    "customer",
    "email",
    "cart_token",
    "expires_at",
    "activation_limit",
    "domain_limit",
    "offline_interval",
    "offline_value",
    "activations",
];

/// How long a row may be, in bytes.
const LONGEST_ROW: usize = 1024 * 1024;

/// What would end an activation or a field, or begin a formula.
const TELLING: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'%')
    .add(b';')
    .add(b',')
    .add(b'"')
    .add(b'\'')
    .add(b'=')
    .add(b'+')
    .add(b'@');

/// What a spreadsheet takes for the beginning of a formula, and the apostrophe that keeps it from doing so.
const FORMULA: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\''];

/// A license that somebody brings along.
pub struct BroughtLicense {
    /// Its key.
    pub key: LicenseKey,
    /// What the customer bought.
    pub draft: LicenseDraft,
    /// Of which product.
    pub product: ProductDraft,
    /// Whether it was taken back.
    pub revoked: bool,
    /// Where it is activated: id and domain.
    pub activations: Vec<(i64, String)>,
}

/// Why a row cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// No key.
    #[error("license_key: {0}")]
    Key(#[from] Malformed),
    /// Only the beginning of a key, as exports without readable keys have it.
    #[error("license_key is shortened; only whole keys can be imported")]
    Shortened,
    /// Neither yes nor no.
    #[error("desktop must be true or false")]
    Desktop,
    /// None of the words.
    #[error("state must be active, expired or revoked")]
    State,
    /// Not pairs of id and domain.
    #[error("activations must be pairs like 1519628117:shop.example, with spaces between them")]
    Activations,
    /// The same id twice.
    #[error("activations has an id twice")]
    Twice,
    /// More or fewer than the header.
    #[error("it has not as many columns as the first line")]
    Columns,
    /// Not readable.
    #[error("it is no UTF-8 text")]
    Text,
}

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// It has not the columns that are needed.
    #[error("it has no column {0}; the first line must name the columns")]
    Column(&'static str),
    /// It cannot be read further.
    #[error("after row {after}: {error}")]
    Io {
        /// How many rows were read before.
        after: u64,
        /// What is wrong.
        error: io::Error,
    },
}

/// Reads a file; `each` gets the rows with their numbers, 1, 2, … Gives how many there are.
///
/// # Errors
/// If it cannot be read to its end; `each` has the rows before.
pub fn read(
    input: impl Read,
    each: &mut dyn FnMut(u64, Result<BroughtLicense, RowError>),
) -> Result<u64, TableError> {
    let (mut input, meter) = Metered::new(input, LONGEST_ROW);
    let failed = |after| move |error| TableError::Io { after, error };
    let mut head = [0; 4 * 1024];
    let length = fill(&mut input, &mut head).map_err(failed(0))?;
    let head = head[..length].strip_prefix("\u{feff}".as_bytes()).unwrap_or(&head[..length]);
    let mut reader = ReaderBuilder::new()
        .flexible(true)
        .delimiter(delimiter(head))
        .from_reader(head.chain(input));
    let unreadable = |after| move |error: csv::Error| TableError::Io { after, error: plain(error) };
    let header = reader.headers().map_err(unreadable(0))?.clone();
    let places = Places::of(&header)?;
    let (mut record, mut count) = (StringRecord::new(), 0);
    loop {
        meter.row_ended();
        let row = match reader.read_record(&mut record) {
            Ok(false) => return Ok(count),
            Ok(true) if record.len() != header.len() => Err(RowError::Columns),
            Ok(true) => places.row(&record),
            Err(error) if matches!(error.kind(), csv::ErrorKind::Utf8 { .. }) => {
                Err(RowError::Text)
            }
            Err(error) => return Err(unreadable(count)(error)),
        };
        count += 1;
        each(count, row);
    }
}

/// Which place each known column has.
struct Places([Option<usize>; COLUMNS.len()]);

impl Places {
    fn of(header: &StringRecord) -> Result<Self, TableError> {
        let place =
            |column: &str| header.iter().position(|name| name.trim().eq_ignore_ascii_case(column));
        for column in ["license_key", "sku"] {
            place(column).ok_or(TableError::Column(column))?;
        }
        Ok(Self(COLUMNS.map(place)))
    }

    fn row(&self, record: &StringRecord) -> Result<BroughtLicense, RowError> {
        let get = |column: &str| {
            let column = COLUMNS.iter().position(|name| *name == column);
            let value = column.and_then(|at| self.0[at]).and_then(|place| record.get(place));
            without_armor(value.unwrap_or_default()).to_owned()
        };
        let key = get("license_key");
        if key.contains('…') {
            return Err(RowError::Shortened);
        }
        let desktop = match get("desktop").trim().to_ascii_lowercase().as_str() {
            "" | "false" | "no" | "0" => false,
            "true" | "yes" | "1" => true,
            _ => return Err(RowError::Desktop),
        };
        let revoked = match get("state").trim() {
            "" => false,
            word => LicenseState::parse(word).ok_or(RowError::State)? == LicenseState::Revoked,
        };
        let product = ProductDraft {
            sku: get("sku"),
            name: get("product"),
            download_name: get("download_name"),
            download_url: get("download_url"),
            desktop,
        };
        let draft = LicenseDraft {
            sku: get("sku"),
            customer: get("customer"),
            email: get("email"),
            cart_token: get("cart_token"),
            expires_at: get("expires_at"),
            activation_limit: get("activation_limit"),
            domain_limit: get("domain_limit"),
            offline_interval: get("offline_interval"),
            offline_value: get("offline_value"),
        };
        let activations = activations(&get("activations"))?;
        Ok(BroughtLicense { key: LicenseKey::parse(&key)?, draft, product, revoked, activations })
    }
}

/// Reads `1519628117:shop.example 1519628200:`.
fn activations(text: &str) -> Result<Vec<(i64, String)>, RowError> {
    let mut all: Vec<(i64, String)> = Vec::new();
    for pair in text.split_whitespace() {
        let (id, domain) = pair.split_once(':').ok_or(RowError::Activations)?;
        let id = id.parse().ok().filter(|id| (1_000..=100_000_000_000).contains(id));
        let domain = percent_decode_str(domain).decode_utf8().map_err(|_| RowError::Activations)?;
        let domain = ActivationDomain::parse(&domain).map(|domain| domain.as_str().to_owned());
        let domain = domain.unwrap_or_default();
        all.push((id.ok_or(RowError::Activations)?, domain));
    }
    // The plugin makes another one each time, and its program goes on with the newest.
    all.sort_unstable_by(|(one, _), (other, _)| other.cmp(one));
    if all.windows(2).any(|two| two[0].0 == two[1].0) {
        return Err(RowError::Twice);
    }
    let mut seen = HashSet::new();
    all.retain(|(_, domain)| domain.is_empty() || seen.insert(domain.clone()));
    Ok(all)
}

/// Writes licenses with their keys, which may be shortened, and where they are activated; the header if it
/// is the first piece.
pub fn write<'a>(
    rows: impl Iterator<Item = (&'a License, &'a str, &'a [Activation])>,
    now: Timestamp,
    is_first: bool,
) -> Vec<u8> {
    let mut writer = Writer::from_writer(Vec::new());
    let mut line = |fields: &[String]| {
        writer.write_record(fields).expect("memory takes what is written");
    };
    if is_first {
        line(&COLUMNS.map(str::to_owned));
    }
    for (license, key, activations) in rows {
        let draft = LicenseDraft::of(&license.terms);
        let product = &license.product;
        let pair = |a: &Activation| format!("{}:{}", a.id, utf8_percent_encode(&a.domain, TELLING));
        let pairs: Vec<_> = activations.iter().map(pair).collect();
        let fields = [
            key.to_owned(),
            license.state(now).as_str().to_owned(),
            draft.sku,
            product.name.clone(),
            product.download_name.clone(),
            product.download_url.clone(),
            product.desktop.to_string(),
            draft.customer,
            draft.email,
            draft.cart_token,
            draft.expires_at,
            draft.activation_limit,
            draft.domain_limit,
            draft.offline_interval,
            draft.offline_value,
            pairs.join(" "),
        ];
        line(&fields.map(armored));
    }
    writer.into_inner().expect("memory takes what is written")
}

fn armored(value: String) -> String {
    if value.starts_with(FORMULA) { format!("'{value}") } else { value }
}

fn without_armor(value: &str) -> &str {
    value.strip_prefix('\'').filter(|rest| rest.starts_with(FORMULA)).unwrap_or(value)
}

fn delimiter(head: &[u8]) -> u8 {
    let first = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let columns = |delimiter: u8| first.split(|byte| *byte == delimiter).count();
    let found = *b"\t;,";
    found.into_iter().max_by_key(|delimiter| columns(*delimiter)).unwrap_or(b',')
}

fn fill(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match input.read(&mut buffer[length..])? {
            0 => break,
            count => length += count,
        }
    }
    Ok(length)
}

fn plain(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        csv::ErrorKind::Utf8 { .. } => io::Error::other("it is no UTF-8 text"),
        _ => io::Error::other("it is no CSV"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(text: &str) -> Vec<Result<BroughtLicense, RowError>> {
        let mut rows = Vec::new();
        read(text.as_bytes(), &mut |_, row| rows.push(row)).unwrap();
        rows
    }

    #[test]
    fn a_file_of_another_system_needs_two_columns() {
        let found = rows("\u{feff}order;SKU;License_Key\n7;pro;abc-1\n8;pro;\n");
        let row = found[0].as_ref().ok().unwrap();
        assert_eq!((row.key.expose(), row.draft.sku.as_str()), ("abc-1", "pro"));
        assert_eq!(found[1].as_ref().err(), Some(&RowError::Key(Malformed::NoDash)));
        for (text, column) in [("", "license_key"), ("license_key\nabc-1", "sku")] {
            let error = read(text.as_bytes(), &mut |_, _| {}).unwrap_err();
            assert!(matches!(error, TableError::Column(name) if name == column), "{text}");
        }
    }

    #[test]
    fn of_activations_of_one_domain_the_newest_counts() {
        let found = rows(
            "license_key,sku,activations\nabc-1,pro,1519628117:a.example 1519628119:A.example 1519628118:\n",
        );
        let found = &found[0].as_ref().ok().unwrap().activations;
        assert_eq!(
            *found,
            [(1_519_628_119, "a.example".to_owned()), (1_519_628_118, String::new())]
        );
    }

    /// A license whose texts are these.
    fn license(text: &str, number: i64) -> License {
        let draft = LicenseDraft {
            sku: format!("s{text}"),
            customer: text.to_owned(),
            cart_token: text.to_owned(),
            expires_at: "2036-02-25T18:57:34Z".to_owned(),
            activation_limit: "7".to_owned(),
            offline_interval: "days".to_owned(),
            offline_value: "3".to_owned(),
            ..LicenseDraft::default()
        };
        let terms = draft.read_old().unwrap();
        let product = ProductDraft {
            sku: terms.sku.clone(),
            name: text.to_owned(),
            ..ProductDraft::default()
        };
        License {
            id: 1,
            beginning: "Abcd".to_owned(),
            number,
            product: product.read().unwrap(),
            terms,
            created_at: Timestamp::from_millis(0),
            revoked_at: Some(Timestamp::from_millis(1)),
            activations: 1,
            domains: 1,
            version: 0,
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(text in "[ -~ -ÿ=+@\"',;\n]{0,30}", number in 0_i64..1_000) {
            let license = license(&text, number);
            let activation = Activation {
                id: 1_519_628_117,
                domain: "ada’s laptop;=1+1 %20".to_owned(),
                activated_at: license.created_at,
                seen_at: license.created_at,
                address: None,
                client: None,
            };
            let key = format!("abcdef-{number}");
            let row = (&license, key.as_str(), std::slice::from_ref(&activation));
            let bytes = write(std::iter::once(row), Timestamp::from_millis(5), true);
            let text = String::from_utf8(bytes).unwrap();
            let found = rows(&text).pop().unwrap().ok().unwrap();
            prop_assert_eq!(found.key.expose(), key);
            prop_assert_eq!(found.draft.read_old().unwrap(), license.terms.clone());
            prop_assert_eq!(found.product.read().unwrap(), license.product.clone());
            prop_assert!(found.revoked);
            prop_assert_eq!(found.activations, [(activation.id, activation.domain)]);
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
            let table = [b"license_key,sku,activations\n".as_slice(), &bytes].concat();
            let _ = read(bytes.as_slice(), &mut |_, _| {});
            let _ = read(table.as_slice(), &mut |_, _| {});
        }
    }

    #[test]
    fn what_is_wrong_with_a_row_is_told_without_its_content() {
        let header = "license_key,sku,desktop,state,activations\n";
        for (row, expected) in [
            ("secret,pro,,,", RowError::Key(Malformed::NoDash)),
            ("abcd…-1,pro,,,", RowError::Shortened),
            ("abc-1,pro,perhaps,,", RowError::Desktop),
            ("abc-1,pro,,gone,", RowError::State),
            ("abc-1,pro,,,shop.example", RowError::Activations),
            ("abc-1,pro,,,404:shop.example", RowError::Activations),
            ("abc-1,pro,,,1519628117:a.example 1519628117:b.example", RowError::Twice),
            ("abc-1,pro", RowError::Columns),
        ] {
            let found = rows(&format!("{header}{row}\n"));
            assert_eq!(found[0].as_ref().err(), Some(&expected), "{row}");
        }
        let mut found = Vec::new();
        read(&b"license_key,sku\nabc-1,\xff\nabc-2,pro\n"[..], &mut |_, row| {
            found.push(row.is_ok());
        })
        .unwrap();
        assert_eq!(found, [false, true]);
    }

    #[test]
    fn a_row_without_an_end_is_not_read_into_memory() {
        let head = &b"license_key,sku\n\""[..];
        let error = read(head.chain(io::repeat(b'a')), &mut |_, _| {}).unwrap_err();
        assert!(error.to_string().contains("1 MiB"), "{error}");
    }
}
