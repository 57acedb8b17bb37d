//! What is wrong with an authorize link, as an app built it, and how to mend it.
//!
//! The judge is [`AuthorizeRequest::read`] itself: each parameter is put into a request that is
//! otherwise good, so an error here is a refusal there, and the other way round. The rest is
//! explanation, and hints at what works but was hardly meant.
//! Never: a name look-up, a clock or a connection; and no mended link that would be refused.

mod address;
mod app_urls;
mod finding;
mod link;
mod repair;
mod scope;
#[cfg(test)]
mod tests;
mod values;

use std::fmt::Write as _;

use serde::Serialize;
use url::Url;

pub use finding::{Finding, Severity, Subject, plain};

use self::{link::Link, repair::Repaired};
use super::{
    app_url::percent_encoded,
    authorize_request::{AuthorizeRequest, REQUIRED},
    callback_url::CallbackUrl,
    parameters::Parameters,
};

/// Everything that can be said about a link without leaving this machine.
#[derive(Debug, Serialize)]
pub struct Diagnosis {
    /// Errors first.
    pub findings: Vec<Finding>,
    /// Each parameter as the store reads it.
    pub understood: Vec<Understood>,
    /// The link as it was probably meant; only if the store would take it, and if it differs.
    pub mended: Option<String>,
}

/// A parameter as the store reads it.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Understood {
    /// Its name.
    pub name: &'static str,
    /// Its value; nothing if it was not sent or is no text.
    pub value: Option<String>,
    /// Whether the store takes it.
    pub accepted: bool,
}

impl Diagnosis {
    /// How many findings the store refuses the link for.
    pub fn errors(&self) -> usize {
        self.findings.iter().filter(|finding| finding.is_error()).count()
    }
}

/// Looks at a link; `store` is the public address of the store it should lead to, if known.
pub fn diagnose(text: &str, store: Option<&Url>) -> Diagnosis {
    let link = Link::read(text);
    let parameters = link.parameters();
    let address = address::look(&link, store);
    let repaired = repair::repair(&link);
    let refused: Vec<_> = values::NAMES
        .into_iter()
        .filter(|name| values::refusal(name, parameters.value(name)).is_some())
        .collect();
    let mended = mended(&address, &repaired, &link, &parameters);
    let mut findings = address.findings;
    findings.extend(blamed(&repaired, &refused, &parameters));
    for name in values::NAMES {
        findings.extend(values::look(name, &link, &parameters));
    }
    findings.extend(app_urls::compare(&parameters));
    findings.extend(unencoded(&link));
    findings.sort_by_key(|finding| finding.severity);
    let understood =
        values::NAMES.into_iter().filter_map(|name| values::understood(name, &parameters));
    Diagnosis { findings, understood: understood.collect(), mended }
}

/// The callback of a link, if the store would take it.
pub fn callback(text: &str) -> Option<CallbackUrl> {
    let parameters = Link::read(text).parameters();
    parameters.text("callback_url").and_then(|value| CallbackUrl::read(value).ok())
}

/// What is wrong with the query as a whole; an error if it cost a parameter that is refused now.
fn blamed(repaired: &Repaired, refused: &[&'static str], read: &Parameters) -> Vec<Finding> {
    let lost = |name: &&str| {
        let meant = repaired.values.iter().find(|(known, _)| known == name);
        let meant = meant.and_then(|(_, value)| value.as_deref()).unwrap_or_default();
        !meant.is_empty() && read.text(name) != Some(meant)
    };
    let is_cause = refused.iter().any(lost);
    let mut findings = repaired.findings.clone();
    for finding in &mut findings {
        if is_cause && !matches!(finding.code, "unknown" | "twice") {
            finding.severity = Severity::Error;
        }
    }
    findings
}

/// Characters that a browser encodes by itself and other software may not.
fn unencoded(link: &Link) -> Option<Finding> {
    let odd =
        |c: char| c.is_whitespace() || c.is_control() || !c.is_ascii() || "\"<>`{}|\\^".contains(c);
    let found = link.text.chars().find(|c| odd(*c))?;
    Some(Finding::hint(
        "unencoded",
        Subject::Query,
        format!(
            "{} stands in the link as it is; browsers encode or drop it.",
            finding::quoted(&found.to_string())
        ),
        "Percent-encode each value before it goes into the link.",
    ))
}

/// The link as it was probably meant.
fn mended(
    address: &address::Looked,
    repaired: &Repaired,
    link: &Link,
    parameters: &Parameters,
) -> Option<String> {
    let mut values = Vec::new();
    for name in values::NAMES {
        let found = repaired.values.iter().find(|(known, _)| known == name);
        if let Some((_, Some(value))) = found {
            values.push((name, values::better(name, value, link)));
        }
    }
    let same = values.iter().all(|(name, value)| parameters.text(name) == Some(value));
    if same && !address.changed && !repaired.changed && unencoded(link).is_none() {
        return None;
    }
    let mut query = String::new();
    for (name, value) in &values {
        let separator = if query.is_empty() { '?' } else { '&' };
        let _ = write!(query, "{separator}{name}={}", percent_encoded(value));
    }
    let complete = REQUIRED.iter().all(|name| values.iter().any(|(known, _)| known == name));
    let read =
        AuthorizeRequest::read(&Parameters::read([query.trim_start_matches('?').as_bytes()]));
    let mended = format!("{}{query}", address.mended.as_ref()?);
    (complete && read.is_ok() && Url::parse(&mended).is_ok()).then_some(mended)
}
