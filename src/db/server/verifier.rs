//! Who the server must be, by `sslmode`: rustls always asks for everything, libpq for less on demand.
//!
//! Whoever the server is, its signature is checked: it holds the key of the certificate it shows.

use std::sync::Arc;

use rustls::{
    CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor, verify_server_name,
    },
    crypto::{
        CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
    },
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};

/// Judges a server's certificate.
#[derive(Debug)]
pub struct Verifier {
    /// Who must have signed it, if that matters.
    roots: Option<RootCertStore>,
    /// Whether it must be of the host that was dialled.
    host: bool,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    /// Signed by one of these, for the host that was dialled (`verify-full`).
    pub fn of_host(roots: RootCertStore, provider: Arc<CryptoProvider>) -> Self {
        let algorithms = provider.signature_verification_algorithms;
        Self { roots: Some(roots), host: true, algorithms }
    }

    /// Signed by one of these, for whatever host (`verify-ca`).
    pub fn of_issuer(roots: RootCertStore, provider: Arc<CryptoProvider>) -> Self {
        Self { host: false, ..Self::of_host(roots, provider) }
    }

    /// Whoever it is (`require` and less): nobody can listen, somebody can stand between.
    pub fn of_nobody(provider: Arc<CryptoProvider>) -> Self {
        let algorithms = provider.signature_verification_algorithms;
        Self { roots: None, host: false, algorithms }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(roots) = &self.roots {
            let certificate = ParsedCertificate::try_from(end_entity)?;
            verify_server_cert_signed_by_trust_anchor(
                &certificate,
                roots,
                intermediates,
                now,
                self.algorithms.all,
            )
            .map_err(plainer)?;
            if self.host {
                verify_server_name(&certificate, server_name)?;
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// A server that signs its certificate itself is common inside of a network; its certificate may be
/// named as the root, and then webpki calls it a CA in the wrong place.
fn plainer(error: Error) -> Error {
    match error {
        Error::InvalidCertificate(CertificateError::Other(other))
            if other.to_string().contains("CaUsedAsEndEntity") =>
        {
            Error::General("the certificate is a CA's own: use one that the CA signed".into())
        }
        other => other,
    }
}
