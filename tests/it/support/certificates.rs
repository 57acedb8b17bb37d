//! A certificate authority of the tests' own, and certificates for addresses of this machine.

use std::{
    path::Path,
    sync::{Arc, LazyLock},
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer},
    server::danger::ClientCertVerifier,
};

static AUTHORITY: LazyLock<CertifiedIssuer<'static, KeyPair>> = LazyLock::new(|| {
    let mut params = CertificateParams::new([]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "AppGrant’s tests");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
});

/// Writes the authority's certificate into `folder`; gives the path for `APPGRANT_CALLBACK_CA_FILE`.
/// Put there whole, since other processes may be reading it.
pub fn ca_file(folder: &Path) -> String {
    let file = folder.join("ca.pem");
    let draft = tempfile::NamedTempFile::new_in(folder).unwrap();
    std::fs::write(draft.path(), AUTHORITY.pem()).unwrap();
    draft.persist(&file).unwrap();
    file.to_str().unwrap().to_owned()
}

/// The authority, as browsers of the tests trust it.
pub fn authority() -> reqwest::Certificate {
    reqwest::Certificate::from_pem(AUTHORITY.pem().as_bytes()).unwrap()
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

/// Writes a certificate of those names, signed by the authority, and its private key into `folder`;
/// gives both paths.
pub fn pem_files(folder: &Path, names: &[&str]) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let leaf = params(names).signed_by(&key, &*AUTHORITY).unwrap();
    (written(folder, "tls.pem", &leaf.pem()), written(folder, "tls.key", &key.serialize_pem()))
}

/// Writes a certificate that a client shows, and its private key, into `folder`; gives both paths.
pub fn client_pem_files(folder: &Path, name: &str) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = params(&[]);
    params.distinguished_name.push(DnType::CommonName, name);
    let leaf = params.signed_by(&key, &*AUTHORITY).unwrap();
    (
        written(folder, "client.pem", &leaf.pem()),
        written(folder, "client.key", &key.serialize_pem()),
    )
}

/// Writes the certificate of an authority that has signed nothing here into `folder`; gives the path.
pub fn strange_ca_file(folder: &Path) -> String {
    let mut params = params(&[]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "A stranger");
    let root = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
    written(folder, "stranger.pem", &root.pem())
}

fn written(folder: &Path, name: &str, pem: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, pem).unwrap();
    path.to_str().unwrap().to_owned()
}

/// TLS for `localhost` that asks the client for a certificate.
pub fn server_config_asking(verifier: Arc<dyn ClientCertVerifier>) -> ServerConfig {
    let key = KeyPair::generate().unwrap();
    let leaf = params(&["localhost"]).signed_by(&key, &*AUTHORITY).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let builder = ServerConfig::builder().with_client_cert_verifier(verifier);
    builder.with_single_cert(vec![leaf.into()], key).unwrap()
}

/// The authority, as one that clients' certificates could come from.
pub fn client_authority() -> CertificateDer<'static> {
    AUTHORITY.der().clone()
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
