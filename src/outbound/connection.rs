//! How one connection is made: to the one vetted address, watched, and hung up at once if nothing is to
//! be sent.
//!
//! reqwest dials what its resolver returns. Here that is the address that was vetted, whatever the name
//! would lead to by now; host name, SNI and certificate check stay the name's.

use std::{
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tower_layer::Layer;
use tower_service::Service;

use super::recorder::Recorder;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Leads every name to one address.
#[derive(Clone, Copy)]
pub(super) struct Pinned(pub(super) SocketAddr);

impl Resolve for Pinned {
    fn resolve(&self, _: Name) -> Resolving {
        let address = self.0;
        Box::pin(async move { Ok(Box::new([address].into_iter()) as Addrs) })
    }
}

/// Notes when a connection is made and secured.
#[derive(Clone)]
pub(super) struct Watch {
    pub(super) recorder: Arc<Recorder>,
    /// Hang up then, before anything is sent.
    pub(super) hang_up: bool,
}

/// The connection was made and, as wanted, nothing was sent over it.
#[derive(Debug, thiserror::Error)]
#[error("hung up as wanted")]
pub(super) struct HungUp;

impl<S> Layer<S> for Watch {
    type Service = Watched<S>;

    fn layer(&self, inner: S) -> Watched<S> {
        Watched { inner, watch: self.clone() }
    }
}

/// A connector that is watched.
#[derive(Clone)]
pub(super) struct Watched<S> {
    inner: S,
    watch: Watch,
}

impl<S, R> Service<R> for Watched<S>
where
    S: Service<R, Error = BoxError>,
    S::Future: Send + 'static,
    S::Response: 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let (connecting, watch) = (self.inner.call(request), self.watch.clone());
        Box::pin(async move {
            let connection = connecting.await?;
            watch.recorder.note_secured();
            if watch.hang_up { Err(HungUp.into()) } else { Ok(connection) }
        })
    }
}
