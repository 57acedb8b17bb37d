//! The certificate that the service shows when it ends TLS itself; can be exchanged while it runs.
//!
//! Never: a private key in an error.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use arc_swap::ArcSwap;
use rustls::{
    ServerConfig,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use x509_parser::{certificate::X509Certificate, prelude::FromDer};
use zeroize::Zeroizing;

use crate::{config::TlsFiles, domain::timestamp::Timestamp};

/// Why a certificate cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or holds something else.
    #[error("names {}, which cannot be used: {reason}", path.display())]
    Unfit {
        /// The setting that names it.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The private key is not the certificate's.
    #[error("names a private key that is not the certificate's: {0}")]
    Mismatch(rustls::Error),
    /// TLS cannot be set up.
    #[error("cannot be used: {0}")]
    Unusable(rustls::Error),
}

impl TlsError {
    /// The setting it is about.
    pub fn setting(&self) -> &'static str {
        match self {
            Self::Unfit { setting, .. } => setting,
            Self::Mismatch(_) => KEY,
            Self::Unusable(_) => CERTIFICATE,
        }
    }
}

const CERTIFICATE: &str = "tls_certificate_file";
const KEY: &str = "tls_key_file";

/// The certificate in use. New connections see a new one; those that stand keep theirs.
#[derive(Debug)]
pub struct TlsIdentity(ArcSwap<CertifiedKey>);

impl TlsIdentity {
    /// Reads certificate and key.
    ///
    /// # Errors
    /// What is wrong with either.
    pub fn read(files: &TlsFiles) -> Result<Arc<Self>, TlsError> {
        Ok(Arc::new(Self(ArcSwap::from_pointee(certified(files)?))))
    }

    /// Reads both anew; if anything is wrong with them, the old ones stay.
    ///
    /// # Errors
    /// What is wrong with either.
    pub fn renew(&self, files: &TlsFiles) -> Result<(), TlsError> {
        self.0.store(Arc::new(certified(files)?));
        Ok(())
    }

    /// When the certificate ends, if that can be read.
    pub fn ends(&self) -> Option<Timestamp> {
        let shown = self.0.load();
        let (_, certificate) = X509Certificate::from_der(shown.end_entity_cert().ok()?).ok()?;
        let seconds = certificate.validity().not_after.timestamp();
        Some(Timestamp::from_millis(seconds.saturating_mul(1000)))
    }

    /// What a listener needs.
    pub(super) fn server_config(self: Arc<Self>) -> Result<ServerConfig, TlsError> {
        let builder = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Unusable)?;
        Ok(builder.with_no_client_auth().with_cert_resolver(self))
    }
}

impl ResolvesServerCert for TlsIdentity {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn certified(files: &TlsFiles) -> Result<CertifiedKey, TlsError> {
    let key = private_key(&files.key)?;
    CertifiedKey::from_der(chain(&files.certificate)?, key, &provider()).map_err(TlsError::Mismatch)
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let pem = read(path, CERTIFICATE)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match chain {
        Ok(chain) if chain.is_empty() => Err(unfit(CERTIFICATE, path, "it holds no certificate")),
        Ok(chain) => Ok(chain),
        Err(error) => Err(unfit(CERTIFICATE, path, error)),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let pem = Zeroizing::new(read(path, KEY)?);
    PrivateKeyDer::from_pem_slice(&pem).map_err(|_| unfit(KEY, path, "it holds no private key"))
}

fn read(path: &Path, setting: &'static str) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|error| unfit(setting, path, error))
}

fn unfit(setting: &'static str, path: &Path, reason: impl ToString) -> TlsError {
    TlsError::Unfit { setting, path: path.to_owned(), reason: reason.to_string() }
}
