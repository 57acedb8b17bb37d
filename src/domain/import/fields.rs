//! The columns of WooCommerce's table, and what must hold of their values.

use jiff::{civil::DateTime, tz::TimeZone};
use zeroize::Zeroizing;

use crate::domain::{
    credential::ConsumerSecret, key::LONGEST_DESCRIPTION, permissions::Permissions, text,
    timestamp::Timestamp, woocommerce::KeyHash,
};

/// The columns that are read; `user_login` is WordPress' and may be joined to them.
const COLUMNS: [&str; 9] = [
    "key_id",
    "user_id",
    "user_login",
    "description",
    "permissions",
    "consumer_key",
    "consumer_secret",
    "truncated_key",
    "last_access",
];

/// Those without which nothing can be taken.
pub(super) const REQUIRED: [&str; 3] = ["consumer_key", "consumer_secret", "permissions"];

/// How many characters of a key people recognise it by.
const ENDING: usize = 7;

/// A key of WooCommerce's.
pub struct ExportedKey {
    /// The consumer key's hash.
    pub hash: KeyHash,
    /// The secret, in plain as WooCommerce has it.
    pub secret: ConsumerSecret,
    /// The last characters of the consumer key; empty if unknown.
    pub ending: String,
    /// What it is for.
    pub description: String,
    /// What it may do.
    pub permissions: Permissions,
    /// The number of the WordPress user it acts for.
    pub user_id: Option<String>,
    /// That user's login, if the export has it.
    pub user_login: Option<String>,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
}

/// Why a row cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// More or fewer columns than the header.
    #[error("it has not as many columns as the first line")]
    Columns,
    /// No hash of a consumer key.
    #[error("consumer_key is not 64 hexadecimal digits")]
    Hash,
    /// No secret.
    #[error("consumer_secret is not cs_ and 40 (or 32) hexadecimal digits")]
    Secret,
    /// None of the three words.
    #[error("permissions is not read, write or read_write")]
    Permissions,
    /// Longer than WooCommerce's own column.
    #[error("description has more than {LONGEST_DESCRIPTION} characters")]
    Description,
}

/// The values of one row, each unless it is NULL.
#[derive(Default)]
pub(super) struct Fields([Option<Zeroizing<String>>; COLUMNS.len()]);

impl Fields {
    /// The place of a column, if it is one that is read; names of tables and quotes are passed over.
    pub(super) fn place(name: &str) -> Option<usize> {
        let name = name.rsplit('.').next().unwrap_or(name).trim_matches(['"', '`', '\'', ' ']);
        COLUMNS.iter().position(|column| column.eq_ignore_ascii_case(name))
    }

    /// Sets a value.
    pub(super) fn set(&mut self, place: usize, value: Option<String>) {
        let value = value.filter(|value| !value.trim().is_empty());
        self.0[place] = value.map(Zeroizing::new);
    }

    /// Whether it has no value at all.
    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    fn get(&self, column: &str) -> Option<&str> {
        let place = COLUMNS.iter().position(|name| *name == column)?;
        Some(self.0[place].as_ref()?.trim())
    }

    /// WooCommerce's number, fit for a page.
    pub(super) fn key_id(&self) -> String {
        text::shortened(&text::visible(self.get("key_id").unwrap_or_default()), 20)
    }

    /// The key, if all that is needed can be used.
    pub(super) fn read(&self, zone: &TimeZone) -> Result<ExportedKey, Unusable> {
        let hash = self.get("consumer_key").and_then(KeyHash::parse).ok_or(Unusable::Hash)?;
        let secret = self.get("consumer_secret").and_then(ConsumerSecret::parse);
        let permissions = self.get("permissions").and_then(Permissions::parse);
        Ok(ExportedKey {
            hash,
            secret: secret.ok_or(Unusable::Secret)?,
            ending: self.ending(),
            description: self.description()?,
            permissions: permissions.ok_or(Unusable::Permissions)?,
            user_id: self.get("user_id").map(str::to_owned),
            user_login: self.get("user_login").map(str::to_owned),
            last_used_at: self.get("last_access").and_then(|text| instant(text, zone)),
        })
    }

    fn description(&self) -> Result<String, Unusable> {
        let text = text::visible(self.get("description").unwrap_or_default());
        if text.chars().count() > LONGEST_DESCRIPTION {
            return Err(Unusable::Description);
        }
        let unnamed = || format!("WooCommerce key {}", self.key_id()).trim_end().to_owned();
        Ok(if text.is_empty() { unnamed() } else { text })
    }

    fn ending(&self) -> String {
        let ending = self.get("truncated_key").unwrap_or_default();
        let is_one = ending.len() == ENDING && ending.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_one { ending.to_owned() } else { String::new() }
    }
}

/// A time in the site's own zone. What is none, such as a database's zero date, is not known.
fn instant(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let at: DateTime = text.parse().ok()?;
    let millis = at.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond();
    (millis > 0).then(|| Timestamp::from_millis(millis))
}
