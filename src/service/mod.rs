//! The use cases, one file each: where web, worker and command line meet.
//!
//! What must hold together is one write of the database; nothing is held open across a wait. Nothing
//! here knows HTTP's server side, forms or the environment. Expected outcomes are values;
//! [`ServiceError`] is for what nobody asked for.

pub mod access_tokens;
pub mod approve;
pub mod apps;
pub mod audit;
mod budget;
pub mod callback_check;
pub mod caller;
pub mod connect;
pub mod deliver;
pub mod deliveries;
pub mod delivery_watch;
pub mod environment;
pub mod expiring;
pub mod grants;
mod hasher;
pub mod health;
pub mod idempotency;
pub mod installation;
pub mod keys;
pub mod licenses;
pub mod login;
pub mod oauth2;
pub mod once;
pub mod readings;
pub mod session;
pub mod setup;
mod signals;
pub mod signing;
pub mod tokens;
pub mod user_once;
pub mod users;
pub mod verify;
pub mod views;

use std::{sync::Arc, time::Duration};

pub use hasher::{Costs, Hasher};
pub use signals::Signals;

use crate::{
    db::{Db, DbError},
    domain::{
        entropy::{self, Entropy},
        keyring::Keyring,
        timestamp::Timestamp,
    },
    outbound::CallbackClient,
    telemetry::Metrics,
};
use callback_check::CallbackChecks;
use environment::Clock;

/// Everything a use case may need, built once by the command line.
pub struct Services {
    /// The database.
    pub db: Db,
    /// The same, for hearing of changed keys: nobody else waits there.
    pub hearing: Db,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub entropy: Arc<dyn Entropy>,
    /// Keys derived from the master key.
    pub keyring: Arc<Keyring>,
    /// Argon2 of passwords, which anybody may send.
    pub password_hasher: Hasher,
    /// Argon2 of consumer secrets; a line of its own, so that guessing at passwords stops no approval.
    pub secret_hasher: Hasher,
    /// What hashing costs.
    pub costs: Costs,
    /// A password's hash that nobody has, checked when there is no such user.
    pub decoy_hash: String,
    /// Posts to apps.
    pub callbacks: CallbackClient,
    /// What is known of callbacks' addresses before anybody approves.
    pub callback_checks: CallbackChecks,
    /// How long one attempt may take.
    pub callback_timeout: Duration,
    /// The store's address, as apps are told it.
    pub public_url: String,
    /// Wakes workers and waiting browsers.
    pub signals: Signals,
    /// Whether this process takes requests.
    pub health: health::Health,
    /// Which keys signed last.
    pub signing: signing::LastSeen,
    /// Keys in memory, and how requests are judged.
    pub verifier: verify::Verifier,
    /// How access tokens are made, and those that wait to be written.
    pub tokens: access_tokens::Mint,
    /// Licenses: whether keys are kept readable, and who guesses at them.
    pub licenses: licenses::Desk,
    /// What is counted.
    pub metrics: Metrics,
    /// What scrapes of late have read.
    pub lately_read: readings::LatelyRead,
}

impl Services {
    /// What time it is.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A fresh id that sorts by time.
    fn new_id(&self) -> String {
        entropy::new_id(self.now(), &*self.entropy).to_string()
    }
}

/// A use case could not be carried out; trying again later may help.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The database gave no answer.
    #[error(transparent)]
    Db(#[from] DbError),
    /// Too many passwords and secrets are waiting to be checked.
    #[error("too many passwords and secrets are waiting to be checked")]
    Busy,
}

impl ServiceError {
    /// Whether nothing was said about the request: the database is away.
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Db(error) if error.is_away())
    }
}
