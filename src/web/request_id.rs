//! Ids of requests, for logs, error pages and `X-Request-Id`: unlike each other, on all nodes.
//!
//! Why so: asking the system for randomness costs more than refusing a request. It is asked once, and
//! the rest is `splitmix64` (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014),
//! which comes back to a number only after all others. Never: used where an id must not be guessed.

use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::http::header::HeaderMap;
use data_encoding::HEXLOWER;

use crate::domain::entropy::{Entropy, random};

/// Where ids come from.
pub struct RequestIds(AtomicU64);

/// The longest id that is taken over; a UUID has 36 characters.
const LONGEST: usize = 64;

/// The id of one request: 16 hex digits, or what a trusted proxy calls it.
#[derive(Clone)]
pub struct RequestId(pub String);

impl RequestId {
    /// What a trusted proxy calls the request, if that is one short plain word: it stands in log lines,
    /// headers and the audit log.
    pub fn of_proxy(headers: &HeaderMap, is_proxy: bool) -> Option<Self> {
        let mut named = headers.get_all("x-request-id").filter(|_| is_proxy);
        let (Some(name), None) = (named.next(), named.next()) else { return None };
        let name = name.to_str().ok()?;
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        let fits = (1..=LONGEST).contains(&name.len()) && name.bytes().all(plain);
        fits.then(|| Self(name.to_owned()))
    }
}

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
    fn only_short_plain_names_of_proxies_are_taken_over() {
        use actix_web::http::header::{HeaderName, HeaderValue};
        let of = |names: &[&[u8]], is_proxy| {
            let mut headers = HeaderMap::new();
            for name in names {
                let value = HeaderValue::from_bytes(name).unwrap();
                headers.append(HeaderName::from_static("x-request-id"), value);
            }
            RequestId::of_proxy(&headers, is_proxy).map(|id| id.0)
        };
        let good = "0192f0c1-7a7e-7c3e-9d3a-5a1b2c3d4e5f";
        assert_eq!(of(&[good.as_bytes()], true).as_deref(), Some(good));
        assert_eq!(of(&[good.as_bytes()], false), None, "a stranger’s");
        let long = "a".repeat(65);
        for names in [
            &[][..],
            &[&b""[..]],
            &[b"a", b"b"],
            &[b"a b"],
            &[b"a\"b"],
            &[b"\xe2\x80\xae"],
            &[long.as_bytes()],
        ] {
            assert_eq!(of(names, true), None, "{names:?}");
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
