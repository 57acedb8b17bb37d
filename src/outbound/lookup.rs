//! Asks the system where a name leads: all its addresses, in the order the system prefers.
//!
//! The system's own resolver is asked (hosts file, search rules and all), since operators configure
//! that one. It blocks a thread for as long as it likes, so the number of questions at one time is
//! bounded; whoever asks stops waiting at his own deadline.

use std::{collections::HashSet, net::IpAddr, pin::Pin, sync::Arc};

use dns_lookup::{AddrInfoHints, LookupErrorKind, SockType, getaddrinfo};
use tokio::{sync::Semaphore, task::spawn_blocking};

/// The addresses of a name, or why there are none.
pub type Found = Result<Vec<IpAddr>, LookupError>;

/// A name has no addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookupError {
    /// There is no such name, or it has no address.
    NotFound,
    /// The question was not answered.
    Unanswered,
}

/// Finds the addresses of names. Tests bring their own.
pub trait Lookup: Send + Sync {
    /// All addresses of a name.
    fn lookup<'a>(&'a self, name: &'a str) -> Pin<Box<dyn Future<Output = Found> + Send + 'a>>;
}

/// The system's resolver.
pub struct SystemLookup(Arc<Semaphore>);

impl SystemLookup {
    /// With at most that many questions open at one time; more wait for their turn.
    pub fn new(at_once: usize) -> Self {
        Self(Arc::new(Semaphore::new(at_once)))
    }
}

impl Lookup for SystemLookup {
    fn lookup<'a>(&'a self, name: &'a str) -> Pin<Box<dyn Future<Output = Found> + Send + 'a>> {
        Box::pin(async move {
            let slot = Arc::clone(&self.0).acquire_owned().await;
            let name = name.to_owned();
            let asked = spawn_blocking(move || {
                let found = ask(&name);
                drop(slot); // not before: the thread is busy even if nobody waits for it any more
                found
            });
            asked.await.unwrap_or(Err(LookupError::Unanswered))
        })
    }
}

fn ask(name: &str) -> Found {
    let hints = AddrInfoHints { socktype: SockType::Stream.into(), ..AddrInfoHints::default() };
    let found = getaddrinfo(Some(name), None, Some(hints)).map_err(|error| match error.kind() {
        LookupErrorKind::NoName | LookupErrorKind::NoData => LookupError::NotFound,
        _ => LookupError::Unanswered,
    })?;
    let mut seen = HashSet::new();
    let addresses = found.flatten().map(|info| info.sockaddr.ip());
    let addresses: Vec<_> = addresses.filter(|address| seen.insert(*address)).collect();
    if addresses.is_empty() { Err(LookupError::NotFound) } else { Ok(addresses) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_machine_knows_itself() {
        let found = SystemLookup::new(4).lookup("localhost").await.unwrap();
        assert!(!found.is_empty() && found.iter().all(IpAddr::is_loopback), "{found:?}");
    }

    #[tokio::test]
    async fn what_is_no_name_has_no_address() {
        for name in ["", "a\0b", "-", &"a".repeat(300)] {
            assert!(SystemLookup::new(4).lookup(name).await.is_err(), "{name:?}");
        }
    }
}
