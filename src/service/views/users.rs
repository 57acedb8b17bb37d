//! A user in JSON.

use serde::Serialize;
use utoipa::ToSchema;

use super::words;
use crate::domain::user::User;

/// A user.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub struct UserJson {
    /// The number.
    #[schema(example = 2)]
    pub id: i64,
    /// Login name, in lower case.
    #[schema(example = "max")]
    pub login: String,
    /// Name for people.
    #[schema(example = "Max")]
    pub name: String,
    /// E-mail address; null if none is known.
    #[schema(required, example = "max@shop.example")]
    pub email: Option<String>,
    /// What the user may do.
    #[schema(value_type = words::Role)]
    pub role: &'static str,
    /// Whether the user is shut out, and the user's keys with the user.
    pub disabled: bool,
}

impl From<User> for UserJson {
    fn from(User { id, login, name, email, role, disabled }: User) -> Self {
        Self { id, login, name, email, role: role.as_str(), disabled }
    }
}
