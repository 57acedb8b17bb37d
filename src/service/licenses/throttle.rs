//! Guessing at license keys, tokens and activations is throttled: by address, by license, and for all together.
//!
//! Unlike a consumer secret a license key may be short, if it was made elsewhere; so whoever fails often is
//! turned away, not only slowed. Nobody is locked out by others: who asked rightly about a license lately goes on
//! asking about it from that address, however many fail from there or about it. What a known asker fails counts for
//! that pair of address and license alone.

use std::{net::IpAddr, sync::Arc, time::Duration};

use quick_cache::sync::Cache;
use tokio::time::sleep;

use crate::{
    domain::{
        keyring::{Lookup, Tag, cut},
        timestamp::Timestamp,
    },
    service::budget::{Budget, Rate, network},
};

/// How many addresses, licenses, and pairs of both are watched; the rarest seen are forgotten first.
const WATCHED: usize = 20_000;

/// Failures of one address, and about one license.
const FAILURES: Rate = Rate { free: 20, forgiven_in: 3_000 };

/// Failures of all together, after which strangers wait a moment.
const ALL: Rate = Rate { free: 500, forgiven_in: 10 };

/// Tokens and new activations of one license, from one address and from all.
const WRITES: Rate = Rate { free: 200, forgiven_in: 500 };
const ALL_WRITES: Rate = Rate { free: 2_000, forgiven_in: 50 };

/// How long that moment is.
const DELAY: Duration = Duration::from_millis(250);

/// Who asks about what.
#[derive(Clone, Copy)]
pub(super) struct Asker {
    address: IpAddr,
    key: Tag,
}

impl Asker {
    pub(super) fn new(address: IpAddr, lookup: &Lookup) -> Self {
        Self { address: network(address.to_canonical()), key: cut(lookup) }
    }

    fn pair(self) -> (IpAddr, Tag) {
        (self.address, self.key)
    }
}

/// Who failed of late.
pub struct Throttle {
    addresses: Cache<IpAddr, Arc<Budget>>,
    licenses: Cache<Tag, Arc<Budget>>,
    writes: Cache<Tag, Arc<Budget>>,
    writes_from: Cache<(IpAddr, Tag), Arc<Budget>>,
    /// Who asked rightly about which license lately, and how often wrongly since.
    known: Cache<(IpAddr, Tag), Arc<Budget>>,
    all: Budget,
}

impl Default for Throttle {
    fn default() -> Self {
        Self {
            addresses: Cache::new(WATCHED),
            licenses: Cache::new(WATCHED),
            writes: Cache::new(WATCHED),
            writes_from: Cache::new(WATCHED),
            known: Cache::new(WATCHED),
            all: Budget::default(),
        }
    }
}

impl Throttle {
    /// Lets somebody ask; else how long to wait.
    pub(super) async fn admit(&self, asker: Asker, now: Timestamp) -> Result<(), Duration> {
        let known = self.known.get(&asker.pair());
        let watched = [self.addresses.get(&asker.address), self.licenses.get(&asker.key)];
        // Who is known is judged by what was his own fault.
        let waits = if known.is_some() { vec![known.clone()] } else { watched.to_vec() };
        let waits = waits.iter().flatten().map(|budget| budget.wait(now, FAILURES));
        let wait = waits.max().unwrap_or_default();
        if !wait.is_zero() {
            return Err(wait);
        }
        if known.is_none() && self.all.is_spent(now, ALL) {
            sleep(DELAY).await;
        }
        Ok(())
    }

    /// Notes that somebody asked wrongly; the same work whether there is such a license or not.
    pub(super) fn failed(&self, asker: Asker, now: Timestamp) {
        if let Some(own) = self.known.get(&asker.pair()) {
            own.spend(now, FAILURES);
        } else {
            of(&self.addresses, asker.address).spend(now, FAILURES);
            of(&self.licenses, asker.key).spend(now, FAILURES);
        }
        self.all.spend(now, ALL);
    }

    /// Notes that somebody asked rightly.
    pub(super) fn succeeded(&self, asker: Asker) {
        of(&self.known, asker.pair());
    }

    /// Lets a license have something written; else how long to wait.
    pub(super) fn admit_write(&self, asker: Asker, now: Timestamp) -> Result<(), Duration> {
        let (here, all) = (of(&self.writes_from, asker.pair()), of(&self.writes, asker.key));
        if !here.take(now, WRITES) {
            return Err(here.wait(now, WRITES));
        }
        if all.take(now, ALL_WRITES) { Ok(()) } else { Err(all.wait(now, ALL_WRITES)) }
    }
}

fn of<K: std::hash::Hash + Eq + Copy>(all: &Cache<K, Arc<Budget>>, key: K) -> Arc<Budget> {
    all.get(&key).unwrap_or_else(|| {
        let fresh = Arc::new(Budget::default());
        all.insert(key, Arc::clone(&fresh));
        fresh
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);

    fn asker(address: [u8; 4], key: u8) -> Asker {
        Asker::new(address.into(), &[key; 32])
    }

    #[tokio::test]
    async fn who_guesses_is_turned_away_and_nobody_else() {
        let throttle = Throttle::default();
        let (guesser, customer) = (asker([192, 0, 2, 1], 1), asker([192, 0, 2, 1], 2));
        throttle.succeeded(customer);
        for _ in 0..FAILURES.free {
            assert!(throttle.admit(guesser, NOW).await.is_ok());
            throttle.failed(guesser, NOW);
        }
        let wait = throttle.admit(guesser, NOW).await.unwrap_err();
        assert!(wait <= Duration::from_secs(4) && !wait.is_zero(), "{wait:?}");
        assert!(throttle.admit(asker([192, 0, 2, 1], 3), NOW).await.is_err(), "another guess");
        assert!(throttle.admit(customer, NOW).await.is_ok(), "a customer behind the same address");
        assert!(throttle.admit(asker([192, 0, 2, 2], 4), NOW).await.is_ok(), "elsewhere");
        assert!(throttle.admit(guesser, NOW.plus(wait)).await.is_ok(), "later");
    }

    #[tokio::test]
    async fn guesses_at_one_license_from_everywhere_are_turned_away() {
        let throttle = Throttle::default();
        let customer = asker([203, 0, 113, 1], 7);
        throttle.succeeded(customer);
        for n in 0..20 {
            throttle.failed(asker([192, 0, 2, n], 7), NOW);
        }
        assert!(throttle.admit(asker([192, 0, 2, 200], 7), NOW).await.is_err());
        assert!(throttle.admit(asker([192, 0, 2, 200], 8), NOW).await.is_ok(), "another license");
        assert!(throttle.admit(customer, NOW).await.is_ok(), "who has it");
    }

    #[tokio::test]
    async fn mistakes_of_a_customer_are_his_own() {
        let throttle = Throttle::default();
        let customer = asker([192, 0, 2, 1], 1);
        throttle.succeeded(customer);
        for _ in 0..FAILURES.free {
            assert!(throttle.admit(customer, NOW).await.is_ok());
            throttle.failed(customer, NOW);
        }
        assert!(throttle.admit(customer, NOW).await.is_err());
        assert!(throttle.admit(asker([192, 0, 2, 1], 2), NOW).await.is_ok(), "a neighbour");
        assert!(throttle.admit(asker([192, 0, 2, 2], 1), NOW).await.is_ok(), "another site of his");
    }

    #[test]
    fn one_license_does_not_fill_the_database() {
        let throttle = Throttle::default();
        let one = asker([192, 0, 2, 1], 1);
        for _ in 0..WRITES.free {
            assert!(throttle.admit_write(one, NOW).is_ok());
        }
        let wait = throttle.admit_write(one, NOW).unwrap_err();
        assert!(throttle.admit_write(one, NOW.plus(wait)).is_ok());
        assert!(throttle.admit_write(asker([192, 0, 2, 2], 1), NOW).is_ok(), "from elsewhere");
    }
}
