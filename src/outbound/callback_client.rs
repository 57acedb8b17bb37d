//! Posts a callback: once, to the vetted address, within the time, reading no more than it must.

use std::{net::IpAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use reqwest::{
    Certificate, Client, Response,
    header::{ACCEPT, CONTENT_TYPE, USER_AGENT},
    redirect,
};
use url::{Host, Url};
use zeroize::Zeroizing;

use super::{AddressGuard, failures::classify, resolver::GuardedResolver};
use crate::domain::{delivery::Failure, signature::SignatureHeaders};

/// How much of an app's answer is read, in bytes.
const LONGEST_ANSWER: usize = 16 * 1024;

/// How the client behaves.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// From connecting to the last byte.
    pub timeout: Duration,
    /// Which addresses may be reached.
    pub guard: AddressGuard,
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
    /// TLS or the system's roots.
    #[error("the client for callbacks could not be made: {0}")]
    Client(#[from] reqwest::Error),
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
    client: Client,
    guard: Arc<AddressGuard>,
    user_agent: String,
}

impl CallbackClient {
    /// A client with those options.
    ///
    /// # Errors
    /// If the extra roots hold no certificate or the system's roots cannot be read.
    pub fn new(options: ClientOptions) -> Result<Self, ClientError> {
        // Whoever comes first in this process decides; it is the same choice everywhere here.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let guard = Arc::new(options.guard);
        let mut builder = Client::builder()
            .dns_resolver(GuardedResolver(Arc::clone(&guard)))
            .no_proxy()
            .https_only(true)
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .timeout(options.timeout)
            .connect_timeout(options.timeout.min(Duration::from_secs(10)))
            .pool_max_idle_per_host(0)
            .http1_max_headers(64)
            .http2_max_header_list_size(16 * 1024);
        if let Some(pem) = options.extra_roots {
            let roots = Certificate::from_pem_bundle(&pem)?;
            if roots.is_empty() {
                return Err(ClientError::NoRoots);
            }
            builder = builder.tls_certs_merge(roots);
        }
        Ok(Self { client: builder.build()?, guard, user_agent: options.user_agent })
    }

    /// Posts once. `Ok` means the app answered 2xx.
    ///
    /// # Errors
    /// Why the app does not have the keys, or cannot be known to have them.
    pub async fn post(&self, message: Message) -> Result<(), Failure> {
        self.check_literal(&message.url)?;
        let response = self.send(message).await.map_err(classify)?;
        crate::fault::point("after-send").await;
        let status = response.status();
        drain(response).await;
        crate::fault::point("after-answer").await;
        if status.is_success() { Ok(()) } else { Err(Failure::Status(status.as_u16())) }
    }

    async fn send(&self, message: Message) -> Result<Response, reqwest::Error> {
        let SignatureHeaders { id, timestamp, signature } = message.signature;
        self.client
            .post(message.url)
            .header(USER_AGENT, &self.user_agent)
            .header(ACCEPT, "*/*")
            .header(CONTENT_TYPE, "application/json;charset=UTF-8")
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signature)
            .body(Bytes::from_owner(message.body)) // wiped when the last reader lets go
            .send()
            .await
    }

    /// Vets an address that stands in the URL itself, which no resolver is asked for.
    fn check_literal(&self, url: &Url) -> Result<(), Failure> {
        let address = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            Some(Host::Domain(_)) | None => return Ok(()),
        };
        self.guard.check(address).map_err(|refused| Failure::AddressRefused(refused.0.to_string()))
    }
}

/// Reads the answer to its end or to the limit, so that the app can finish sending it. What it says,
/// and whether it arrives whole, changes nothing: the status decides.
async fn drain(mut response: Response) {
    let mut read = 0;
    while let Ok(Some(chunk)) = response.chunk().await {
        read += chunk.len();
        if read > LONGEST_ANSWER {
            break;
        }
    }
}
