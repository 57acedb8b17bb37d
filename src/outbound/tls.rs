//! TLS for one attempt: the system's verdict on certificates, with an onlooker who writes down what the
//! app showed.
//!
//! The onlooker changes no verdict. He stands where rustls calls out anyway: its session store is asked
//! first thing when a connection stands, and its verifier sees the certificate and, by which signature
//! it has to check, the version. No session is ever kept, so each attempt is a whole handshake.

use std::{fmt, net::SocketAddr, sync::Arc};

use rustls::{
    ClientConfig, DigitallySignedStruct, Error, NamedGroup, SignatureScheme,
    client::{
        ClientSessionStore, Resumption, Tls12ClientSessionValue, Tls13ClientSessionValue,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use rustls_platform_verifier::Verifier;
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

use super::{ClientError, recorder::Recorder};
use crate::domain::{
    text::{shortened, visible},
    timeline::Event,
    timestamp::Timestamp,
};

/// The longest issuer's name that is kept, in characters.
const LONGEST_ISSUER: usize = 100;

/// Which certificates are good. Read once; cheap to clone.
#[derive(Clone)]
pub(super) struct Trust {
    provider: Arc<CryptoProvider>,
    verifier: Arc<Verifier>,
}

impl Trust {
    /// The system's roots, and those in `extra_roots` (PEM).
    pub(super) fn new(extra_roots: Option<&[u8]>) -> Result<Self, ClientError> {
        let provider = Arc::new(ring::default_provider());
        let roots: Vec<_> = CertificateDer::pem_slice_iter(extra_roots.unwrap_or_default())
            .collect::<Result<_, _>>()
            .map_err(|error| ClientError::Roots(error.to_string()))?;
        if roots.is_empty() && extra_roots.is_some() {
            return Err(ClientError::NoRoots);
        }
        let verifier = Arc::new(Verifier::new_with_extra_roots(roots, Arc::clone(&provider))?);
        Ok(Self { provider, verifier })
    }

    /// A configuration for one connection to `address`, watched by `recorder`.
    pub(super) fn watched(
        &self,
        recorder: &Arc<Recorder>,
        address: SocketAddr,
    ) -> Result<ClientConfig, Error> {
        let (recorder, verifier) = (Arc::clone(recorder), Arc::clone(&self.verifier));
        let onlooker = Arc::new(Onlooker { recorder, address, verifier });
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()?
            .dangerous() // the verdict is still the system's verifier's
            .with_custom_certificate_verifier(Arc::clone(&onlooker) as Arc<dyn ServerCertVerifier>)
            .with_no_client_auth();
        config.resumption = Resumption::store(onlooker);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

struct Onlooker {
    recorder: Arc<Recorder>,
    address: SocketAddr,
    verifier: Arc<Verifier>,
}

impl fmt::Debug for Onlooker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Onlooker").field("address", &self.address).finish_non_exhaustive()
    }
}

impl ServerCertVerifier for Onlooker {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(shown) = certificate(end_entity) {
            self.recorder.note(shown);
        }
        self.verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.recorder.agreed_on("TLS 1.2");
        self.verifier.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.recorder.agreed_on("TLS 1.3");
        self.verifier.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

/// A store that keeps nothing; being asked tells that a connection stands.
impl ClientSessionStore for Onlooker {
    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        self.recorder.note(Event::Connected { address: self.address });
        None
    }

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        None
    }

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        None
    }

    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}

    fn set_tls12_session(&self, _: ServerName<'static>, _: Tls12ClientSessionValue) {}

    fn remove_tls12_session(&self, _: &ServerName<'static>) {}

    fn insert_tls13_ticket(&self, _: ServerName<'static>, _: Tls13ClientSessionValue) {}
}

/// Issuer and end of a certificate, which may be anybody's; nothing if it cannot be read.
fn certificate(der: &CertificateDer<'_>) -> Option<Event> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let issuer = certificate.issuer();
    let organization = issuer.iter_organization().chain(issuer.iter_common_name());
    let parts: Vec<_> = organization.filter_map(|part| part.as_str().ok()).collect();
    let name = if parts.is_empty() { issuer.to_string() } else { parts.join(" ") };
    let name = shortened(&visible(&name), LONGEST_ISSUER);
    let issuer = if name.is_empty() { "nobody named".to_owned() } else { name };
    let ends = certificate.validity().not_after.timestamp();
    Some(Event::Certificate { issuer, ends: Timestamp::from_millis(ends.saturating_mul(1000)) })
}
