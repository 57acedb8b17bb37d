//! A certificate authority of the tests' own, and certificates for addresses of this machine.

use std::{path::Path, sync::LazyLock};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer},
};

static AUTHORITY: LazyLock<CertifiedIssuer<'static, KeyPair>> = LazyLock::new(|| {
    let mut params = CertificateParams::new([]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "AppGrant’s tests");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
});

/// Writes the authority's certificate into `folder`; gives the path for `APPGRANT_CALLBACK_CA_FILE`.
pub fn ca_file(folder: &Path) -> String {
    let file = folder.join("ca.pem");
    std::fs::write(&file, AUTHORITY.pem()).unwrap();
    file.to_str().unwrap().to_owned()
}

/// TLS for a server of those names.
pub fn server_config(names: &[&str]) -> ServerConfig {
    certified(params(names))
}

/// TLS with a certificate like that, signed by the authority.
pub fn certified(params: CertificateParams) -> ServerConfig {
    let key = KeyPair::generate().unwrap();
    let leaf = params.signed_by(&key, &*AUTHORITY).unwrap();
    config(leaf.into(), &key)
}

/// TLS with a certificate that nobody but the server itself has signed.
pub fn self_signed(names: &[&str]) -> ServerConfig {
    let key = KeyPair::generate().unwrap();
    let mut params = params(names);
    params.distinguished_name.push(DnType::CommonName, "The app’s own");
    let leaf = params.self_signed(&key).unwrap();
    config(leaf.into(), &key)
}

fn params(names: &[&str]) -> CertificateParams {
    CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap()
}

fn config(leaf: CertificateDer<'static>, key: &KeyPair) -> ServerConfig {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![leaf], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    // Nobody resumes a session here, and behind a ticket a short answer waits 40 ms for its
    // acknowledgement (Nagle's algorithm against delayed acknowledgement).
    config.send_tls13_tickets = 0;
    config
}
