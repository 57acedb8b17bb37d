//! License keys: as the store's people look after them, and as customers' programs ask about them.

mod client;
mod cors;
mod guessing;
mod places;
mod program;
mod refusals;
mod screens;
mod settings;
mod tokens;
