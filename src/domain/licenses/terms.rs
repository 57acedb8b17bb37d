//! What a customer bought: read from what somebody typed, sent or imported, everything wrong told at once.

use std::fmt;

use super::product;
use crate::domain::{
    expiry::{self, ExpiryError},
    text,
    timestamp::Timestamp,
    user::Email,
};

/// The highest limit; what is meant to be higher has none.
const HIGHEST: i64 = 1_000_000;

/// What stands for “no limit” and “never ends”.
const NONE: [&str; 4] = ["", "unlimited", "never", "none"];

/// Something wrong about one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Its name, as in the API and in CSV.
    pub field: &'static str,
    /// What is wrong with it.
    pub message: String,
}

impl Wrong {
    /// Says what is wrong.
    pub fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self { field, message: message.into() }
    }
}

/// Everything that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrongs(pub Vec<Wrong>);

impl fmt::Display for Wrongs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.0.iter().map(|wrong| format!("{}: {}", wrong.field, wrong.message));
        f.write_str(&lines.collect::<Vec<_>>().join("; "))
    }
}

impl std::error::Error for Wrongs {}

/// In what the time is told for which a program may do without asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfflineInterval {
    /// For ever.
    Unlimited,
    /// Hours.
    Hours,
    /// Days.
    Days,
    /// Weeks.
    Weeks,
    /// Months.
    Months,
    /// Years.
    Years,
}

impl OfflineInterval {
    /// Every interval.
    pub const ALL: [Self; 6] =
        [Self::Unlimited, Self::Hours, Self::Days, Self::Weeks, Self::Months, Self::Years];

    /// The word for it, as programs read it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unlimited => "unlimited",
            Self::Hours => "hours",
            Self::Days => "days",
            Self::Weeks => "weeks",
            Self::Months => "months",
            Self::Years => "years",
        }
    }

    /// The interval of that word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|interval| interval.as_str() == text)
    }
}

/// For how long a program may do without asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offline {
    /// In what it is told.
    pub interval: OfflineInterval,
    /// How many of them; 0 with [`OfflineInterval::Unlimited`].
    pub value: i64,
}

impl Offline {
    /// Reads `days 7` or `unlimited`, as it is stored.
    pub fn parse(text: &str) -> Option<Self> {
        let (interval, value) = text.split_once(' ').unwrap_or((text, "0"));
        Self::of(OfflineInterval::parse(interval)?, value.parse().ok()?)
    }

    fn of(interval: OfflineInterval, value: i64) -> Option<Self> {
        let fits = match interval {
            OfflineInterval::Unlimited => value == 0,
            _ => (1..=10_000).contains(&value),
        };
        fits.then_some(Self { interval, value })
    }
}

impl fmt::Display for Offline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.interval.as_str(), self.value)
    }
}

/// What a customer bought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicenseTerms {
    /// Of which product.
    pub sku: String,
    /// The customer's name; may be empty.
    pub customer: String,
    /// The customer's e-mail address; may be empty.
    pub email: String,
    /// What the store's cart knows the license by, passed on to programs; may be empty.
    pub cart_token: String,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
    /// How often it may be activated, if that is limited.
    pub activation_limit: Option<i64>,
    /// On how many domains, if that is limited.
    pub domain_limit: Option<i64>,
    /// For how long programs may do without asking, if at all.
    pub offline: Option<Offline>,
}

/// A license as somebody typed it; empty texts are absent values.
#[derive(Clone, Debug, Default)]
pub struct LicenseDraft {
    /// SKU.
    pub sku: String,
    /// Customer's name.
    pub customer: String,
    /// Customer's e-mail.
    pub email: String,
    /// Cart token.
    pub cart_token: String,
    /// End: a day or an instant.
    pub expires_at: String,
    /// Limit of activations.
    pub activation_limit: String,
    /// Limit of domains.
    pub domain_limit: String,
    /// Interval of the offline allowance; empty for none.
    pub offline_interval: String,
    /// Its number.
    pub offline_value: String,
}

impl LicenseDraft {
    /// The draft that reads back to these terms.
    pub fn of(terms: &LicenseTerms) -> Self {
        let number = |limit: Option<i64>| limit.map(|limit| limit.to_string()).unwrap_or_default();
        let offline = terms.offline;
        let value = offline.filter(|offline| offline.interval != OfflineInterval::Unlimited);
        Self {
            sku: terms.sku.clone(),
            customer: terms.customer.clone(),
            email: terms.email.clone(),
            cart_token: terms.cart_token.clone(),
            expires_at: terms.expires_at.map(|at| at.to_string()).unwrap_or_default(),
            activation_limit: number(terms.activation_limit),
            domain_limit: number(terms.domain_limit),
            offline_interval: offline.map(|o| o.interval.as_str().to_owned()).unwrap_or_default(),
            offline_value: number(value.map(|offline| offline.value)),
        }
    }

    /// The terms. An end that is over already is refused.
    ///
    /// # Errors
    /// All that is wrong with them.
    pub fn read(&self, now: Timestamp) -> Result<LicenseTerms, Wrongs> {
        self.read_with(|text| expiry::parse(text, now).map_err(|error| error.to_string()))
    }

    /// The terms, which may be over: of a license that was sold elsewhere, or stays as it is.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_old(&self) -> Result<LicenseTerms, Wrongs> {
        let end = |text: &str| seconds(text).or_else(|| expiry::read(text));
        self.read_with(|text| end(text).ok_or_else(|| ExpiryError::Unreadable.to_string()))
    }

    fn read_with(
        &self,
        end: impl Fn(&str) -> Result<Timestamp, String>,
    ) -> Result<LicenseTerms, Wrongs> {
        let mut wrongs = Vec::new();
        let mut read = Reader(&mut wrongs);
        let terms = LicenseTerms {
            sku: read.taken("sku", product::sku(&self.sku)),
            customer: read.taken("customer", line(&self.customer, 200)),
            email: read.taken("email", email(&self.email)),
            cart_token: read.taken("cart_token", line(&self.cart_token, 200)),
            expires_at: read.taken("expires_at", unless_none(&self.expires_at, end)),
            activation_limit: read
                .taken("activation_limit", unless_none(&self.activation_limit, limit)),
            domain_limit: read.taken("domain_limit", unless_none(&self.domain_limit, limit)),
            offline: self.offline(&mut read),
        };
        if wrongs.is_empty() { Ok(terms) } else { Err(Wrongs(wrongs)) }
    }

    fn offline(&self, read: &mut Reader<'_>) -> Option<Offline> {
        let (word, value) = (self.offline_interval.trim(), self.offline_value.trim());
        if word.is_empty() {
            let complete = value.is_empty() || value == "0";
            let complaint = "is missing: hours, days, weeks, months, years or unlimited";
            return read
                .taken("offline_interval", if complete { Ok(None) } else { Err(complaint) });
        }
        let Some(interval) = OfflineInterval::parse(word) else {
            let complaint = "must be hours, days, weeks, months, years or unlimited";
            return read.taken("offline_interval", Err(complaint));
        };
        let number = if value.is_empty() { Some(0) } else { value.parse().ok() };
        let offline = number.and_then(|number| Offline::of(interval, number)).map(Some);
        read.taken("offline_value", offline.ok_or("must be 1 to 10000, and empty with unlimited"))
    }
}

/// Notes what is wrong, and goes on.
struct Reader<'a>(&'a mut Vec<Wrong>);

impl Reader<'_> {
    fn taken<T: Default>(&mut self, field: &'static str, read: Result<T, impl Into<String>>) -> T {
        read.unwrap_or_else(|message| {
            self.0.push(Wrong::new(field, message));
            T::default()
        })
    }
}

/// One line for people, as somebody typed it.
pub(super) fn line(value: &str, longest: usize) -> Result<String, String> {
    let text = text::visible(value);
    let fits = text.chars().count() <= longest;
    if fits { Ok(text) } else { Err(format!("has more than {longest} characters")) }
}

fn email(value: &str) -> Result<String, &'static str> {
    match value.trim() {
        "" => Ok(String::new()),
        text => {
            Email::parse(text).map(|email| email.as_str().to_owned()).ok_or("is no e-mail address")
        }
    }
}

fn unless_none<T>(
    value: &str,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<Option<T>, String> {
    let text = value.trim();
    let is_none = NONE.iter().any(|none| text.eq_ignore_ascii_case(none));
    if is_none { Ok(None) } else { parse(text).map(Some) }
}

fn limit(text: &str) -> Result<i64, String> {
    let number = text.parse().ok().filter(|number| (1..=HIGHEST).contains(number));
    number.ok_or_else(|| format!("must be a number from 1 to {HIGHEST}, or empty for no limit"))
}

/// Seconds since 1970, as WooCommerce License Keys stores ends.
fn seconds(text: &str) -> Option<Timestamp> {
    let seconds: i64 =
        text.parse().ok().filter(|seconds| (1..=100_000_000_000).contains(seconds))?;
    Some(Timestamp::from_millis(seconds * 1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);

    fn draft() -> LicenseDraft {
        LicenseDraft {
            sku: "pro".to_owned(),
            customer: " Ada\u{202e}  Lovelace ".to_owned(),
            email: "Ada@Example.com".to_owned(),
            expires_at: "2030-01-31".to_owned(),
            activation_limit: "5".to_owned(),
            domain_limit: "Unlimited".to_owned(),
            offline_interval: "days".to_owned(),
            offline_value: "7".to_owned(),
            ..LicenseDraft::default()
        }
    }

    #[test]
    fn terms_are_read_and_read_back() {
        let terms = draft().read(NOW).unwrap();
        assert_eq!(
            (terms.customer.as_str(), terms.email.as_str()),
            ("Ada Lovelace", "ada@example.com")
        );
        assert_eq!((terms.activation_limit, terms.domain_limit), (Some(5), None));
        assert_eq!(terms.offline, Offline::parse("days 7"));
        assert_eq!(LicenseDraft::of(&terms).read(NOW).unwrap(), terms);
        let bare = LicenseDraft { sku: "pro".to_owned(), ..LicenseDraft::default() };
        let terms = bare.read(NOW).unwrap();
        assert_eq!((terms.expires_at, terms.offline), (None, None));
        let unlimited = LicenseDraft { offline_interval: "unlimited".to_owned(), ..bare };
        let terms = unlimited.read(NOW).unwrap();
        assert_eq!(terms.offline.unwrap().to_string(), "unlimited 0");
        assert_eq!(LicenseDraft::of(&terms).read(NOW).unwrap(), terms);
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let draft = LicenseDraft {
            sku: String::new(),
            customer: "c".repeat(201),
            email: "nobody".to_owned(),
            cart_token: "t".repeat(201),
            expires_at: "yesterday".to_owned(),
            activation_limit: "0".to_owned(),
            domain_limit: "-1".to_owned(),
            offline_interval: "fortnights".to_owned(),
            offline_value: "1".to_owned(),
        };
        let wrongs = draft.read(NOW).unwrap_err();
        let fields: Vec<_> = wrongs.0.iter().map(|wrong| wrong.field).collect();
        assert_eq!(
            fields,
            [
                "sku",
                "customer",
                "email",
                "cart_token",
                "expires_at",
                "activation_limit",
                "domain_limit",
                "offline_interval"
            ]
        );
        assert!(wrongs.to_string().starts_with("sku: is missing; customer: has more than 200"));
    }

    #[test]
    fn an_allowance_is_whole() {
        for (interval, value, field) in [
            ("", "7", "offline_interval"),
            ("days", "", "offline_value"),
            ("days", "0", "offline_value"),
            ("unlimited", "7", "offline_value"),
            ("days", "x", "offline_value"),
        ] {
            let draft = LicenseDraft {
                offline_interval: interval.to_owned(),
                offline_value: value.to_owned(),
                ..draft()
            };
            assert_eq!(draft.read(NOW).unwrap_err().0[0].field, field, "{interval} {value}");
        }
    }

    #[test]
    fn an_end_in_the_past_is_for_licenses_from_elsewhere() {
        let over = LicenseDraft { expires_at: "2020-01-31".to_owned(), ..draft() };
        assert_eq!(over.read(NOW).unwrap_err().0[0].field, "expires_at");
        assert!(over.read_old().is_ok());
        let unix = LicenseDraft { expires_at: "1582657054".to_owned(), ..draft() };
        let terms = unix.read_old().unwrap();
        assert_eq!(terms.expires_at, Some(Timestamp::from_millis(1_582_657_054_000)));
    }
}
