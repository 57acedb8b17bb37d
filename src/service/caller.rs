//! Who asks for something, from where, in which request: what rights are judged by and what is written
//! into the audit log. Every use case that changes something takes one.

use std::{net::IpAddr, sync::Arc};

use super::{ServiceError, Services};
pub use crate::domain::audit::Actor;
use crate::{
    db,
    domain::audit::{Entry, Journal},
};

/// Who asks.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who.
    pub actor: Actor,
    /// From where, if over the network.
    pub address: Option<IpAddr>,
    /// In which request, if in one.
    pub request_id: Option<String>,
}

impl Caller {
    /// Somebody at the machine's command line.
    pub fn command_line() -> Self {
        Self { actor: Actor::CommandLine, address: None, request_id: None }
    }

    /// The service itself.
    pub fn system() -> Self {
        Self { actor: Actor::System, address: None, request_id: None }
    }

    /// The same request, as somebody else's: who logged in with it.
    pub fn acting_as(&self, actor: Actor) -> Self {
        Self { actor, ..self.clone() }
    }

    /// What rows about this request begin with.
    pub(super) fn journal(&self, services: &Services) -> Journal {
        Journal {
            keyring: Arc::clone(&services.keyring),
            at: services.now(),
            actor: self.actor.clone(),
            address: self.address,
            request_id: self.request_id.clone(),
        }
    }

    /// Writes down something that changed nothing else, such as a refusal.
    pub(super) async fn note(&self, services: &Services, entry: Entry) -> Result<(), ServiceError> {
        let journal = self.journal(services);
        Ok(db::write!(services.db, audit::append(&journal, &[entry]))?)
    }
}
