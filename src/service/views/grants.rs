//! Grants and apps in JSON.

use serde::Serialize;
use utoipa::ToSchema;

use super::{instant, words};
use crate::service::{apps::AppView, grants::GrantView};

/// One approval of an app.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Grant)]
pub struct GrantJson {
    /// Its id.
    pub id: String,
    /// What the app calls itself.
    #[schema(example = "Möbel & Co")]
    pub app_name: String,
    /// The app's own id for the store's user.
    pub user_id: String,
    /// Where its keys are sent.
    #[schema(example = "https://app.example/callback")]
    pub callback_url: String,
    /// Host of that, and port if it is not the usual one.
    #[schema(example = "app.example")]
    pub callback_host: String,
    /// What was asked for.
    #[schema(value_type = words::Permissions)]
    pub scope: String,
    /// Who approved it.
    pub approved_by: ApproverJson,
    /// When it was approved.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// The key it made.
    #[schema(required)]
    pub key_id: Option<i64>,
}

/// Who approved a grant.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Approver)]
pub struct ApproverJson {
    /// The user's number.
    pub id: i64,
    /// Login name.
    pub login: String,
}

/// An app: everything of one callback host. Numbers are told of its newest 50 keys.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = App)]
pub struct AppJson {
    /// Where its keys are sent: host, and port if it is not the usual one.
    #[schema(example = "app.example")]
    pub callback_host: String,
    /// What it called itself last.
    pub name: String,
    /// How many of the counted keys work or are being delivered.
    pub live_keys: usize,
    /// How many keys were counted.
    pub keys: usize,
    /// Whether it has more keys than were counted.
    pub has_more_keys: bool,
    /// When it was last approved.
    #[schema(format = DateTime)]
    pub last_approved_at: String,
    /// When one of the counted keys was last used; null if never.
    #[schema(required, format = DateTime)]
    pub last_used_at: Option<String>,
}

impl From<GrantView> for GrantJson {
    fn from(grant: GrantView) -> Self {
        let (id, login) = grant.approved_by;
        Self {
            id: grant.id,
            app_name: grant.app_name,
            user_id: grant.user_id,
            callback_url: grant.callback_url,
            callback_host: grant.callback_host,
            scope: grant.scope,
            approved_by: ApproverJson { id, login },
            created_at: grant.created_at.to_string(),
            key_id: grant.key_id,
        }
    }
}

impl From<AppView> for AppJson {
    fn from(app: AppView) -> Self {
        Self {
            callback_host: app.callback_host,
            name: app.name,
            live_keys: app.live_keys,
            keys: app.keys,
            has_more_keys: app.has_more_keys,
            last_approved_at: app.last_approved_at.to_string(),
            last_used_at: instant(app.last_used_at),
        }
    }
}
