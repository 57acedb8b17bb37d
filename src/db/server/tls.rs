//! TLS to a server, as much as `sslmode` asks for.

use std::{fs, path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio_postgres::config::SslMode;

use super::{
    DbError,
    address::{Files, wrong},
    verifier::Verifier,
};

/// libpq's `sslmode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// No TLS.
    Disable,
    /// TLS if the server wants nothing else; whoever it is.
    Allow,
    /// TLS if the server can; whoever it is.
    Prefer,
    /// TLS; whoever it is.
    Require,
    /// TLS with somebody whose certificate the roots sign.
    VerifyCa,
    /// TLS with the host of that name.
    VerifyFull,
}

impl Mode {
    /// Reads the parameter.
    pub(super) fn parse(text: &str) -> Result<Self, DbError> {
        match text {
            "disable" => Ok(Self::Disable),
            "allow" => Ok(Self::Allow),
            "prefer" => Ok(Self::Prefer),
            "require" => Ok(Self::Require),
            "verify-ca" => Ok(Self::VerifyCa),
            "verify-full" => Ok(Self::VerifyFull),
            _ => {
                let modes = "disable, allow, prefer, require, verify-ca and verify-full";
                Err(wrong(format!("its sslmode is none of {modes}")))
            }
        }
    }

    /// Whether a connection without TLS must not be.
    pub(super) fn needs_tls(self) -> bool {
        matches!(self, Self::Require | Self::VerifyCa | Self::VerifyFull)
    }

    /// What is tried, one after the other, until a connection stands.
    pub(super) fn tries(self) -> &'static [SslMode] {
        match self {
            Self::Disable => &[SslMode::Disable],
            Self::Allow => &[SslMode::Disable, SslMode::Require],
            Self::Prefer => &[SslMode::Prefer, SslMode::Disable],
            Self::Require | Self::VerifyCa | Self::VerifyFull => &[SslMode::Require],
        }
    }
}

/// The client's side of TLS.
pub(super) fn client(mode: Mode, files: &Files) -> Result<ClientConfig, DbError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(format!("TLS cannot be set up: {error}")))?;
    let verifier = match mode {
        Mode::VerifyFull => Verifier::of_host(roots(files)?, provider),
        Mode::VerifyCa => Verifier::of_issuer(roots(files)?, provider),
        Mode::Disable | Mode::Allow | Mode::Prefer | Mode::Require => Verifier::of_nobody(provider),
    };
    let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
    match (&files.certificate, &files.key) {
        (None, None) => Ok(builder.with_no_client_auth()),
        (Some(certificate), Some(key)) => builder
            .with_client_auth_cert(certificates(certificate)?, private_key(key)?)
            .map_err(|error| wrong(format!("sslcert and sslkey do not fit: {error}"))),
        _ => Err(wrong("sslcert and sslkey need each other".into())),
    }
}

/// The roots that are named, or the system's.
fn roots(files: &Files) -> Result<RootCertStore, DbError> {
    let mut roots = RootCertStore::empty();
    match files.roots.as_deref().filter(|path| path.as_os_str() != "system") {
        Some(path) => {
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|error| unfit(path, &error))?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    if roots.is_empty() {
        return Err(wrong("there are no roots to judge the server's certificate by".into()));
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, DbError> {
    let pem = read(path)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let certificates = certificates.map_err(|error| unfit(path, &error))?;
    if certificates.is_empty() {
        return Err(wrong(format!("{} holds no certificate", path.display())));
    }
    Ok(certificates)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, DbError> {
    let pem = zeroize::Zeroizing::new(read(path)?);
    PrivateKeyDer::from_pem_slice(&pem).map_err(|error| unfit(path, &error))
}

fn read(path: &Path) -> Result<Vec<u8>, DbError> {
    fs::read(path).map_err(|error| unfit(path, &error))
}

fn unfit(path: &Path, error: &dyn std::fmt::Display) -> DbError {
    wrong(format!("{} cannot be used: {error}", path.display()))
}
