//! Posts a callback: once, to a vetted address, within the time, reading no more than it must; and
//! writes down each step.
//!
//! The name is resolved once, all its addresses are vetted, and those very addresses are dialled, one
//! after the other until one answers the telephone. Never: a second look-up, a redirect, a proxy, a
//! cookie, a decompressed answer, a connection kept for later.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use reqwest::{
    Body, Client, Response,
    header::{ACCEPT, CONTENT_TYPE, USER_AGENT},
    redirect,
};
use tokio::time::{Instant, timeout_at};
use url::{Host, Url};
use zeroize::Zeroizing;

use super::{
    AddressGuard, Lookup,
    body::NotedBody,
    connection::{Pinned, Watch},
    failures::{classify, innermost},
    recorder::{Recorder, now},
    tls::Trust,
};
use crate::domain::{
    delivery::Attempted,
    failure::{Failure, Phase},
    signature::SignatureHeaders,
    text::{shortened, visible},
    timeline::Event,
};

/// How much of an app's answer is read, in bytes.
const LONGEST_ANSWER: usize = 16 * 1024;

/// How long an answer's body is read. Its status has decided already.
const DRAIN_TIME: Duration = Duration::from_secs(2);

/// How many of a name's addresses are dialled in one attempt.
const MOST_ADDRESSES: usize = 4;

/// The longest content type that is kept, in characters.
const LONGEST_TYPE: usize = 100;

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
    timeout: Duration,
    guard: Arc<AddressGuard>,
    lookup: Arc<dyn Lookup>,
    trust: Trust,
    user_agent: Arc<str>,
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

    /// Posts once. No failure means that the app answered 2xx.
    pub async fn post(&self, message: Message) -> Attempted {
        let call = Call::begin(self);
        let failure = call.post(message).await.err();
        Attempted { failure, timeline: call.recorder.finish() }
    }

    /// Makes a connection as for a post, and hangs up before anything is sent.
    pub async fn probe(&self, url: &Url) -> Attempted {
        let call = Call::begin(self);
        let failure = call.probe(url).await.err();
        Attempted { failure, timeline: call.recorder.finish() }
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

/// One attempt under way.
struct Call<'a> {
    client: &'a CallbackClient,
    recorder: Arc<Recorder>,
    deadline: Instant,
}

impl<'a> Call<'a> {
    fn begin(client: &'a CallbackClient) -> Self {
        let deadline = Instant::now() + client.timeout;
        Self { client, recorder: Arc::new(Recorder::start()), deadline }
    }

    async fn post(&self, message: Message) -> Result<(), Failure> {
        let Message { url, body, signature } = message;
        let body = Bytes::from_owner(body); // wiped when the last reader lets go
        let SignatureHeaders { id, timestamp, signature } = signature;
        let response = self
            .dial(&url, false, |client| {
                client
                    .post(url.clone())
                    .header(USER_AGENT, &*self.client.user_agent)
                    .header(ACCEPT, "*/*")
                    .header(CONTENT_TYPE, "application/json;charset=UTF-8")
                    .header("webhook-id", &id)
                    .header("webhook-timestamp", &timestamp)
                    .header("webhook-signature", &signature)
                    .body(Body::wrap(NotedBody::new(body.clone(), Arc::clone(&self.recorder))))
            })
            .await?;
        crate::fault::point("after-send").await;
        let status = response.status();
        self.hear_out(response).await;
        crate::fault::point("after-answer").await;
        if status.is_success() { Ok(()) } else { Err(Failure::Status(status.as_u16())) }
    }

    async fn probe(&self, url: &Url) -> Result<(), Failure> {
        match self.dial(url, true, |client| client.head(url.clone())).await {
            Err(_) if self.recorder.phase() == Phase::Answer => Ok(()), // secured, then hung up
            other => other.map(drop),
        }
    }

    /// Sends a request to the first of the URL's addresses that takes the connection.
    async fn dial(
        &self,
        url: &Url,
        hang_up: bool,
        request: impl Fn(&Client) -> reqwest::RequestBuilder,
    ) -> Result<Response, Failure> {
        let addresses = self.addresses(url).await?;
        let mut left = u32::try_from(addresses.len()).unwrap_or(1);
        for address in addresses {
            let time = self.deadline.saturating_duration_since(Instant::now()) / left.max(1);
            let client = self.connector(address, time, hang_up)?;
            let sent = timeout_at(self.deadline, request(&client).send()).await;
            left = left.saturating_sub(1);
            match sent {
                Ok(Ok(response)) => return Ok(response),
                Ok(Err(error)) => self.give_up_on(address, Some(error), left > 0)?,
                Err(_) => self.give_up_on(address, None, false)?,
            }
        }
        Err(Failure::NameNotFound)
    }

    /// Passes if another address should be tried. Without an error the time is over.
    fn give_up_on(
        &self,
        address: SocketAddr,
        error: Option<reqwest::Error>,
        others: bool,
    ) -> Result<(), Failure> {
        let phase = self.recorder.phase();
        let error = error.filter(|error| !error.is_timeout());
        if phase == Phase::Connection {
            let reason = error.as_ref().map_or("no answer".to_owned(), |error| innermost(error));
            self.recorder.note(Event::Unreachable { address, reason });
            if others {
                return Ok(());
            }
        }
        Err(error.map_or(Failure::Timeout(phase), |error| classify(error, phase)))
    }

    /// The vetted addresses with the URL's port, the first few, of both families in turn.
    async fn addresses(&self, url: &Url) -> Result<Vec<SocketAddr>, Failure> {
        let vetting = timeout_at(self.deadline, self.client.vet(url)).await;
        let addresses = vetting.map_err(|_| Failure::Timeout(Phase::Name))??;
        if matches!(url.host(), Some(Host::Domain(_))) {
            self.recorder.note(Event::Resolved { addresses: addresses.clone() });
        } else {
            self.recorder.needs_no_name();
        }
        let port = url.port_or_known_default().unwrap_or(443);
        let mut dialled = in_turn(addresses);
        dialled.truncate(MOST_ADDRESSES);
        Ok(dialled.into_iter().map(|address| SocketAddr::new(address, port)).collect())
    }

    /// A client for one connection to that address.
    fn connector(
        &self,
        address: SocketAddr,
        time: Duration,
        hang_up: bool,
    ) -> Result<Client, Failure> {
        let failed = |error: &(dyn std::error::Error + 'static)| Failure::Tls(innermost(error));
        let tls = self.client.trust.watched(&self.recorder, address).map_err(|e| failed(&e))?;
        Client::builder()
            .tls_backend_preconfigured(tls)
            .dns_resolver(Pinned(address))
            .connector_layer(Watch { recorder: Arc::clone(&self.recorder), hang_up })
            .connect_timeout(time)
            .no_proxy()
            .https_only(true)
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .pool_max_idle_per_host(0)
            .http1_max_headers(64)
            .http2_max_header_list_size(16 * 1024)
            .build()
            .map_err(|e| failed(&e))
    }

    /// Reads the answer to its end, to the limit or for a moment, so that the app can finish sending
    /// it. What it says, and whether it arrives whole, changes nothing: the status decides.
    async fn hear_out(&self, mut response: Response) {
        let (answered_at, status) = (now(), response.status().as_u16());
        let content_type = response.headers().get(CONTENT_TYPE).map(|value| {
            shortened(&visible(&String::from_utf8_lossy(value.as_bytes())), LONGEST_TYPE)
        });
        let until = self.deadline.min(Instant::now() + DRAIN_TIME);
        let mut length = 0;
        while let Ok(Ok(Some(chunk))) = timeout_at(until, response.chunk()).await {
            length += chunk.len();
            if length > LONGEST_ANSWER {
                break;
            }
        }
        let length = length as u64;
        self.recorder.note_at(answered_at, Event::Answered { status, length, content_type });
    }
}

/// The addresses with the families taking turns, in which the system's first stays first.
fn in_turn(addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    let first = addresses.first().is_some_and(IpAddr::is_ipv6);
    let (one, other): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|a| a.is_ipv6() == first);
    let (mut one, mut other) = (one.into_iter(), other.into_iter());
    let mut mixed = Vec::new();
    loop {
        let pair = [one.next(), other.next()];
        if pair.iter().all(Option::is_none) {
            return mixed;
        }
        mixed.extend(pair.into_iter().flatten());
    }
}
