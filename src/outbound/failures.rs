//! From reqwest's errors to the failures people are told about.
//!
//! reqwest says what kind of step failed; the reason lies somewhere down the chain of sources.

use std::{error::Error, io};

use super::{guard::Refused, resolver::NameNotFound};
use crate::domain::{delivery::Failure, text::shortened};

/// The longest detail that is kept, in characters.
const LONGEST: usize = 200;

/// The failure an error of reqwest's stands for.
pub(super) fn classify(error: reqwest::Error) -> Failure {
    // An app's address may carry its own secrets.
    let error = &error.without_url();
    if let Some(Refused(address)) = find::<Refused>(error) {
        return Failure::AddressRefused(address.to_string());
    }
    if find::<NameNotFound>(error).is_some() {
        return Failure::NameNotFound;
    }
    if error.is_timeout() {
        return Failure::Timeout;
    }
    if let Some(tls) = find::<rustls::Error>(error) {
        return Failure::Tls(shortened(&tls.to_string(), LONGEST));
    }
    if error.is_connect() {
        return Failure::CannotConnect(innermost(error));
    }
    Failure::BrokenAnswer(innermost(error))
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
fn innermost(error: &dyn Error) -> String {
    let mut current = error;
    while let Some(source) = current.source() {
        current = source;
    }
    shortened(&current.to_string(), LONGEST)
}
