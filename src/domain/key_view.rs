//! A key as people see it (contract §6): what it is, whose, what it may do, and how its life went.
//! Nothing that opens anything is here.

use super::{
    access::Ties, audit::Actor, key::KeyState, key_rules::Environment, permissions::Permissions,
    timestamp::Timestamp,
};

/// Where a key is in its life, as people are told. `expired` follows from the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShownState {
    /// Its app was not yet given it.
    Delivering,
    /// It works.
    Active,
    /// Its time is over.
    Expired,
    /// It was ended.
    Revoked,
}

impl ShownState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Delivering, Self::Active, Self::Expired, Self::Revoked];

    /// The word for machines.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivering => "delivering",
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }

    /// The state of that word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// What is shown of a stored state.
    pub fn of(state: KeyState, expires_at: Option<Timestamp>, now: Timestamp) -> Self {
        match state {
            KeyState::Revoked => Self::Revoked,
            KeyState::Delivering => Self::Delivering,
            KeyState::Active if expires_at.is_some_and(|at| at <= now) => Self::Expired,
            KeyState::Active => Self::Active,
        }
    }

    /// Whether the key may still be changed.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Delivering | Self::Active)
    }
}

/// The user a key acts for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The user's number.
    pub id: i64,
    /// Login name.
    pub login: String,
    /// Name for pages.
    pub name: String,
    /// Whether the user was shut out, and the key with the user.
    pub disabled: bool,
}

/// The app a key was made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyApp {
    /// Its name, fit for a page.
    pub name: String,
    /// Where its keys are sent: host, and port if it is not the usual one.
    pub callback_host: String,
    /// The grant that made the key.
    pub grant_id: String,
    /// The number of the user who approved it.
    pub approved_by: i64,
}

/// What a key is to those who use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// A person's: made by hand, or taken over from `WooCommerce`.
    Manual,
    /// An app's that a user approved at `/wc-auth/` and that was sent to its callback.
    Granted,
    /// A registered app's own.
    RegisteredApp,
    /// What a user approved for a registered app; tokens alone open it.
    Connection,
}

impl KeyKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Manual, Self::Granted, Self::RegisteredApp, Self::Connection];

    /// The word for machines.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Granted => "granted",
            Self::RegisteredApp => "registered_app",
            Self::Connection => "connection",
        }
    }
}

/// The last use of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastUse {
    /// When.
    pub at: Timestamp,
    /// From where.
    pub address: String,
    /// What the client calls itself.
    pub client: Option<String>,
}

/// A key as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyView {
    /// The key's number.
    pub id: i64,
    /// What it is for.
    pub description: String,
    /// The last seven characters of the consumer key.
    pub ending: String,
    /// What it may do.
    pub permissions: Permissions,
    /// What it is to those who use it.
    pub kind: KeyKind,
    /// What it is for: the store's business, or trying things out.
    pub environment: Environment,
    /// Where it is in its life.
    pub state: ShownState,
    /// Whom it acts for.
    pub owner: Owner,
    /// The app it was made for, if it came by a grant.
    pub app: Option<KeyApp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, if ever.
    pub last_use: Option<LastUse>,
    /// When it last wrote something, if ever.
    pub last_write_at: Option<Timestamp>,
    /// When it was ended, if it was.
    pub revoked_at: Option<Timestamp>,
    /// Why it was ended.
    pub revoke_reason: Option<String>,
}

impl KeyView {
    /// What ties somebody to this key.
    pub fn ties(&self, actor: &Actor) -> Ties {
        let user = actor.user_id();
        Ties {
            owns: user == Some(self.owner.id),
            approved: user.is_some() && user == self.app.as_ref().map(|app| app.approved_by),
        }
    }

    /// Whether a pair opens it; a registered app's connection is opened by tokens alone.
    pub fn has_pair(&self) -> bool {
        !self.ending.is_empty()
    }

    /// Whether it may write and never did, although it is used.
    pub fn writes_in_vain(&self) -> bool {
        self.permissions.writes()
            && self.permissions.reads()
            && self.last_write_at.is_none()
            && self.last_use.is_some()
            && self.state == ShownState::Active
    }
}
