//! Keys that come from WooCommerce: what is taken, what is told, and that apps go on working.

mod at_once;
mod export;
mod files;
mod huge;
mod passing;
mod two_processes;

pub use export::{Exported, import, run, table};
