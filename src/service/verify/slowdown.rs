//! Guessing is slowed: who failed often of late waits before anything is looked up for him.
//!
//! Why a delay and no refusal: nobody can lock a store's good apps out by failing in their name or from
//! their address. Keys that were used before are answered from memory and never wait; neither do signed
//! requests of a key in memory, if the signature holds. A waiting request costs a timer and its
//! connection.

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

use super::live_key::LiveKey;
use crate::domain::timestamp::Timestamp;

/// How many addresses are watched; the rarest seen are forgotten first.
const ADDRESSES: usize = 20_000;

/// How many failures at once cost nothing, and in how many milliseconds one is forgiven.
#[derive(Clone, Copy)]
pub(super) struct Rate {
    pub free: i64,
    pub forgiven_in: i64,
}

/// For one key and for one address.
pub(super) const ONE: Rate = Rate { free: 20, forgiven_in: 1_000 };

/// For all together: guesses from a thousand addresses are guesses too.
const ALL: Rate = Rate { free: 500, forgiven_in: 10 };

/// How long whoever has no failures left waits.
const DELAY: Duration = Duration::from_millis(250);

/// How many failures are left, as the one instant at which all are forgiven (the generic cell rate
/// algorithm, ITU-T I.371).
#[derive(Default)]
pub struct Budget(AtomicI64);

impl Budget {
    /// Notes a failure.
    pub(super) fn spend(&self, now: Timestamp, rate: Rate) {
        let Rate { free, forgiven_in } = rate;
        let now = now.as_millis();
        let next = |at: i64| Some(at.clamp(now, now + 2 * free * forgiven_in) + forgiven_in);
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
    }

    /// Whether none is left.
    pub(super) fn is_spent(&self, now: Timestamp, rate: Rate) -> bool {
        self.0.load(Ordering::Relaxed) >= now.as_millis() + rate.free * rate.forgiven_in
    }
}

/// Who failed of late.
pub struct Slowdown {
    addresses: Cache<IpAddr, Arc<Budget>>,
    all: Budget,
}

impl Default for Slowdown {
    fn default() -> Self {
        Self { addresses: Cache::new(ADDRESSES), all: Budget::default() }
    }
}

impl Slowdown {
    /// Lets an address that fails often wait, and whoever asks for a key that is being guessed at from
    /// an address that failed before. When everybody together fails too often, everybody waits whom
    /// memory alone does not let pass.
    pub(in crate::service) async fn pause(
        &self,
        address: IpAddr,
        key: Option<&LiveKey>,
        now: Timestamp,
    ) {
        if self.slows(address, key, now) {
            sleep(DELAY).await;
        }
    }

    fn slows(&self, address: IpAddr, key: Option<&LiveKey>, now: Timestamp) -> bool {
        let one = |budget: &Budget| budget.is_spent(now, ONE);
        let here = self.addresses.get(&network(address));
        self.all.is_spent(now, ALL)
            || here.is_some_and(|here| one(&here) || key.is_some_and(|key| one(&key.failures)))
    }

    /// Notes a failure of that address.
    pub(in crate::service) fn failed(&self, address: IpAddr, now: Timestamp) {
        let network = network(address);
        let budget = self.addresses.get(&network).unwrap_or_else(|| {
            let fresh = Arc::new(Budget::default());
            self.addresses.insert(network, Arc::clone(&fresh));
            fresh
        });
        budget.spend(now, ONE);
        self.all.spend(now, ALL);
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
        for _ in 0..ONE.free {
            assert!(!budget.is_spent(at(0), ONE));
            budget.spend(at(0), ONE);
        }
        assert!(budget.is_spent(at(0), ONE));
        assert!(!budget.is_spent(at(1), ONE));
        (0..10_000).for_each(|_| budget.spend(at(1), ONE));
        assert!(budget.is_spent(at(20), ONE), "a flood is remembered");
        assert!(!budget.is_spent(at(1 + 2 * ONE.free), ONE), "and not for ever");
    }

    #[test]
    fn a_flood_from_everywhere_slows_strangers_and_ends() {
        let slowdown = Slowdown::default();
        let now = Timestamp::from_millis(1_000_000);
        let address = |n: i64| IpAddr::from(u32::try_from(n).unwrap().to_be_bytes());
        for n in 0..ALL.free {
            assert!(!slowdown.slows(address(n), None, now));
            slowdown.failed(address(n), now);
        }
        assert!(slowdown.slows(address(99_999), None, now), "somebody who never failed");
        let later = now.plus(Duration::from_secs(1));
        assert!(!slowdown.slows(address(7), None, later), "a hundred a second are forgiven");
    }

    #[test]
    fn neighbours_in_one_ipv6_network_are_one() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
