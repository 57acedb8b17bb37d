//! How much of something is left for somebody: failures, asks for tokens.

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use crate::domain::timestamp::Timestamp;

/// How many at once are free, and in how many milliseconds one comes back.
#[derive(Clone, Copy)]
pub(in crate::service) struct Rate {
    /// How many at once.
    pub free: i64,
    /// In milliseconds.
    pub forgiven_in: i64,
}

/// How many are left, as the one instant at which all are back (the generic cell rate
/// algorithm, ITU-T I.371).
#[derive(Default)]
pub struct Budget(AtomicI64);

impl Budget {
    /// Takes one.
    pub(in crate::service) fn spend(&self, now: Timestamp, rate: Rate) {
        let Rate { free, forgiven_in } = rate;
        let now = now.as_millis();
        let next = |at: i64| Some(at.clamp(now, now + 2 * free * forgiven_in) + forgiven_in);
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
    }

    /// Takes one, unless none is left.
    pub(in crate::service) fn take(&self, now: Timestamp, rate: Rate) -> bool {
        let is_left = !self.is_spent(now, rate);
        if is_left {
            self.spend(now, rate);
        }
        is_left
    }

    /// How long until one is back.
    pub(in crate::service) fn wait(&self, now: Timestamp, rate: Rate) -> Duration {
        let at = self.0.load(Ordering::Relaxed) - rate.free * rate.forgiven_in;
        Timestamp::from_millis(at.saturating_add(1)).since(now)
    }

    /// Whether none is left.
    pub(in crate::service) fn is_spent(&self, now: Timestamp, rate: Rate) -> bool {
        self.0.load(Ordering::Relaxed) >= now.as_millis() + rate.free * rate.forgiven_in
    }
}

/// One customer of a provider has a whole /64 of IPv6.
pub(in crate::service) fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Rate = Rate { free: 20, forgiven_in: 1_000 };

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
    fn neighbours_in_one_ipv6_network_are_one() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
