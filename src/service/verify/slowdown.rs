//! Guessing is slowed: who failed often of late waits before anything is looked up for him.
//!
//! Why a delay and no refusal: nobody can lock a store's good apps out by failing in their name or from
//! their address. Keys that were used before are answered from memory and never wait; neither do signed
//! requests of a key in memory, if the signature holds. A waiting request costs a timer and its
//! connection.

use std::{net::IpAddr, sync::Arc, time::Duration};

use quick_cache::sync::Cache;
use tokio::time::sleep;

use super::live_key::LiveKey;
use crate::{
    domain::timestamp::Timestamp,
    service::budget::{Budget, Rate, network},
};

/// How many addresses are watched; the rarest seen are forgotten first.
const ADDRESSES: usize = 20_000;

/// For one key and for one address.
pub(super) const ONE: Rate = Rate { free: 20, forgiven_in: 1_000 };

/// For all together: guesses from a thousand addresses are guesses too.
const ALL: Rate = Rate { free: 500, forgiven_in: 10 };

/// How long whoever has no failures left waits.
const DELAY: Duration = Duration::from_millis(250);

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
