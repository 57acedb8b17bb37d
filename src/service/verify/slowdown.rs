//! Guessing is slowed: who failed often of late waits before anything is looked up for him.
//!
//! Why a delay and no refusal: nobody can lock a store's good apps out by failing in their name or from
//! their address. Keys that were used before are answered from memory and never wait. A waiting request
//! costs a timer and its connection.

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use quick_cache::sync::Cache;
use tokio::time::sleep;

use super::live_keys::LiveKey;
use crate::domain::timestamp::Timestamp;

/// How many addresses are watched; the rarest seen are forgotten first.
const ADDRESSES: usize = 20_000;

/// How many failures at once cost nothing.
const FREE: i64 = 20;

/// One failure is forgiven in that many milliseconds.
const FORGIVEN_IN: i64 = 1_000;

/// How long whoever has no failures left waits.
const DELAY: Duration = Duration::from_millis(250);

/// How many failures are left, as the one instant at which all are forgiven (the generic cell rate
/// algorithm, ITU-T I.371).
#[derive(Default)]
pub struct Budget(AtomicI64);

impl Budget {
    /// Notes a failure.
    pub fn spend(&self, now: Timestamp) {
        let now = now.as_millis();
        let next = |at: i64| Some(at.clamp(now, now + 2 * FREE * FORGIVEN_IN) + FORGIVEN_IN);
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
    }

    /// Whether none is left.
    pub fn is_spent(&self, now: Timestamp) -> bool {
        self.0.load(Ordering::Relaxed) >= now.as_millis() + FREE * FORGIVEN_IN
    }
}

/// The addresses that failed of late.
pub struct Slowdown(Cache<IpAddr, Arc<Budget>>);

impl Default for Slowdown {
    fn default() -> Self {
        Self(Cache::new(ADDRESSES))
    }
}

impl Slowdown {
    /// Lets an address that fails often wait, and whoever asks for a key that is being guessed at from
    /// an address that failed before.
    pub(super) async fn pause(&self, address: IpAddr, key: Option<&LiveKey>, now: Timestamp) {
        let Some(budget) = self.0.get(&network(address)) else {
            return;
        };
        if budget.is_spent(now) || key.is_some_and(|key| key.failures.is_spent(now)) {
            sleep(DELAY).await;
        }
    }

    /// Notes a failure of that address.
    pub(super) fn failed(&self, address: IpAddr, now: Timestamp) {
        let network = network(address);
        let budget = self.0.get(&network).unwrap_or_else(|| {
            let fresh = Arc::new(Budget::default());
            self.0.insert(network, Arc::clone(&fresh));
            fresh
        });
        budget.spend(now);
    }
}

/// One customer of a provider has a whole /64 of IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_spent_by_failures_and_comes_back_with_time() {
        let budget = Budget::default();
        let at = |seconds: i64| Timestamp::from_millis(1_000_000 + seconds * 1_000);
        for _ in 0..FREE {
            assert!(!budget.is_spent(at(0)));
            budget.spend(at(0));
        }
        assert!(budget.is_spent(at(0)));
        assert!(!budget.is_spent(at(1)));
        (0..10_000).for_each(|_| budget.spend(at(1)));
        assert!(budget.is_spent(at(20)), "a flood is remembered");
        assert!(!budget.is_spent(at(1 + 2 * FREE)), "and not for ever");
    }

    #[test]
    fn neighbours_in_one_ipv6_network_are_one() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
