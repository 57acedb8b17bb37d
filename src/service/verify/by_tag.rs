//! A bounded map from keyed hashes.
//!
//! Why so: what it is looked up by is HMAC-SHA256 under a key nobody outside knows, so its first bytes
//! are as good a hash as any, and nobody can choose entries that collide.

use std::hash::{BuildHasherDefault, Hasher};

use quick_cache::{
    Lifecycle, UnitWeighter,
    sync::{Cache, DefaultLifecycle},
};

use crate::domain::keyring::Tag;

/// Keeps what is used often, up to a number of entries; `L` hears of what has to go.
pub(super) type ByTag<T, L = DefaultLifecycle<Tag, T>> =
    Cache<Tag, T, UnitWeighter, BuildHasherDefault<First>, L>;

/// An empty map for that many entries.
pub(super) fn by_tag<T: Clone, L: Lifecycle<Tag, T> + Default + Clone>(most: usize) -> ByTag<T, L> {
    Cache::with(most, most as u64, UnitWeighter, BuildHasherDefault::default(), L::default())
}

/// The first eight bytes of a tag.
#[derive(Default)]
pub(super) struct First(u64);

impl Hasher for First {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 = u64::from_le_bytes(*first);
        }
    }

    /// An array's length comes first, and says nothing.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}
