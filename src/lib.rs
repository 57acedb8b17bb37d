//! AppGrant: lets third-party apps ask a store manager for API keys.
//!
//! ```text
//! domain  <-  telemetry, db, outbound  <-  service  <-  web, worker, cli
//! ```
//!
//! | module | holds |
//! |---|---|
//! | [`domain`] | the rules: requests, URLs, permissions, keys, deliveries, users, cryptography |
//! | [`config`] | the settings, typed and checked once |
//! | [`telemetry`] | numbers, traces and log lines for operators |
//! | [`db`] | the only diesel: one source text of queries for SQLite and PostgreSQL |
//! | [`outbound`] | the only reqwest: callbacks behind an address guard |
//! | [`service`] | the use cases, where web, worker and command line meet |
//! | [`worker`] | the loop that sends deliveries |
//! | [`web`] | the only actix and askama: pages, forms, errors |
//! | [`receiver`] | an app's side of the callback, for developers |
//! | [`cli`] | the commands; reads the environment, builds everything |
//!
//! `docs/architecture.md` tells the reasons and follows one approval through the code.

#![expect(clippy::duplicate_mod, reason = "db compiles each query file once for each database")]

pub mod cli;
pub mod config;
pub mod db;
pub mod domain;
mod fault;
pub mod outbound;
pub mod receiver;
pub mod service;
pub mod telemetry;
pub mod web;
pub mod worker;
