//! Name resolution for callbacks: what is vetted here is what is connected to.
//!
//! reqwest dials exactly the addresses a resolver returns, so a name that answers differently the
//! second time gains nothing. It does not ask for addresses that stand in the URL itself; the client
//! vets those before it sends.

use std::{net::SocketAddr, sync::Arc};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::AddressGuard;

/// The system's resolver behind the guard.
#[derive(Clone)]
pub(super) struct GuardedResolver(pub(super) Arc<AddressGuard>);

/// The name has no address.
#[derive(Debug, thiserror::Error)]
#[error("no address was found for the name")]
pub(super) struct NameNotFound;

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = Arc::clone(&self.0);
        Box::pin(async move {
            let host = (name.as_str(), 0);
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host(host).await.map_err(|_| NameNotFound)?.collect();
            if found.is_empty() {
                return Err(NameNotFound.into());
            }
            for address in &found {
                guard.check(address.ip())?;
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}
