//! How verification was set up. Read once, at the start.

use std::time::Duration;

use crate::domain::{oauth1::Mode, protected_paths::ProtectedPaths};

/// The settings of verification.
pub struct Options {
    /// Which addresses keys open.
    pub protected: ProtectedPaths,
    /// Whether keys are read off requests that came without TLS.
    pub plain_http: bool,
    /// Whether requests without a key may pass.
    pub anonymous: bool,
    /// Whether signed requests are read, and secrets kept for that.
    pub oauth1: Mode,
    /// For how long memory is trusted without hearing from the database.
    pub without_database: Duration,
    /// Scheme, host and port of the store, as clients sign it.
    pub public_origin: String,
}
