//! The verbs the tests speak.

mod app;
mod asking;
mod certificates;
mod connection;
mod cut;
pub mod database;
mod dev_receiver;
mod example_app;
mod given_postgres;
mod manager;
mod names;
mod needed;
pub mod postgres;
mod process;
mod receiver;
mod rough;
pub mod thrown_away_postgres;
mod tokens;
mod trouble;
mod tunnel;

pub use app::{PASSWORD, TestApp};
pub use asking::{Question, Said, granted};
pub use certificates::{
    ca_file, certified, client_authority, client_pem_files, pem_files, self_signed, server_config,
    server_config_asking, strange_ca_file,
};
pub use connection::{approve_in_vain, request};
pub use cut::CutServer;
pub use dev_receiver::DevReceiver;
pub use example_app::{ExampleApp, Language};
pub use manager::{Answer, ConsentPage, Manager};
pub use names::{Answers, TestNames};
pub use needed::needed;
pub use process::{Process, command, killed_at, own_address, stopped_at};
pub use receiver::{Reaction, Received, Receiver};
pub use rough::{Manner, RoughApp};
pub use tokens::{connected, token_of};
pub use trouble::every_trouble;
pub use tunnel::Tunnel;

/// Encodes a value for a query.
pub fn encode(value: &str) -> String {
    percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// A query of these parameters.
pub fn query(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<_> =
        pairs.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    pairs.join("&")
}
