//! An app's side of the callback, for developers: a local HTTPS server that takes callbacks, says what
//! came and whether the store signed it, and fails in every way an app can fail.
//!
//! On bare hyper and tokio-rustls, since it must do what a web frame forbids: hang up without an
//! answer, break the handshake, answer one byte a second.
//! Never: for production; a whole secret on a terminal; the certificate authority's key outside of its
//! file.

pub mod answer;
pub mod authority;
mod callback;
mod connection;
mod desk;
mod response;
mod server;
mod store_keys;

use std::path::PathBuf;

use url::Url;

pub use answer::Plan;
pub use callback::{Callback, Signature};
pub use server::{Listening, listen};

use crate::domain::timestamp::Timestamp;

/// How a receiver behaves.
pub struct Options {
    /// The store whose published keys check signatures.
    pub store: Url,
    /// What it does where the callback's path says nothing.
    pub plan: Plan,
    /// Breaks every TLS handshake instead.
    pub break_tls: bool,
    /// Where whole bodies are kept, secrets and all.
    pub save: Option<PathBuf>,
    /// What time it is.
    pub now: fn() -> Timestamp,
}

/// What a receiver has to tell.
pub enum Event {
    /// A callback came; it is answered next.
    Callback(Box<Callback>),
    /// Anything else a developer should know.
    Note(String),
}
