//! An API token in JSON; the token itself is never in it.

use serde::Serialize;
use utoipa::ToSchema;

use super::instant;
use crate::service::tokens::ApiTokenRow;

/// An API token.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Token)]
pub struct TokenJson {
    /// Its number.
    #[schema(example = 3)]
    pub id: i64,
    /// What it is for.
    #[schema(example = "nightly report")]
    pub name: String,
    /// Its last characters, by which people recognise it.
    #[schema(example = "0f9e8d")]
    pub ending: String,
    /// Login of the user it acts for.
    #[schema(example = "max")]
    pub user: String,
    /// When it was made.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it ends; null if it has no end.
    #[schema(required, format = DateTime)]
    pub expires_at: Option<String>,
    /// When it was last used, to the minute; null if never.
    #[schema(required, format = DateTime)]
    pub last_used_at: Option<String>,
    /// When it was ended; null if it was not.
    #[schema(required, format = DateTime)]
    pub revoked_at: Option<String>,
}

impl From<ApiTokenRow> for TokenJson {
    fn from(row: ApiTokenRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            ending: row.ending,
            user: row.user.login,
            created_at: row.created_at.to_string(),
            expires_at: instant(row.expires_at),
            last_used_at: instant(row.last_used_at),
            revoked_at: instant(row.revoked_at),
        }
    }
}
