//! What goes into and comes out of the queries about a key's pairs.

use std::time::Duration;

use crate::domain::{keyring::Lookup, pair::Role, sealed::Sealed, timestamp::Timestamp};

/// A pair that shall open a key.
#[derive(Clone)]
pub struct NewPair {
    /// Keyed hash of the consumer key.
    pub lookup: Lookup,
    /// PHC string of the secret.
    pub secret_hash: String,
    /// Last characters of the consumer key.
    pub ending: String,
    /// The secret sealed, if it is kept.
    pub sealed_secret: Option<Sealed>,
}

/// A new pair for a key that is still as it was seen.
#[derive(Clone)]
pub struct Exchange {
    /// The key's number.
    pub key_id: i64,
    /// Whom it acted for.
    pub owner_id: i64,
    /// The last characters of its own pair's consumer key.
    pub ending: String,
    /// What shall open it.
    pub pair: NewPair,
    /// How long the pair before works on.
    pub overlap: Duration,
}

/// How the new pair gets to the key's app.
#[derive(Clone)]
pub struct Handover {
    /// The grant that made the key.
    pub grant_id: String,
    /// Id of the delivery to be made.
    pub delivery_id: String,
    /// What is posted, sealed.
    pub body: Sealed,
}

/// How giving a key a new pair went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exchanged {
    /// It has it, or its app is being given it.
    Done,
    /// It has two already.
    UnderWay,
    /// It is over, or not as it was seen.
    Changed,
}

/// The other pair of a key, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherPair {
    /// What it is to its key; never `Ended`.
    pub role: Role,
    /// Last characters of the consumer key.
    pub ending: String,
    /// When it ends, if that is known.
    pub ends_at: Option<Timestamp>,
    /// How long the pair before works on once this one was taken.
    pub overlap: Duration,
}
