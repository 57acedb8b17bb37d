//! A key as lists and its own screen show it: words for its state, its life, and what may be done.

use super::moment::Moment;
use crate::{
    domain::{
        access::{self, KeyAction, Ties},
        audit::Actor,
        key_rules::Environment,
        key_view::{KeyView, ShownState},
        timestamp::Timestamp,
        user::{Role, User},
    },
    web::visitor::Visitor,
};

/// A key, ready to be shown.
pub struct KeyRow {
    /// Its number.
    pub id: i64,
    /// Where its own screen is.
    pub href: String,
    /// What it is for.
    pub description: String,
    /// The last seven characters of the consumer key; empty if tokens alone open it.
    pub ending: String,
    /// Its app's name and host, if it came by a grant.
    pub app: Option<(String, String)>,
    /// What it may do.
    pub permissions: &'static str,
    /// Whether it is for trying things out.
    pub is_sandbox: bool,
    /// Its owner's name and login.
    pub owner: String,
    /// Whether the owner was shut out, and the key with the owner.
    pub is_paused: bool,
    /// The word of its state, for the style sheet.
    pub state: &'static str,
    /// Its state, for people.
    pub state_text: &'static str,
    /// When it was made.
    pub created: Moment,
    /// When it was last used.
    pub last_use: Option<Moment>,
    /// When it ends.
    pub expires: Option<Moment>,
    /// When it was ended.
    pub revoked: Option<Moment>,
    /// What the person who looks may do with it as it is.
    pub may: May,
}

/// What the person who looks may do with a key; for showing buttons only.
#[derive(Clone, Copy)]
pub struct May {
    role: Role,
    ties: Ties,
    state: ShownState,
}

impl May {
    /// What that user may do with that key as it is.
    pub fn of(user: &User, key: &KeyView) -> Self {
        let ties = key.ties(&Actor::User(user.clone()));
        Self { role: user.role, ties, state: key.state }
    }

    fn to_live(self, action: KeyAction) -> bool {
        self.state.is_live() && access::may(self.role, action, self.ties)
    }

    fn until_revoked(self, action: KeyAction) -> bool {
        self.state != ShownState::Revoked && access::may(self.role, action, self.ties)
    }

    /// Take away from it.
    pub fn narrow(self) -> bool {
        self.to_live(KeyAction::Narrow)
    }

    /// Give to it; an expired one may get time again.
    pub fn widen(self) -> bool {
        self.until_revoked(KeyAction::Widen)
    }

    /// End it.
    pub fn revoke(self) -> bool {
        self.until_revoked(KeyAction::Revoke)
    }

    /// Give it a new secret.
    pub fn rotate(self) -> bool {
        self.to_live(KeyAction::Rotate)
    }

    /// Bind it more tightly: where it may come from, how long its tokens live.
    pub fn bind(self) -> bool {
        self.narrow()
    }

    /// Bind it less tightly.
    pub fn loosen(self) -> bool {
        self.to_live(KeyAction::Widen)
    }

    /// End its tokens.
    pub fn end_tokens(self) -> bool {
        self.until_revoked(KeyAction::Tokens)
    }

    /// Make a token of it, if people handle its secret.
    pub fn make_token(self) -> bool {
        self.state == ShownState::Active && access::may(self.role, KeyAction::MakeToken, self.ties)
    }

    /// Give it another owner.
    pub fn reassign(self) -> bool {
        self.until_revoked(KeyAction::Reassign)
    }

    /// Whether there is anything to be changed on the key's form.
    pub fn edit(self) -> bool {
        self.to_live(KeyAction::Describe) || self.narrow() || self.widen()
    }
}

impl KeyRow {
    /// The key as that user sees it.
    pub fn of(visitor: &Visitor, user: &User, key: &KeyView) -> Self {
        let now = visitor.services.now();
        let moment = |at: Timestamp| Moment::of(at, now);
        let app = key.app.as_ref();
        let is_paused = key.owner.disabled && key.state.is_live();
        Self {
            id: key.id,
            href: visitor.site.path(&format!("/admin/keys/{}", key.id)),
            description: key.description.clone(),
            ending: key.ending.clone(),
            app: app.map(|app| (app.name.clone(), app.callback_host.clone())),
            permissions: key.permissions.title(),
            is_sandbox: key.environment == Environment::Sandbox,
            owner: key.owner.name.clone(),
            is_paused,
            state: if is_paused { "paused" } else { key.state.as_str() },
            state_text: if is_paused { "Paused" } else { state_text(key.state) },
            created: moment(key.created_at),
            last_use: key.last_use.as_ref().map(|used| moment(used.at)),
            expires: key.expires_at.map(moment),
            revoked: key.revoked_at.map(moment),
            may: May::of(user, key),
        }
    }
}

/// A state, for people.
pub const fn state_text(state: ShownState) -> &'static str {
    match state {
        ShownState::Delivering => "Being delivered",
        ShownState::Active => "Works",
        ShownState::Expired => "Expired",
        ShownState::Revoked => "Revoked",
    }
}
