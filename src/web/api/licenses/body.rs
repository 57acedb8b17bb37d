//! The members of a license's and a product's body, as the drafts that the rules read.
//!
//! Members of a wrong kind and values that break a rule are told together. Never: a value in a message.

use serde_json::Value;

use super::super::members::{self, Members, Wrong};
use crate::{
    domain::licenses::{LicenseDraft, OfflineInterval, ProductDraft, Wrongs},
    service::licenses::views::OfflineIntervals,
};

/// What a body says of a license; what is absent stays as it is.
#[derive(Clone, Default)]
pub struct Said {
    sku: Option<String>,
    customer: Option<String>,
    email: Option<String>,
    cart_token: Option<String>,
    expires_at: Option<String>,
    activation_limit: Option<String>,
    domain_limit: Option<String>,
    offline_interval: Option<String>,
    offline_value: Option<String>,
}

impl Said {
    /// Reads a body's members.
    pub fn read(body: &mut Members) -> Self {
        Self {
            sku: body.optional("sku", members::text),
            customer: body.optional("customer", text),
            email: body.optional("email", text),
            cart_token: body.optional("cart_token", text),
            expires_at: body.optional("expires_at", text),
            activation_limit: body.optional("activation_limit", number),
            domain_limit: body.optional("domain_limit", number),
            offline_interval: body.optional("offline_interval", interval),
            offline_value: body.optional("offline_value", count),
        }
    }

    /// Puts it into a license.
    pub fn put_into(self, draft: &mut LicenseDraft) {
        // Time without end has no number, and nobody means the one that stood there before.
        let unlimited = Some(OfflineInterval::Unlimited.as_str());
        let is_endless = self.offline_interval.as_deref() == unlimited;
        let is_none = self.offline_interval.as_deref() == Some("");
        if (is_endless || is_none) && self.offline_value.is_none() {
            draft.offline_value.clear();
        }
        for (said, place) in [
            (self.sku, &mut draft.sku),
            (self.customer, &mut draft.customer),
            (self.email, &mut draft.email),
            (self.cart_token, &mut draft.cart_token),
            (self.expires_at, &mut draft.expires_at),
            (self.activation_limit, &mut draft.activation_limit),
            (self.domain_limit, &mut draft.domain_limit),
            (self.offline_interval, &mut draft.offline_interval),
            (self.offline_value, &mut draft.offline_value),
        ] {
            if let Some(said) = said {
                *place = said;
            }
        }
    }

    /// Notes which of what is said breaks a rule by itself, whatever the license is; the rest shows when it is
    /// changed.
    pub fn note_wrong(&self, body: &mut Members) {
        let mut draft = LicenseDraft { sku: "any".to_owned(), ..LicenseDraft::default() };
        let is_whole = self.offline_interval.is_some() && self.offline_value.is_some();
        self.clone().put_into(&mut draft);
        let Err(Wrongs(wrongs)) = draft.read_old() else { return };
        for wrong in wrongs {
            if is_whole || !wrong.field.starts_with("offline") {
                body.note_once(wrong.field, wrong.message);
            }
        }
    }
}

/// What a body says of a product; what is absent stays as it is.
#[derive(Clone, Default)]
pub struct SaidOfProduct {
    name: Option<String>,
    download_name: Option<String>,
    download_url: Option<String>,
    desktop: Option<bool>,
}

impl SaidOfProduct {
    /// Reads the members.
    pub fn read(body: &mut Members) -> Self {
        Self {
            name: body.optional("name", members::text),
            download_name: body.optional("download_name", text),
            download_url: body.optional("download_url", text),
            desktop: body.optional("desktop", members::flag),
        }
    }

    /// Puts it into a product.
    pub fn put_into(self, draft: &mut ProductDraft) {
        for (said, place) in [
            (self.name, &mut draft.name),
            (self.download_name, &mut draft.download_name),
            (self.download_url, &mut draft.download_url),
        ] {
            if let Some(said) = said {
                *place = said;
            }
        }
        draft.desktop = self.desktop.unwrap_or(draft.desktop);
    }

    /// Notes which of what is said breaks a rule.
    pub fn note_wrong(&self, body: &mut Members) {
        let mut draft = ProductDraft { sku: "any".to_owned(), ..ProductDraft::default() };
        self.clone().put_into(&mut draft);
        note_product(body, draft.read().err());
    }
}

/// Notes what is wrong with a product that has its members in the body itself.
pub fn note_product(body: &mut Members, wrongs: Option<Wrongs>) {
    for wrong in wrongs.into_iter().flat_map(|wrongs| wrongs.0) {
        let name = if wrong.field == "product" { "name" } else { wrong.field };
        body.note_once(name, wrong.message);
    }
}

/// A text, or null for none.
///
/// # Errors
/// If it is neither.
pub fn text(value: &Value) -> Result<String, Wrong> {
    if value.is_null() {
        return Ok(String::new());
    }
    value.as_str().map(str::to_owned).ok_or_else(|| "must be a text, or null for none".to_owned())
}

fn number(value: &Value) -> Result<String, Wrong> {
    if value.is_null() {
        return Ok(String::new());
    }
    let number = members::whole_number(value).map(|number| number.to_string());
    number.ok_or_else(|| "must be a whole number, or null for none".to_owned())
}

/// A table may say 0 for none; here that is null.
fn count(value: &Value) -> Result<String, Wrong> {
    let complaint = "must be 1 to 10000, or null for none";
    number(value).ok().filter(|text| text != "0").ok_or_else(|| complaint.to_owned())
}

fn interval(value: &Value) -> Result<String, Wrong> {
    if value.is_null() {
        return Ok(String::new());
    }
    let parse = |text: &str| OfflineInterval::parse(text).map(|found| found.as_str().to_owned());
    members::word(OfflineIntervals::ALL, parse)(value)
}

/// How often the thing had been changed when somebody looked at it.
///
/// # Errors
/// If it is no such number.
pub fn version(value: &Value) -> Result<i64, Wrong> {
    let version = members::whole_number(value).filter(|version| *version >= 0);
    version.ok_or_else(|| "must be the version of an answer: a whole number".to_owned())
}
