//! `appgrant copy`: a store moves from SQLite to PostgreSQL, and goes on there as if nothing had been.

mod broken_off;
mod earlier;
mod refused;
mod store;
mod story;

pub use earlier::Earlier;
pub use store::{Store, alter, execute, tables};
