//! The only place that knows actix and askama: what browsers and programs see.
//!
//! Open `routes.rs` first: it is the whole URL table. A page's struct stands beside its handler in
//! `pages/`; templates hold no logic. Never: a secret in a page, a URL or a log line.

mod api;
mod assets;
mod client_address;
mod cookies;
mod destinations;
mod errors;
mod form;
pub mod licenses;
pub mod metrics;
mod oauth2;
mod pages;
mod request_id;
mod request_log;
mod request_span;
mod respond;
mod routes;
mod server;
mod site;
mod tls;
mod verify;
mod visitor;

pub use api::description as api_description;
pub use server::{Options, Server, start};
pub use site::{Site, SiteError};
pub use tls::{TlsError, TlsIdentity};
