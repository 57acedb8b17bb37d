//! License keys: as the store's people look after them, and as customers' programs ask about them.

mod api;
mod api_settings;
mod cli;
mod client;
mod cors;
mod guessing;
mod lines;
mod places;
mod program;
mod refusals;
mod screens;
pub mod seller;
mod settings;
mod tokens;
mod transfer;
