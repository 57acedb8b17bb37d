//! One attempt: to a vetted address, within the time, reading no more than it must, and writing down
//! each step.
//!
//! The name is resolved once, all its addresses are vetted, and those very addresses are dialled, one
//! after the other until one takes the connection. Never: a second look-up, a redirect, a proxy, a
//! cookie, a decompressed answer, a connection kept for later.
//!
//! HTTP/1.1 only: an app that answered early on an HTTP/2 stream could leave the body waiting for its
//! window, and so take the keys long after the attempt was over.

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

use super::{
    CallbackClient, Message,
    body::NotedBody,
    connection::{Pinned, Watch},
    failures::{classify, innermost},
    recorder::{Recorder, now},
};
use crate::domain::{
    failure::{Failure, Phase},
    signature::SignatureHeaders,
    text::{shortened, visible},
    timeline::{Event, Timeline},
};

/// How much of an app's answer is read, in bytes.
const LONGEST_ANSWER: usize = 16 * 1024;

/// How long an answer's body is read. Its status has decided already.
const DRAIN_TIME: Duration = Duration::from_secs(2);

/// How many of a name's addresses are dialled in one attempt.
const MOST_ADDRESSES: usize = 4;

/// How many of a name's addresses are kept with the attempt.
const MOST_KEPT: usize = 8;

/// The longest content type that is kept, in characters.
const LONGEST_TYPE: usize = 100;

/// The least time an address gets to take the connection, if there is that much left.
const LEAST_SHARE: Duration = Duration::from_secs(3);

/// One attempt under way.
pub(super) struct Call<'a> {
    client: &'a CallbackClient,
    recorder: Arc<Recorder>,
    deadline: Instant,
}

impl<'a> Call<'a> {
    pub(super) fn begin(client: &'a CallbackClient) -> Self {
        let deadline = Instant::now() + client.timeout;
        Self { client, recorder: Arc::new(Recorder::start()), deadline }
    }

    pub(super) fn timeline(&self) -> Timeline {
        self.recorder.finish()
    }

    pub(super) async fn post(&self, message: Message) -> Result<(), Failure> {
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

    pub(super) async fn probe(&self, url: &Url) -> Result<(), Failure> {
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
            let rest = self.deadline.saturating_duration_since(Instant::now());
            let time = (rest / left.max(1)).max(LEAST_SHARE).min(rest);
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

    /// Passes if another address should be tried: nobody took the connection, or it was not secured in
    /// time. Without an error the time is over.
    fn give_up_on(
        &self,
        address: SocketAddr,
        error: Option<reqwest::Error>,
        others: bool,
    ) -> Result<(), Failure> {
        let phase = self.recorder.phase();
        let error = error.filter(|error| !error.is_timeout());
        let reason = match (phase, &error) {
            (Phase::Connection, Some(error)) => Some(innermost(error)),
            (Phase::Connection, None) => Some("no answer".to_owned()),
            (Phase::Tls, None) if others => Some("TLS not in time".to_owned()),
            _ => None,
        };
        let failed_early = reason.is_some();
        if let Some(reason) = reason {
            self.recorder.note(Event::Unreachable { address, reason });
        }
        match error {
            _ if failed_early && others => Ok(()),
            Some(error) => Err(classify(error, phase)),
            None => Err(Failure::Timeout(phase)),
        }
    }

    /// The vetted addresses with the URL's port, the first few, of both families in turn.
    async fn addresses(&self, url: &Url) -> Result<Vec<SocketAddr>, Failure> {
        let vetting = timeout_at(self.deadline, self.client.vet(url)).await;
        let addresses = vetting.map_err(|_| Failure::Timeout(Phase::Name))??;
        if matches!(url.host(), Some(Host::Domain(_))) {
            let kept = addresses.iter().take(MOST_KEPT).copied().collect();
            let more = addresses.len().saturating_sub(MOST_KEPT);
            self.recorder.note(Event::Resolved { addresses: kept, more });
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
            .http1_only()
            .http1_max_headers(64)
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
