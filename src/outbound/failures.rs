//! From reqwest's errors to the failures people are told about.
//!
//! reqwest says what kind of step failed; the reason lies somewhere down the chain of sources.

use std::{error::Error, io, iter};

use rustls::CertificateError;

use super::{guard::Refused, lookup::LookupError};
use crate::domain::{
    failure::{CertificateFault, Failure, Phase},
    text::{shortened, visible},
    timestamp::Timestamp,
};

/// The longest detail that is kept, in characters.
const LONGEST: usize = 200;

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Address(address) => Self::AddressRefused(address.to_string()),
            Refused::Name => Self::NameRefused,
        }
    }
}

impl From<LookupError> for Failure {
    fn from(error: LookupError) -> Self {
        match error {
            LookupError::NotFound => Self::NameNotFound,
            LookupError::Unanswered => Self::NameUnanswered,
        }
    }
}

/// The failure an error of reqwest's stands for, if it came in that phase.
pub(super) fn classify(error: reqwest::Error, phase: Phase) -> Failure {
    // An app's address may carry its own secrets.
    let error = &error.without_url();
    // A server may break TLS after it has read the keys, and then "nothing was sent" would be untrue.
    let handshake = phase != Phase::Answer;
    if let Some(tls) =
        handshake.then(|| chain(error).find_map(|error| error.downcast_ref())).flatten()
    {
        return about_tls(tls);
    }
    match phase {
        Phase::Name | Phase::Connection => Failure::CannotConnect(innermost(error)),
        Phase::Tls => Failure::Tls(innermost(error)),
        Phase::Answer => Failure::BrokenAnswer(innermost(error)),
    }
}

fn about_tls(error: &rustls::Error) -> Failure {
    match error {
        rustls::Error::InvalidCertificate(reason) => {
            about_certificate(reason).unwrap_or_else(|| Failure::Tls(plain(&error.to_string())))
        }
        rustls::Error::InvalidMessage(_) => Failure::NotTls,
        _ => Failure::Tls(plain(&error.to_string())),
    }
}

/// What is wrong with a certificate; its issuer and end stand in the timeline.
fn about_certificate(reason: &CertificateError) -> Option<Failure> {
    let (fault, detail) = match reason {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            (CertificateFault::Expired, "its time is over".to_owned())
        }
        CertificateError::NotValidYetContext { not_before, .. } => {
            let begins = i64::try_from(not_before.as_secs()).unwrap_or(i64::MAX);
            let begins = Timestamp::from_millis(begins.saturating_mul(1000));
            (CertificateFault::NotYetValid, format!("it begins {}", begins.to_date()))
        }
        CertificateError::NotValidYet => (CertificateFault::NotYetValid, String::new()),
        CertificateError::NotValidForNameContext { presented, .. } => {
            (CertificateFault::WrongName, named(presented))
        }
        CertificateError::NotValidForName => (CertificateFault::WrongName, String::new()),
        CertificateError::UnknownIssuer => {
            (CertificateFault::Untrusted, "no trusted authority stands behind it".to_owned())
        }
        _ => return None,
    };
    Some(Failure::Certificate(fault, plain(&detail)))
}

/// The names in a certificate, out of rustls' `DnsName("app.example")`.
fn named(presented: &[String]) -> String {
    let bare = |name: &String| name.split('"').nth(1).unwrap_or(name).to_owned();
    let names: Vec<_> = presented.iter().map(bare).collect();
    if names.is_empty() {
        "it names nobody".to_owned()
    } else {
        format!("it is for {}", names.join(", "))
    }
}

/// The error and what lies behind it; looks into `io::Error`s, which hide what they carry.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |&current| {
        let carried = current.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        carried.map_or_else(|| current.source(), |inner| Some(inner as &(dyn Error + 'static)))
    })
}

/// The system's word for what went wrong, else the innermost error's, cut to a length that can be
/// shown; it never names the URL.
pub(super) fn innermost(error: &(dyn Error + 'static)) -> String {
    let kinds = chain(error).filter_map(|error| error.downcast_ref()).map(io::Error::kind);
    match kinds.filter(|kind| *kind != io::ErrorKind::Other).last() {
        Some(kind) => kind.to_string(),
        None => chain(error).last().map(|error| plain(&error.to_string())).unwrap_or_default(),
    }
}

/// Text that can be shown: some of it may be the app's, such as the names in its certificate.
fn plain(text: &str) -> String {
    shortened(&visible(text), LONGEST)
}
