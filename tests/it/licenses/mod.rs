//! License keys: as the store's people look after them, and as customers' programs ask about them.

mod cors;
mod guessing;
mod places;
mod program;
mod refusals;
mod settings;
mod tokens;
