//! Ids of requests, for logs, error pages and `X-Request-Id`: unlike each other, on all nodes.
//!
//! Why so: asking the system for randomness costs more than refusing a request. It is asked once, and
//! the rest is `splitmix64` (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014),
//! which comes back to a number only after all others. Never: used where an id must not be guessed.

use std::sync::atomic::{AtomicU64, Ordering};

use data_encoding::HEXLOWER;

use crate::domain::entropy::{Entropy, random};

/// Where ids come from.
pub struct RequestIds(AtomicU64);

/// The id of one request, 16 hex digits.
#[derive(Clone)]
pub struct RequestId(pub String);

impl RequestIds {
    /// Begins somewhere.
    pub fn new(entropy: &dyn Entropy) -> Self {
        Self(AtomicU64::new(u64::from_ne_bytes(random(entropy))))
    }

    /// The next one.
    pub fn next(&self) -> RequestId {
        let step = 0x9e37_79b9_7f4a_7c15;
        let mut mixed = self.0.fetch_add(step, Ordering::Relaxed);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        RequestId(HEXLOWER.encode(&(mixed ^ (mixed >> 31)).to_be_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    struct Sevens;
    impl Entropy for Sevens {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    #[test]
    fn no_id_comes_twice() {
        let ids = RequestIds::new(&Sevens);
        let all: HashSet<_> = (0..10_000).map(|_| ids.next().0).collect();
        assert_eq!(all.len(), 10_000);
        assert!(all.iter().all(|id| id.len() == 16));
    }
}
