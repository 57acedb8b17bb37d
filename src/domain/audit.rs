//! Who did what: the events, and the chain that shows whether the log was tampered with.
//!
//! Each row's hash covers the row and the hash before it, keyed with a key derived from the master key
//! (HMAC-SHA256): whoever has the database alone can neither alter, drop, reorder nor add a row without
//! breaking the chain. What a chain cannot show by itself is that its end was cut off together with the
//! noted head; comparing with a head noted elsewhere does (`appgrant audit verify --head`).
//!
//! Never: a secret, a password, or what somebody typed as one, in an entry.

use std::{fmt, net::IpAddr, sync::Arc};

use serde_json::Value;

use super::{
    keyring::Keyring,
    timestamp::Timestamp,
    user::{Role, User},
};

/// Makes the enum of events with its stored words.
macro_rules! events {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)+) => {
        /// What happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Event { $($(#[$doc])* $name,)+ }

        impl Event {
            /// Every event.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The stored word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }
        }
    };
}

events! {
    /// Somebody logged in.
    LoggedIn = "session.begun",
    /// User or password was wrong.
    LoginFailed = "session.refused",
    /// A session was ended before its time.
    SessionEnded = "session.ended",
    /// A user was made.
    UserCreated = "user.created",
    /// Name, e-mail or role of a user changed.
    UserChanged = "user.changed",
    /// A user's password was set.
    PasswordChanged = "user.password_changed",
    /// A user was shut out.
    UserDisabled = "user.disabled",
    /// A user was let in again.
    UserEnabled = "user.enabled",
    /// A user was deleted.
    UserDeleted = "user.deleted",
    /// A manager approved an app.
    GrantApproved = "grant.approved",
    /// A manager denied an app.
    GrantDenied = "grant.denied",
    /// An app took what it was sent.
    Delivered = "delivery.delivered",
    /// A delivery was given up.
    DeliveryFailed = "delivery.failed",
    /// A delivery was called off.
    DeliveryCancelled = "delivery.cancelled",
    /// A delivery was sent at once on request.
    DeliveryRetried = "delivery.retried",
    /// A key was made by hand.
    KeyCreated = "key.created",
    /// A key was taken over from WooCommerce.
    KeyImported = "key.imported",
    /// Description, permissions or expiry of a key changed.
    KeyChanged = "key.changed",
    /// A key has another owner.
    KeyReassigned = "key.reassigned",
    /// A key got a new secret, or is about to.
    KeyRotated = "key.rotated",
    /// The secret before the last rotation ended.
    OldSecretEnded = "key.old_secret_ended",
    /// A key will expire soon.
    KeyExpiring = "key.expiring",
    /// A key was ended.
    KeyRevoked = "key.revoked",
    /// The access tokens of a key were ended: one, or all.
    AccessTokensEnded = "access_token.ended",
    /// A refresh token or an authorization code was used a second time.
    TokenReused = "access_token.reused",
    /// An access token was made by a person.
    AccessTokenMade = "access_token.made",
    /// An app was registered.
    AppRegistered = "app.registered",
    /// A registered app changed.
    AppChanged = "app.changed",
    /// A user's approval was exchanged for a connection.
    Connected = "app.connected",
    /// A license was made.
    LicenseCreated = "license.created",
    /// A license was brought along from elsewhere.
    LicenseImported = "license.imported",
    /// What a customer bought changed.
    LicenseChanged = "license.changed",
    /// A license was taken back.
    LicenseRevoked = "license.revoked",
    /// A license was given again.
    LicenseRestored = "license.restored",
    /// A program activated a license.
    LicenseActivated = "license.activated",
    /// An activation was taken away.
    LicenseDeactivated = "license.deactivated",
    /// Somebody looked at a whole license key.
    LicenseKeySeen = "license.key_seen",
    /// Licenses were exported.
    LicensesExported = "license.exported",
    /// What is sold under a SKU was made or changed.
    LicenseProductChanged = "license_product.changed",
    /// What was sold under a SKU was deleted.
    LicenseProductDeleted = "license_product.deleted",
    /// What holds for all licenses changed.
    LicenseSettingsChanged = "license_settings.changed",
    /// An API token was made.
    TokenCreated = "token.created",
    /// An API token was ended.
    TokenRevoked = "token.revoked",
    /// The key that signs callbacks was exchanged.
    SigningKeyRotated = "signing_key.rotated",
    /// The log was exported.
    AuditExported = "audit.exported",
}

impl Event {
    /// The event of that stored word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|event| event.as_str() == text)
    }
}

/// Whether it came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was not allowed.
    Refused,
}

impl Outcome {
    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }

    /// The outcome of that stored word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Done, Self::Refused].into_iter().find(|outcome| outcome.as_str() == text)
    }
}

/// What it was done to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// `key`, `user`, `grant`, …
    pub kind: &'static str,
    /// Its number or id; empty where there is none.
    pub id: String,
}

impl Object {
    /// The kinds there are.
    pub const KINDS: [&'static str; 11] = [
        "key",
        "user",
        "grant",
        "delivery",
        "session",
        "token",
        "signing_key",
        "license",
        "license_product",
        "license_settings",
        "audit",
    ];

    /// A key.
    pub fn key(id: i64) -> Self {
        Self { kind: "key", id: id.to_string() }
    }

    /// A user.
    pub fn user(id: i64) -> Self {
        Self { kind: "user", id: id.to_string() }
    }

    /// A grant.
    pub fn grant(id: &str) -> Self {
        Self { kind: "grant", id: id.to_owned() }
    }

    /// A delivery.
    pub fn delivery(id: &str) -> Self {
        Self { kind: "delivery", id: id.to_owned() }
    }

    /// A login or a session; of nobody known if there is no user.
    pub fn session(user_id: Option<i64>) -> Self {
        Self { kind: "session", id: user_id.map(|id| id.to_string()).unwrap_or_default() }
    }

    /// An API token.
    pub fn token(id: i64) -> Self {
        Self { kind: "token", id: id.to_string() }
    }

    /// A generation of the signing key.
    pub fn signing_key(generation: u32) -> Self {
        Self { kind: "signing_key", id: generation.to_string() }
    }

    /// A license.
    pub fn license(id: i64) -> Self {
        Self { kind: "license", id: id.to_string() }
    }

    /// Licenses, several or none that is known.
    pub fn licenses() -> Self {
        Self { kind: "license", id: String::new() }
    }

    /// What is sold under a SKU.
    pub fn license_product(sku: &str) -> Self {
        Self { kind: "license_product", id: sku.to_owned() }
    }

    /// What holds for all licenses.
    pub fn license_settings() -> Self {
        Self { kind: "license_settings", id: String::new() }
    }

    /// The log itself.
    pub fn audit() -> Self {
        Self { kind: "audit", id: String::new() }
    }
}

/// One thing to be written down.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What happened.
    pub event: Event,
    /// To what.
    pub object: Object,
    /// Whether it came about.
    pub outcome: Outcome,
    /// What else is worth knowing, a JSON object; never a secret.
    pub details: Value,
}

impl Entry {
    /// Something that was done.
    pub fn done(event: Event, object: Object, details: Value) -> Self {
        Self { event, object, outcome: Outcome::Done, details }
    }

    /// Something that was not allowed.
    pub fn refused(event: Event, object: Object, details: Value) -> Self {
        Self { event, object, outcome: Outcome::Refused, details }
    }
}

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Somebody who is logged in.
    User(User),
    /// A program that shows an API token; it may do what the user may who made it.
    Token {
        /// The token's number.
        id: i64,
        /// Whose it is.
        user: User,
    },
    /// Whoever runs commands on the machine itself, who may do everything.
    CommandLine,
    /// The service, by itself.
    System,
    /// Somebody who is not logged in.
    Nobody,
}

impl Actor {
    /// What the actor may do; nothing for nobody.
    pub fn role(&self) -> Option<Role> {
        match self {
            Self::User(user) | Self::Token { user, .. } => Some(user.role),
            Self::CommandLine | Self::System => Some(Role::Admin),
            Self::Nobody => None,
        }
    }

    /// The user's number, if it is one.
    pub fn user_id(&self) -> Option<i64> {
        match self {
            Self::User(user) | Self::Token { user, .. } => Some(user.id),
            Self::CommandLine | Self::System | Self::Nobody => None,
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(user) => f.write_str(&user.login),
            Self::Token { id, user } => write!(f, "{} (token {id})", user.login),
            Self::CommandLine => f.write_str("command line"),
            Self::System => f.write_str("system"),
            Self::Nobody => f.write_str("nobody"),
        }
    }
}

/// Who acts, from where, in which request, and when: what each row begins with. Cheap to clone.
#[derive(Clone)]
pub struct Journal {
    /// Keys the chain.
    pub keyring: Arc<Keyring>,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// From where, if over the network.
    pub address: Option<IpAddr>,
    /// In which request, if in one.
    pub request_id: Option<String>,
}

/// A row as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its place in the chain: 1, 2, … without gaps.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Who, in words.
    pub actor: String,
    /// The user's number, if it was one.
    pub actor_id: Option<i64>,
    /// From where.
    pub address: Option<String>,
    /// What happened; a newer version may have events this one does not know.
    pub event: String,
    /// To what kind of thing.
    pub object_kind: String,
    /// To which.
    pub object_id: String,
    /// Whether it came about.
    pub outcome: String,
    /// In which request.
    pub request_id: Option<String>,
    /// What else is worth knowing, JSON.
    pub details: String,
    /// Covers all of the above and the hash before.
    pub hash: Vec<u8>,
}

impl Row {
    /// The row of an entry that comes after `previous`, hash included.
    pub fn of(journal: &Journal, entry: &Entry, seq: i64, previous: &[u8]) -> Self {
        let mut row = Self {
            seq,
            at: journal.at,
            actor: journal.actor.to_string(),
            actor_id: journal.actor.user_id(),
            address: journal.address.map(|address| address.to_string()),
            event: entry.event.as_str().to_owned(),
            object_kind: entry.object.kind.to_owned(),
            object_id: entry.object.id.clone(),
            outcome: entry.outcome.as_str().to_owned(),
            request_id: journal.request_id.clone(),
            details: entry.details.to_string(),
            hash: Vec::new(),
        };
        row.hash = row.hash_after(&journal.keyring, previous);
        row
    }

    /// What this row's hash must be if `previous` is the one before.
    pub fn hash_after(&self, keyring: &Keyring, previous: &[u8]) -> Vec<u8> {
        let fields = serde_json::json!([
            self.seq,
            self.at,
            self.actor,
            self.actor_id,
            self.address,
            self.event,
            self.object_kind,
            self.object_id,
            self.outcome,
            self.request_id,
            self.details,
        ]);
        keyring.audit_link(previous, fields.to_string().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::keyring::tests::keyring;

    fn journal() -> Journal {
        Journal {
            keyring: Arc::new(keyring()),
            at: Timestamp::from_millis(5),
            actor: Actor::CommandLine,
            address: None,
            request_id: None,
        }
    }

    #[test]
    fn events_are_told_apart_by_their_words() {
        for event in Event::ALL {
            assert_eq!(Event::parse(event.as_str()), Some(*event));
        }
        assert_eq!(Event::parse("key.eaten"), None);
    }

    #[test]
    fn every_field_is_covered_by_the_hash() {
        let entry = Entry::done(Event::KeyRevoked, Object::key(7), serde_json::json!({"a": 1}));
        let row = Row::of(&journal(), &entry, 3, b"before");
        let ring = keyring();
        assert_eq!(row.hash, row.hash_after(&ring, b"before"));
        assert_ne!(row.hash, row.hash_after(&ring, b"another"));
        let changed: [fn(&mut Row); 11] = [
            |row| row.seq += 1,
            |row| row.at = Timestamp::from_millis(6),
            |row| row.actor.push('x'),
            |row| row.actor_id = Some(1),
            |row| row.address = Some("::1".to_owned()),
            |row| row.event.push('x'),
            |row| row.object_kind.push('x'),
            |row| row.object_id.push('x'),
            |row| row.outcome.push('x'),
            |row| row.request_id = Some(String::new()),
            |row| row.details.push('x'),
        ];
        for (number, change) in changed.into_iter().enumerate() {
            let mut other = row.clone();
            change(&mut other);
            assert_ne!(row.hash, other.hash_after(&ring, b"before"), "change {number}");
        }
    }
}
