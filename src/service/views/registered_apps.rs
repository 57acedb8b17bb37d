//! A registered app in JSON, with what people need to know of its key.

use serde::Serialize;
use utoipa::ToSchema;

use super::{instant, words};
use crate::{
    domain::{key_view::KeyView, redirect_uri::RedirectUri},
    service::oauth2::RegisteredApp,
};

/// An app that is registered for the authorization code flow.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RegisteredApp)]
pub struct RegisteredAppJson {
    /// The number of its key.
    #[schema(example = 7)]
    pub id: i64,
    /// Its name, which users read.
    #[schema(example = "Möbel & Co")]
    pub name: String,
    /// Whether it keeps no secret, as apps on a device do.
    pub public: bool,
    /// Where its users may be sent back to, exactly.
    #[schema(example = json!(["https://app.example/callback"]))]
    pub redirect_uris: Vec<String>,
    /// What its users may approve at most.
    #[schema(value_type = words::Permissions)]
    pub permissions: &'static str,
    /// Where its key is in its life.
    #[schema(value_type = words::KeyState)]
    pub state: &'static str,
    /// The last seven characters of its consumer key, which is its `client_id`.
    #[schema(example = "1a2b3c4")]
    pub ending: String,
    /// Login of the user who looks after it.
    #[schema(example = "max")]
    pub owner: String,
    /// That user's number.
    #[schema(example = 2)]
    pub owner_id: i64,
    /// When it was registered.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When the registration ends; null if it has no end.
    #[schema(required, format = DateTime)]
    pub expires_at: Option<String>,
}

impl From<(RegisteredApp, KeyView)> for RegisteredAppJson {
    fn from((app, key): (RegisteredApp, KeyView)) -> Self {
        let texts = app.redirect_uris.iter().map(RedirectUri::as_str).map(str::to_owned);
        Self {
            id: app.key_id,
            name: app.name,
            public: app.public,
            redirect_uris: texts.collect(),
            permissions: key.permissions.as_str(),
            state: key.state.as_str(),
            ending: key.ending,
            owner: key.owner.login,
            owner_id: key.owner.id,
            created_at: app.created_at.to_string(),
            expires_at: instant(key.expires_at),
        }
    }
}
