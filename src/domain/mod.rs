//! The rules of AppGrant, as types that cannot hold a wrong value.
//!
//! What: permissions, consumer keys and secrets, the app's URLs, the authorize request, grants,
//! deliveries and their back-off, users, passwords, instants, and the cryptography they need.
//! Why so: rules that know nothing of HTTP servers, databases or clocks can be read and tested alone.
//! Never: actix, diesel, reqwest, tokio, the environment, a clock, or a source of randomness of its
//! own. Time and entropy come in as parameters (`tests/architecture.rs` holds this).

pub mod access;
pub mod access_token;
pub mod api_query;
pub mod api_request;
pub mod api_token;
pub mod app_url;
pub mod argon;
pub mod audit;
pub mod authorize_request;
pub mod callback_body;
pub mod callback_url;
pub mod consent;
pub mod credential;
pub mod delivery;
pub mod diagnosis;
pub mod entropy;
pub mod expiry;
pub mod failure;
pub mod form_once;
pub mod idempotency;
pub mod import;
pub mod key;
pub mod key_event;
pub mod key_list;
pub mod key_rules;
pub mod key_view;
pub mod keyring;
pub mod licenses;
pub mod lifetime;
pub mod login_throttle;
mod metered;
pub mod oauth1;
pub mod pair;
pub mod parameters;
pub mod password;
pub mod permissions;
pub mod php_query;
pub mod pkce;
pub mod presented;
pub mod protected_paths;
pub mod query_names;
pub mod reason;
pub mod redirect_uri;
pub mod refusal;
pub mod return_url;
pub mod scope;
pub mod sealed;
pub mod search;
pub mod secret_like;
pub mod session;
pub mod signature;
pub mod signing_key;
pub mod text;
pub mod timeline;
pub mod timestamp;
pub mod token_life;
pub mod user;
pub mod woocommerce;
