//! From reqwest's errors to the failures people are told about.
//!
//! reqwest says what kind of step failed; the reason lies somewhere down the chain of sources.

use std::{error::Error, io};

use rustls::CertificateError;

use super::{guard::Refused, lookup::LookupError};
use crate::domain::{
    failure::{CertificateFault, Failure, Phase},
    text::{shortened, visible},
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
    if error.is_timeout() {
        return Failure::Timeout(phase);
    }
    if let Some(tls) = find::<rustls::Error>(error) {
        return about_tls(tls);
    }
    match phase {
        Phase::Name | Phase::Connection => Failure::CannotConnect(innermost(error)),
        Phase::Tls => Failure::Tls(innermost(error)),
        Phase::Answer => Failure::BrokenAnswer(innermost(error)),
    }
}

fn about_tls(error: &rustls::Error) -> Failure {
    let text = || plain(&error.to_string());
    match error {
        rustls::Error::InvalidCertificate(reason) => match fault(reason) {
            Some(fault) => Failure::Certificate(fault, text()),
            None => Failure::Tls(text()),
        },
        rustls::Error::InvalidMessage(_) => Failure::NotTls,
        _ => Failure::Tls(text()),
    }
}

const fn fault(reason: &CertificateError) -> Option<CertificateFault> {
    Some(match reason {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            CertificateFault::Expired
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            CertificateFault::NotYetValid
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            CertificateFault::WrongName
        }
        CertificateError::UnknownIssuer => CertificateFault::Untrusted,
        _ => return None,
    })
}

/// The first error of that type in the chain; looks into `io::Error`s, which hide what they carry.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(current) = next {
        if let Some(found) = current.downcast_ref::<T>() {
            return Some(found);
        }
        let carried = current.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match carried {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => current.source(),
        };
    }
    None
}

/// The last error in the chain, cut to a length that can be shown; it never names the URL.
pub(super) fn innermost(error: &dyn Error) -> String {
    let mut current = error;
    while let Some(source) = current.source() {
        current = source;
    }
    plain(&current.to_string())
}

/// Text that can be shown: some of it may be the app's, such as the names in its certificate.
fn plain(text: &str) -> String {
    shortened(&visible(text), LONGEST)
}
