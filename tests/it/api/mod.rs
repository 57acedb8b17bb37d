//! The JSON API, as an integrator uses it: with a token, over HTTP, against the real server.

mod access_tokens;
mod audit;
mod authentication;
mod deliveries;
mod description;
mod documents;
mod hostile;
mod idempotency;
mod keys;
mod lists;
mod program;
mod registered_apps;
mod rights;
mod schemathesis;
mod token_command;
mod users;

pub(crate) use program::{Program, Told};
