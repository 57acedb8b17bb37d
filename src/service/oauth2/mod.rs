//! Dialect A: OAuth 2.0, by the RFCs, the way WSO2's API Manager offers it (docs/oauth2.md).
//!
//! A client is a key; it proves itself with the pair that also opens the store's API, or, as a registered
//! app that keeps no secret, by PKCE alone. What a user approves for an app becomes a key of its own, a
//! connection, so that everything people can do with keys can be done with it.

mod apps;
mod client;
mod code;
mod error;
mod grants;
mod introspect;
mod revoke;

pub use apps::{
    AppError, AppKind, AppPage, AppRequest, MadeApp, RegisteredApp, app_name, apps_of_keys,
    apps_of_owner, change_app, client_of, connections_of, count_connections, list_apps, redirects,
    register, show_app,
};
pub use client::{Client, Presented, authenticate};
pub use code::{Approved, Asked, CodeRequest, Unaskable, approve, ask, deny, question};
pub use error::{Error, Kind, UNAVAILABLE};
pub use grants::{Grant, TokenRequest, exchange};
pub use introspect::{Introspected, introspect, introspect_at_once};
pub use revoke::revoke;
