//! What goes into and comes out of the queries about deliveries.

use crate::domain::{
    authorize_request::AuthorizeRequest,
    callback_url::CallbackUrl,
    delivery::{DeliveryState, Kind},
    failure::Failure,
    key_event::Facts,
    sealed::Sealed,
    timeline::Timeline,
    timestamp::Timestamp,
};

/// A delivery that a worker may send now.
#[derive(Clone)]
pub struct Claimed {
    /// Its id, which is the `webhook-id`.
    pub id: String,
    /// What is delivered.
    pub kind: Kind,
    /// The grant it belongs to.
    pub grant_id: String,
    /// The attempt's number, which with the id is the lease.
    pub attempt: i64,
    /// What was asked; names the callback.
    pub request: AuthorizeRequest,
    /// What to send.
    pub cargo: Cargo,
}

/// What is sent.
#[derive(Clone)]
pub enum Cargo {
    /// A body that holds a pair, sealed.
    Sealed(Sealed),
    /// What an event's body is written from.
    Event(Facts),
}

/// A delivery that was over its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenUp {
    /// Its id.
    pub id: String,
    /// What was delivered.
    pub kind: Kind,
    /// For which grant.
    pub grant_id: String,
    /// For which key.
    pub key_id: i64,
}

/// What asking for the next delivery gave.
pub enum Claim {
    /// This one; it is leased.
    Got(Box<Claimed>),
    /// This one was over its time and has been given up.
    GaveUp(GivenUp),
    /// Another worker was faster; ask again.
    LostRace,
    /// Nothing is due before then; nothing at all if `None`.
    Nothing(Option<Timestamp>),
}

/// What recording an attempt's end did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// Delivered.
    Delivered,
    /// Failed; the next attempt is at that time.
    RetryAt(Timestamp),
    /// Failed for good; the key is revoked.
    GaveUp,
    /// The delivery had ended meanwhile, or the lease had passed to another worker.
    Superseded,
}

/// What recording an attempt's end did, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// What it did.
    pub recorded: Recorded,
    /// The key that was handed over took the place of these, which have ended.
    pub replaced: Vec<i64>,
    /// The key's number.
    pub key_id: i64,
}

/// One attempt, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// 1, 2, …
    pub number: i64,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; nothing while it runs, or if the process was stopped in it.
    pub ended_at: Option<Timestamp>,
    /// How it failed, if it did.
    pub failure: Option<Failure>,
    /// Its steps; nothing while it runs, or if the process was stopped in it.
    pub timeline: Option<Timeline>,
}

/// Where a delivery is, for the manager who approved it.
#[derive(Clone, Debug)]
pub struct DeliveryStatus {
    /// Its id.
    pub id: String,
    /// What is delivered.
    pub kind: Kind,
    /// For which grant.
    pub grant_id: String,
    /// The manager's number.
    pub approved_by: i64,
    /// What was asked.
    pub request: AuthorizeRequest,
    /// Where it is.
    pub state: DeliveryState,
    /// When the next attempt is due.
    pub due_at: Timestamp,
    /// When it is given up.
    pub give_up_at: Timestamp,
    /// Failed attempts so far.
    pub failures: i64,
    /// What was tried, oldest first.
    pub attempts: Vec<Attempt>,
}

impl DeliveryStatus {
    /// Where it is sent.
    pub fn target(&self) -> &CallbackUrl {
        match self.kind {
            Kind::Keys | Kind::Rotation => &self.request.callback_url,
            Kind::Event => self.request.events_url.as_ref().unwrap_or(&self.request.callback_url),
        }
    }
}
