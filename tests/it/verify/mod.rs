//! `/verify`: what a received key opens, as proxies ask and clients are told.

mod answers;
mod credentials;
mod live;
pub mod oauth;
mod proxies_words;
mod shortcut;
mod timing;

/// An address of the store's API.
pub const ORDERS: &str = "/wp-json/wc/v3/orders";
