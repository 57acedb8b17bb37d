//! Where random bytes come from: handed in, so that a test can replay them.

use uuid::{Builder, Uuid};

use super::timestamp::Timestamp;

/// A source of unpredictable bytes. The real one is the operating system's (`service::environment`).
pub trait Entropy: Send + Sync {
    /// Fills `bytes` completely.
    fn fill(&self, bytes: &mut [u8]);
}

/// `N` fresh random bytes.
pub fn random<const N: usize>(entropy: &dyn Entropy) -> [u8; N] {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes);
    bytes
}

/// A new identifier that sorts by time of creation (UUID version 7, RFC 9562 §5.7).
pub fn new_id(now: Timestamp, entropy: &dyn Entropy) -> Uuid {
    let millis = u64::try_from(now.as_millis()).unwrap_or(0);
    Builder::from_unix_timestamp_millis(millis, &random(entropy)).into_uuid()
}
