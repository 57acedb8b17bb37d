//! A certificate authority of the tests' own, and certificates for addresses of this machine.

use std::{path::Path, sync::LazyLock};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{ServerConfig, pki_types::PrivateKeyDer};

static AUTHORITY: LazyLock<CertifiedIssuer<'static, KeyPair>> = LazyLock::new(|| {
    let mut params = CertificateParams::new([]).unwrap();
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
    let _ = rustls::crypto::ring::default_provider().install_default();
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(names).unwrap().signed_by(&key, &*AUTHORITY).unwrap();
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.into()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    // Nobody resumes a session here, and behind a ticket a short answer waits 40 ms for its
    // acknowledgement (Nagle's algorithm against delayed acknowledgement).
    config.send_tls13_tickets = 0;
    config
}
