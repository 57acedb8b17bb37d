//! The project's tests, as users of the service: managers in a browser, apps, operators.
//!
//! One binary, a module a feature. `support` holds the verbs.

#![allow(
    clippy::unwrap_used,
    clippy::too_many_lines,
    missing_docs,
    reason = "tests are tables and panics"
)]

mod support;

mod access_tokens;
mod admin;
mod api;
mod approve;
mod audit;
mod authorize;
mod backups;
mod cli;
mod cli_audit;
mod cli_keys;
mod cli_manual;
mod cli_tokens;
mod clients;
mod consent_page;
mod crash;
mod database_away;
mod db_contract;
mod decision;
mod delivery;
mod dev_receiver;
mod doctor;
mod doctor_link;
mod early_word;
mod failures;
mod fuzz_corpus;
mod guard;
mod hanging_apps;
mod http2;
mod import;
mod key_events;
mod licenses;
mod login;
mod lossless;
mod moving;
mod nodes;
mod oauth2;
mod oauth2_clients;
mod own_tls;
mod proxies;
mod receivers;
mod reconnect;
mod reload;
mod rights;
mod rotation;
mod schema_versions;
mod secrets;
mod server_tls;
mod setup;
mod signing;
mod starting;
mod stopping;
mod telemetry;
mod timeline;
mod verify;
