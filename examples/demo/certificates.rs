//! A certificate authority of the demo's own, and the app's certificate under it.

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{ServerConfig, pki_types::PrivateKeyDer};

use crate::Outcome;

/// The authority's certificate, in the demo's folder.
pub const CA_FILE: &str = "ca.pem";

/// Makes both; AppGrant is told to trust the authority's certificate.
pub fn make(folder: &Path) -> Outcome<ServerConfig> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut params = CertificateParams::new([])?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    std::fs::write(folder.join(CA_FILE), authority.pem())?;
    let key = KeyPair::generate()?;
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let leaf = CertificateParams::new(names)?.signed_by(&key, &authority)?;
    let key = PrivateKeyDer::try_from(key.serialize_der())?;
    let config = ServerConfig::builder().with_no_client_auth();
    Ok(config.with_single_cert(vec![leaf.into()], key)?)
}
