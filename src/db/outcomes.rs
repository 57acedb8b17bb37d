//! What goes into the queries and what comes out of them, where a domain type alone does not say it.
//!
//! The outcomes have names: "somebody else was first" is an answer, not an error.

use std::net::IpAddr;

pub use super::change_outcomes::{ChangedKey, HeardChanges, Snapshot};
pub use super::delivery_outcomes::{
    Attempt, Cargo, Claim, Claimed, DeliveryStatus, GivenUp, Recorded, Recording,
};
use crate::domain::{
    audit::{Event, Outcome, Row},
    authorize_request::AuthorizeRequest,
    consent::{Consent, Decision},
    delivery::{DeliveryState, Kind},
    idempotency::NamedRequest,
    keyring::Lookup,
    permissions::Permissions,
    sealed::Sealed,
    timestamp::Timestamp,
    user::{Role, User},
};

/// A user to be made.
#[derive(Clone)]
pub struct NewUser {
    /// Login name, in lower case.
    pub login: String,
    /// E-mail address, in lower case.
    pub email: Option<String>,
    /// Name for pages.
    pub name: String,
    /// What the user may do.
    pub role: Role,
    /// PHC string.
    pub password_hash: String,
}

/// How making a user went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserInsert {
    /// Made, with this number.
    Made(i64),
    /// The login or the e-mail address belongs to somebody else.
    Taken,
    /// The setup token was used up or replaced (first admin only).
    NoSetup,
}

/// A user and the hash to check a password against.
#[derive(Clone)]
pub struct UserWithPassword {
    /// The user.
    pub user: User,
    /// PHC string.
    pub password_hash: String,
}

/// A session as it is stored, with its user.
#[derive(Clone, Debug)]
pub struct StoredSession {
    /// Whose it is.
    pub user: User,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Timestamp,
}

/// Whether a login attempt may be looked at now; it was counted if so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Go on.
    Open,
    /// Too many failures: not before then.
    WaitUntil(Timestamp),
}

/// One use of a key that is noted.
#[derive(Clone, Debug)]
pub struct KeyUse {
    /// The key's number.
    pub key_id: i64,
    /// When.
    pub at: Timestamp,
    /// From where.
    pub address: IpAddr,
    /// What the client calls itself.
    pub client: Option<String>,
    /// Whether it was for writing.
    pub wrote: bool,
    /// The access token it was used by, if by one.
    pub token_id: Option<i64>,
}

/// Seals the body for a key of that number.
pub type SealFor = Box<dyn FnOnce(i64) -> Sealed + Send + Sync>;

/// Everything an approval writes, in one transaction.
pub struct Approval {
    /// The page it came from.
    pub consent: Consent,
    /// The earlier grant that the manager wants to repeat on purpose.
    pub again_after: Option<String>,
    /// Keyed hash of the session's id.
    pub session_hash: Lookup,
    /// What was asked.
    pub request: AuthorizeRequest,
    /// The manager's number.
    pub approved_by: i64,
    /// Id of the grant to be made.
    pub grant_id: String,
    /// Id of the delivery to be made.
    pub delivery_id: String,
    /// Keyed hash of the consumer key.
    pub lookup: Lookup,
    /// PHC string of the secret.
    pub secret_hash: String,
    /// Last characters of the consumer key.
    pub ending: String,
    /// The key's description.
    pub description: String,
    /// When the key ends, if it does.
    pub expires_at: Option<Timestamp>,
    /// Makes the sealed body once the key's number is known.
    pub seal: SealFor,
    /// Makes the sealed secret, if it is kept.
    pub seal_secret: Option<SealFor>,
    /// The keys that end when the new one was delivered, and whose they are.
    pub replaces: Vec<(i64, i64)>,
}

/// What a consent page's decision is, made now or earlier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// What was pressed first.
    pub decision: Decision,
    /// The grant it made.
    pub grant_id: Option<String>,
}

impl Decided {
    /// Approved, with that grant.
    pub fn approved(grant_id: String) -> Self {
        Self { decision: Decision::Approved, grant_id: Some(grant_id) }
    }
}

/// What approving gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApproveOutcome {
    /// A decision, made now or earlier.
    Decided(Decided),
    /// The session ended meanwhile; nothing was written.
    SessionEnded,
}

/// A live key that an app already has here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExistingKey {
    /// Its number.
    pub id: i64,
    /// The app's name at that time.
    pub app_name: String,
    /// What it may do.
    pub permissions: Permissions,
    /// When it was made.
    pub created_at: Timestamp,
}

/// How making the next signing key went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotated {
    /// This generation signs now.
    To(u32),
    /// Somebody else made the next one meanwhile.
    LostRace,
}

/// Which audit rows are looked for; all that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// About that kind of thing, and that one.
    pub object: Option<(String, String)>,
    /// About any thing of that kind.
    pub kind: Option<String>,
    /// By that user.
    pub actor_id: Option<i64>,
    /// What happened.
    pub event: Option<Event>,
    /// Whether it came about.
    pub outcome: Option<Outcome>,
    /// Not before that time.
    pub since: Option<Timestamp>,
    /// Before that time.
    pub until: Option<Timestamp>,
}

/// A part of the audit log, newest first.
#[derive(Clone, Debug)]
pub struct AuditPage {
    /// The rows.
    pub rows: Vec<Row>,
    /// Before which number the next page begins, if there may be more.
    pub next: Option<i64>,
    /// Whether the walk ended before the page was full; the next page goes on from there.
    pub walked_far: bool,
}

/// A key made by hand or taken over, open at once.
#[derive(Clone)]
pub struct NewKey {
    /// Keyed hash of the consumer key.
    pub lookup: Lookup,
    /// PHC string of the secret.
    pub secret_hash: String,
    /// Last characters of the consumer key.
    pub ending: String,
    /// What it is for.
    pub description: String,
    /// What it may do.
    pub permissions: Permissions,
    /// Whom it acts for.
    pub owner_id: i64,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
}

/// A key taken over from WooCommerce; its lookup is that of WooCommerce's hash.
pub struct ImportedKey {
    /// The key.
    pub key: NewKey,
    /// When it was last used there, if that is known.
    pub last_used_at: Option<Timestamp>,
    /// Makes the sealed secret, if it is kept.
    pub seal_secret: Option<SealFor>,
}

/// How making a key went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyInsert {
    /// Made, with this number.
    Made(i64),
    /// That consumer key is here already, with this number.
    Taken(i64),
    /// The owner is disabled, deleted, or was never there.
    NoOwner,
}

/// What a decision about a key was based on; a change is made only while that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenKey {
    /// The key's number.
    pub id: i64,
    /// Whom it acts for.
    pub owner_id: i64,
    /// What it may do.
    pub permissions: Permissions,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
}

/// What is to be changed about a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyChange {
    /// What it is for.
    pub description: Option<String>,
    /// What it may do.
    pub permissions: Option<Permissions>,
    /// When it ends; `Some(None)` for never.
    pub expires_at: Option<Option<Timestamp>>,
}

/// A session to be begun.
#[derive(Clone)]
pub struct BegunSession {
    /// Whose it is.
    pub user_id: i64,
    /// Keyed hash of its id.
    pub id_hash: Lookup,
    /// The hash that the password was checked against, if one was.
    pub password_hash: Option<String>,
    /// Keyed hash of the session that ends with it.
    pub replaces: Option<Lookup>,
    /// From where.
    pub address: String,
    /// What the browser calls itself.
    pub client: Option<String>,
}

/// A session, for its user.
#[derive(Clone, Debug)]
pub struct SessionRow {
    /// Keyed hash of its id.
    pub id_hash: Vec<u8>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Timestamp,
    /// From where it began.
    pub address: String,
    /// What the browser calls itself.
    pub client: Option<String>,
}

/// What is to be changed about a user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserChange {
    /// Name for pages.
    pub name: Option<String>,
    /// E-mail address; `Some(None)` for none.
    pub email: Option<Option<String>>,
    /// What the user may do.
    pub role: Option<Role>,
}

/// How changing a user went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserUpdate {
    /// Changed.
    Done,
    /// There is no such user, or not in that state any more.
    Unknown,
    /// The e-mail address belongs to somebody else.
    Taken,
    /// Nobody could make and change users any more.
    LastAdmin,
}

/// An API token, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiTokenRow {
    /// Its number.
    pub id: i64,
    /// What it is for.
    pub name: String,
    /// Its last characters.
    pub ending: String,
    /// Whose it is.
    pub user: User,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was ended, if it was.
    pub revoked_at: Option<Timestamp>,
}

/// An API token to be made.
#[derive(Clone, Debug)]
pub struct NewApiToken {
    /// Keyed hash of the token.
    pub lookup: Lookup,
    /// What it is for.
    pub name: String,
    /// Its last characters.
    pub ending: String,
    /// Whose it is.
    pub user_id: i64,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
}

/// Which deliveries are looked for; all that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// Of that key.
    pub key_id: Option<i64>,
    /// Of that grant.
    pub grant_id: Option<String>,
    /// Where they are.
    pub state: Option<DeliveryState>,
    /// Begun at that time or later.
    pub since: Option<Timestamp>,
}

/// A delivery, for people who look after keys.
#[derive(Clone, Debug)]
pub struct DeliveryView {
    /// Its id, which is the `webhook-id`.
    pub id: String,
    /// What is delivered.
    pub kind: Kind,
    /// The event's type, if it is one.
    pub event: Option<String>,
    /// The key it is about.
    pub key_id: i64,
    /// The grant it is about.
    pub grant_id: String,
    /// The app's name, fit for a page.
    pub app_name: String,
    /// Where it goes.
    pub host: String,
    /// Where it is.
    pub state: DeliveryState,
    /// Failed attempts so far.
    pub failures: i64,
    /// When it began.
    pub created_at: Timestamp,
    /// When the next attempt is due, while it is not over.
    pub due_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// A part of a list of deliveries, newest first.
#[derive(Clone, Debug)]
pub struct DeliveryPage {
    /// The deliveries.
    pub deliveries: Vec<DeliveryView>,
    /// Before which id the next page begins, if there may be more.
    pub next: Option<String>,
}

/// A grant, for people who look after keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantView {
    /// Its id.
    pub id: String,
    /// The app's name, fit for a page.
    pub app_name: String,
    /// Whom the app knows this store as.
    pub user_id: String,
    /// Where its keys are sent.
    pub callback_url: String,
    /// Host of that, and port if it is not the usual one.
    pub callback_host: String,
    /// What was asked for.
    pub scope: String,
    /// Number and login of the user who approved it.
    pub approved_by: (i64, String),
    /// When.
    pub created_at: Timestamp,
    /// The key it made.
    pub key_id: Option<i64>,
}

/// A part of a list of grants, newest first.
#[derive(Clone, Debug)]
pub struct GrantPage {
    /// The grants.
    pub grants: Vec<GrantView>,
    /// Before which id the next page begins, if there may be more.
    pub next: Option<String>,
}

/// A named request, and what seals its answer once the number of what it made is known.
pub struct ToRemember {
    /// The request.
    pub request: NamedRequest,
    /// Makes the sealed answer.
    pub seal: SealFor,
}

/// What is known of a named request.
#[derive(Clone, PartialEq, Eq)]
pub enum Remembered {
    /// Nothing.
    Nothing,
    /// It was answered so.
    Answered(Sealed),
    /// Its name was used for another request.
    Another,
}

/// How making something went that is made once a named request.
#[derive(Clone, PartialEq, Eq)]
pub enum OnceMade<T> {
    /// As always.
    Now(T),
    /// It was made before, and answered so.
    Before(Sealed),
    /// The name was used for another request.
    Another,
}
