//! Access tokens: made for a key, refreshed, ended, and deleted when they are over (docs/oauth2.md).
//!
//! Every dialect asks here, and `/verify` asks `service::verify`, which remembers tokens beside keys. What
//! must hold: a token opens no more than its keys and no longer; a refresh token works once; nothing that
//! is stored opens anything. Who may have a token is the dialect's business.

mod life;
mod mint;
mod people;
mod purge;
mod refresh;
mod rules;

pub use life::{LifeError, asked_life};
pub(super) use mint::prepare;
pub use mint::{Issue, Issued, Mint, issue};
pub use people::{Tokens, list, regenerate, revoke, revoke_all};
pub use purge::purge;
pub use refresh::{Refresh, RefreshError, Refreshed, refresh};
pub use rules::{InheritedLife, RulesChange, change_rules, inherited_life, rules};

pub use crate::db::token_outcomes::TokenView;
use crate::domain::token_life::TokenLife;

/// How tokens are made.
pub struct TokenOptions {
    /// How long access tokens live, unless their key says otherwise.
    pub life: TokenLife,
    /// How long a refresh token lives that is not used.
    pub refresh_life: TokenLife,
    /// How many a client may ask for in a minute; 0 for any number.
    pub rate: u32,
    /// Whether apps may ask with a user's password.
    pub password_grant: bool,
    /// Whether the store's public address has TLS.
    pub public_is_secure: bool,
}
