//! Posts callbacks, and makes trial connections: what is the same for all attempts. One attempt is in
//! `call`.

use std::{net::IpAddr, sync::Arc, time::Duration};

use url::{Host, Url};
use zeroize::Zeroizing;

use super::{AddressGuard, Lookup, call::Call, tls::Trust};
use crate::domain::{delivery::Attempted, failure::Failure, signature::SignatureHeaders};

/// How the client behaves.
#[derive(Clone)]
pub struct ClientOptions {
    /// From the look-up to the last byte.
    pub timeout: Duration,
    /// Which addresses may be reached.
    pub guard: AddressGuard,
    /// Where names lead.
    pub lookup: Arc<dyn Lookup>,
    /// PEM roots trusted besides the system's.
    pub extra_roots: Option<Vec<u8>>,
    /// The `User-Agent`; apps read the store's address from it.
    pub user_agent: String,
}

/// The client could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The extra roots are none.
    #[error("it holds no certificate")]
    NoRoots,
    /// The extra roots are broken.
    #[error("it cannot be read as PEM: {0}")]
    Roots(String),
    /// TLS or the system's roots.
    #[error("TLS for callbacks could not be set up: {0}")]
    Tls(#[from] rustls::Error),
}

/// What is posted.
pub struct Message {
    /// Where to.
    pub url: Url,
    /// The JSON with the keys.
    pub body: Zeroizing<Vec<u8>>,
    /// Who posted, and when.
    pub signature: SignatureHeaders,
}

/// Posts callbacks. Cheap to clone.
#[derive(Clone)]
pub struct CallbackClient {
    pub(super) timeout: Duration,
    guard: Arc<AddressGuard>,
    lookup: Arc<dyn Lookup>,
    pub(super) trust: Trust,
    pub(super) user_agent: Arc<str>,
}

impl CallbackClient {
    /// A client with those options.
    ///
    /// # Errors
    /// If the extra roots hold no certificate or the system's roots cannot be read.
    pub fn new(options: ClientOptions) -> Result<Self, ClientError> {
        Ok(Self {
            timeout: options.timeout,
            guard: Arc::new(options.guard),
            lookup: options.lookup,
            trust: Trust::new(options.extra_roots.as_deref())?,
            user_agent: options.user_agent.into(),
        })
    }

    /// The same client, which asks somebody else where names lead.
    pub fn asking(&self, lookup: Arc<dyn Lookup>) -> Self {
        Self { lookup, ..self.clone() }
    }

    /// Posts once. No failure means that the app answered 2xx.
    pub async fn post(&self, message: Message) -> Attempted {
        let call = Call::begin(self);
        let failure = call.post(message).await.err();
        Attempted { failure, timeline: call.timeline() }
    }

    /// Makes a connection as for a post, and hangs up before anything is sent.
    pub async fn probe(&self, url: &Url) -> Attempted {
        let call = Call::begin(self);
        let failure = call.probe(url).await.err();
        Attempted { failure, timeline: call.timeline() }
    }

    /// All addresses a URL leads to, if each of them may be reached.
    ///
    /// # Errors
    /// The first rule that is broken, or that the name leads nowhere. Takes as long as the look-up.
    pub async fn vet(&self, url: &Url) -> Result<Vec<IpAddr>, Failure> {
        let name = match url.host() {
            Some(Host::Domain(name)) => name,
            Some(Host::Ipv4(address)) => return self.vetted(address.into()),
            Some(Host::Ipv6(address)) => return self.vetted(address.into()),
            None => return Err(Failure::NameNotFound),
        };
        if self.guard.refuses_name(name) {
            return Err(Failure::NameRefused);
        }
        let addresses = self.lookup.lookup(name).await?;
        self.guard.check_name(name, &addresses)?;
        Ok(addresses)
    }

    /// An address that stands in the URL itself.
    fn vetted(&self, address: IpAddr) -> Result<Vec<IpAddr>, Failure> {
        self.guard.check(address)?;
        Ok(vec![address])
    }
}
