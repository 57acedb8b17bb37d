//! `Authorization` headers that proved a secret: the shortest way to a key.
//!
//! Why so: a client sends the same header with each request. One keyed hash of it leads to the record,
//! without decoding it and hashing both halves again.
//! Never: a header itself, which holds the secret in plain. Never a key that was forgotten: the record
//! says so itself (`LiveKey::is_forgotten`), so nothing has to be looked for here when a key changes.
//! A look-up tells nobody anything by its time, as the hash's key is this process' own secret.

use std::sync::Arc;

use super::{
    by_tag::{ByTag, by_tag},
    live_key::LiveKey,
    live_keys::KEYS,
};
use crate::domain::keyring::{ProcessKey, Tag};

/// The longest that is remembered, in bytes; a pair of ours takes 116.
const LONGEST: usize = 256;

/// The headers that proved a secret.
pub struct Seen(ByTag<Arc<LiveKey>>);

impl Default for Seen {
    fn default() -> Self {
        Self(by_tag(KEYS))
    }
}

/// The keyed hash of a header.
pub(super) struct HeaderTag(Tag);

impl HeaderTag {
    /// Of that header; nothing for one that is no Basic, or too long.
    pub(super) fn of(process_key: &ProcessKey, header: &str) -> Option<Self> {
        let (scheme, token) = header.split_at_checked("Basic ".len())?;
        let fits = scheme.eq_ignore_ascii_case("Basic ") && token.len() <= LONGEST;
        fits.then(|| Self(process_key.header_tag(token)))
    }
}

impl Seen {
    /// The key whose secret that header proved.
    pub(super) fn key(&self, tag: &HeaderTag) -> Option<Arc<LiveKey>> {
        let key = self.0.get(&tag.0)?;
        if key.is_forgotten() {
            self.0.remove_if(&tag.0, |there| Arc::ptr_eq(there, &key));
            return None;
        }
        Some(key)
    }

    /// Nothing was seen.
    pub(super) fn clear(&self) {
        self.0.clear();
    }

    /// Remembers that the header proved the key's secret.
    pub(super) fn remember(&self, tag: HeaderTag, key: &Arc<LiveKey>) {
        self.0.insert(tag.0, Arc::clone(key));
    }
}
