//! Posts traces to a collector.
//!
//! No address guard: the operator names the collector. Little time, little room, no redirect, no proxy,
//! as for everything that leaves here. A collector that is away is told of once.

use std::{
    fmt,
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use bytes::Bytes;
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use reqwest::{Client, redirect};
use tokio::runtime::Handle;

use super::failures::innermost;

/// From connecting to the last byte.
const LONGEST_TIME: Duration = Duration::from_secs(5);

/// The largest answer that is read, in bytes.
const LARGEST: usize = 64 * 1024;

/// The way to a collector.
pub struct Collector {
    client: Client,
    runtime: Handle,
    is_away: AtomicBool,
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collector").finish_non_exhaustive()
    }
}

impl Collector {
    /// A client that works on this runtime, whichever thread asks.
    ///
    /// # Errors
    /// If TLS cannot be set up.
    pub fn new(runtime: Handle) -> Result<Self, String> {
        // Whoever comes first in this process decides; it is the same choice everywhere here.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .timeout(LONGEST_TIME)
            .build()
            .map_err(|error| innermost(&error))?;
        Ok(Self { client, runtime, is_away: AtomicBool::new(false) })
    }

    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let request = reqwest::Request::try_from(request)?;
        let client = self.client.clone();
        // The sender's thread has no reactor.
        self.runtime.spawn(answer(client, request)).await?
    }

    fn note(&self, sent: &Result<Response<Bytes>, HttpError>) {
        let why = match sent {
            Ok(response) if response.status().is_success() => None,
            Ok(response) => Some(format!("it answers {}", response.status().as_u16())),
            Err(error) => Some(innermost(&**error)),
        };
        let was_away = self.is_away.swap(why.is_some(), Ordering::Relaxed);
        match why {
            Some(error) if !was_away => {
                tracing::warn!(error, "traces cannot be sent and are dropped");
            }
            None if was_away => tracing::info!("traces are sent again"),
            _ => {}
        }
    }
}

async fn answer(client: Client, request: reqwest::Request) -> Result<Response<Bytes>, HttpError> {
    let mut response = client.execute(request).await?;
    let status = response.status();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > LARGEST {
            return Err("it answers more than a collector does".into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Response::builder().status(status).body(body.into())?)
}

impl HttpClient for Collector {
    fn send_bytes<'a, 'b>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async move {
            let sent = self.send(request).await;
            self.note(&sent);
            sent
        })
    }
}
