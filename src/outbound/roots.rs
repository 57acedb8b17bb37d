//! How many certificates this machine trusts, for those who look whether a store can work at all.

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

/// How many of the system's roots can be used.
///
/// # Errors
/// The system's own words, if it has none.
pub fn of_system() -> Result<usize, String> {
    let found = rustls_native_certs::load_native_certs();
    match (usable(found.certs), found.errors.first()) {
        (0, Some(error)) => Err(error.to_string()),
        (0, None) => Err("none was found".to_owned()),
        (count, _) => Ok(count),
    }
}

/// How many certificates of a PEM file can be used.
///
/// # Errors
/// If it holds none, or something that is none.
pub fn of_file(pem: &[u8]) -> Result<usize, String> {
    let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    match usable(certificates.map_err(|error| error.to_string())?) {
        0 => Err("it holds no certificate that can be used".to_owned()),
        count => Ok(count),
    }
}

fn usable(certificates: Vec<CertificateDer<'static>>) -> usize {
    RootCertStore::empty().add_parsable_certificates(certificates).0
}
