//! A key in JSON (contract §6).

use serde::Serialize;
use utoipa::ToSchema;

use super::{instant, words};
use crate::domain::key_view::{KeyApp, KeyView, LastUse};

/// A key. Its secret is in no answer but the one to its creation.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Key)]
pub struct KeyJson {
    /// Its number.
    #[schema(example = 7)]
    pub id: i64,
    /// What it is for.
    #[schema(example = "Accounting export")]
    pub description: String,
    /// The last seven characters of the consumer key, by which people recognise it.
    #[schema(example = "1a2b3c4")]
    pub ending: String,
    /// What it may do.
    #[schema(value_type = words::Permissions)]
    pub permissions: &'static str,
    /// What it is to those who use it.
    #[schema(value_type = words::KeyKind)]
    pub kind: &'static str,
    /// What it is for; its rules change that.
    #[schema(value_type = words::Environment)]
    pub environment: &'static str,
    /// Where it is in its life.
    #[schema(value_type = words::KeyState)]
    pub state: &'static str,
    /// Login of the user it acts for.
    #[schema(example = "max")]
    pub owner: String,
    /// That user's number.
    #[schema(example = 2)]
    pub owner_id: i64,
    /// That user's name, for people.
    #[schema(example = "Max")]
    pub owner_name: String,
    /// The app it was sent to; null if `kind` is not `granted`.
    #[schema(required)]
    pub app: Option<KeyAppJson>,
    /// When it was made.
    #[schema(format = DateTime, example = "2026-11-20T20:45:03Z")]
    pub created_at: String,
    /// When it ends; null if it has no end.
    #[schema(required, format = DateTime)]
    pub expires_at: Option<String>,
    /// Its last use; null if it was never used.
    #[schema(required)]
    pub last_used: Option<LastUsedJson>,
    /// When it was last used for writing; null if never.
    #[schema(required, format = DateTime)]
    pub last_write_at: Option<String>,
    /// When it was ended; null if it was not.
    #[schema(required, format = DateTime)]
    pub revoked_at: Option<String>,
    /// Why it was ended.
    #[schema(required)]
    pub revoke_reason: Option<String>,
}

/// The app a key was made for.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = KeyApp)]
pub struct KeyAppJson {
    /// What it calls itself.
    #[schema(example = "Möbel & Co")]
    pub name: String,
    /// Where its keys are sent: host, and port if it is not the usual one.
    #[schema(example = "app.example")]
    pub callback_host: String,
    /// The grant that made the key.
    pub grant_id: String,
}

/// The last use of a key, to the minute.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = LastUsed)]
pub struct LastUsedJson {
    /// When.
    #[schema(format = DateTime)]
    pub at: String,
    /// From where; null for keys that WooCommerce saw last.
    #[schema(required, example = "203.0.113.9")]
    pub address: Option<String>,
    /// What the client calls itself.
    #[schema(required)]
    pub client: Option<String>,
}

impl From<KeyView> for KeyJson {
    fn from(key: KeyView) -> Self {
        Self {
            id: key.id,
            description: key.description,
            ending: key.ending,
            permissions: key.permissions.as_str(),
            kind: key.kind.as_str(),
            environment: key.environment.as_str(),
            state: key.state.as_str(),
            owner: key.owner.login,
            owner_id: key.owner.id,
            owner_name: key.owner.name,
            app: key.app.map(KeyAppJson::from),
            created_at: key.created_at.to_string(),
            expires_at: instant(key.expires_at),
            last_used: key.last_use.map(LastUsedJson::from),
            last_write_at: instant(key.last_write_at),
            revoked_at: instant(key.revoked_at),
            revoke_reason: key.revoke_reason,
        }
    }
}

impl From<KeyApp> for KeyAppJson {
    fn from(KeyApp { name, callback_host, grant_id, .. }: KeyApp) -> Self {
        Self { name, callback_host, grant_id }
    }
}

impl From<LastUse> for LastUsedJson {
    fn from(LastUse { at, address, client }: LastUse) -> Self {
        let address = Some(address).filter(|address| !address.is_empty());
        Self { at: at.to_string(), address, client }
    }
}
