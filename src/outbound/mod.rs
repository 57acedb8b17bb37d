//! Everything that leaves for addresses a stranger chose: the only place that knows reqwest.
//!
//! Never: a request through a proxy from the environment, a followed redirect, or a connection to an
//! address that [`AddressGuard`] did not let through.

mod body;
mod call;
mod callback_client;
mod collector;
mod connection;
mod failures;
mod guard;
pub mod jwks;
mod lookup;
mod ranges;
mod recorder;
pub mod roots;
mod tls;

pub use callback_client::{CallbackClient, ClientError, ClientOptions, Message};
pub use collector::Collector;
pub use guard::{AddressGuard, Refused};
pub use lookup::{Found, Lookup, LookupError, SystemLookup};
