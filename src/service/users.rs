//! Making and changing users.

use zeroize::Zeroizing;

use super::{ServiceError, Services};
use crate::{
    db::{
        self,
        outcomes::{NewUser, UserInsert},
    },
    domain::{
        entropy::random,
        password::{NewPassword, PasswordError},
        text,
        user::{Email, Login, Role, User},
    },
};

/// A user as somebody asked for it.
pub struct NewUserRequest {
    /// Login name.
    pub login: String,
    /// Name for pages; the login if empty.
    pub name: String,
    /// E-mail address; none if empty.
    pub email: String,
    /// What the user may do.
    pub role: Role,
    /// The password.
    pub password: Zeroizing<String>,
}

/// Why a user could not be made or changed.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// The login is no login.
    #[error("a login has 1 to 60 letters, digits, dots, hyphens or underscores")]
    Login,
    /// The e-mail address is none.
    #[error("that does not look like an e-mail address")]
    Email,
    /// The password misses the rule.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The password was not typed the same way twice.
    #[error("the two passwords are not the same; please type them again")]
    Unmatched,
    /// Somebody has that login or address.
    #[error("that login or e-mail address is already taken")]
    Taken,
    /// Nobody has that login.
    #[error("there is no user of that login")]
    Unknown,
    /// The setup link was used or replaced.
    #[error("this setup link is no longer valid")]
    NoSetup,
    /// Something nobody asked for.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<db::DbError> for UserError {
    fn from(error: db::DbError) -> Self {
        Self::Service(error.into())
    }
}

/// Makes a user; gives its number.
///
/// # Errors
/// Which rule was broken, or that the login is taken.
pub async fn add(services: &Services, request: NewUserRequest) -> Result<i64, UserError> {
    let new = checked(services, request).await?;
    let now = services.now();
    inserted(db::write!(services.db, users::insert(now, &new))?)
}

/// All users, by login.
///
/// # Errors
/// If the database gives no answer.
pub async fn list(services: &Services) -> Result<Vec<User>, ServiceError> {
    Ok(db::read!(services.db, users::list())?)
}

/// Sets a password; the user's sessions end.
///
/// # Errors
/// If the password misses the rule or there is no such user.
pub async fn set_password(
    services: &Services,
    login: &str,
    password: Zeroizing<String>,
) -> Result<(), UserError> {
    let login = Login::parse(login).ok_or(UserError::Unknown)?;
    let hash = hashed(services, password).await?;
    let known = db::write!(services.db, users::set_password(login.as_str(), &hash))?;
    if known { Ok(()) } else { Err(UserError::Unknown) }
}

/// Shuts a user out (sessions end, owned keys stop) or lets the user in again.
///
/// # Errors
/// If there is no such user.
pub async fn set_disabled(
    services: &Services,
    login: &str,
    disabled: bool,
) -> Result<(), UserError> {
    let login = Login::parse(login).ok_or(UserError::Unknown)?;
    let since = disabled.then(|| services.now());
    let known = db::write!(services.db, users::set_disabled(login.as_str(), since))?;
    services.verifier.changes.changed_here(services).await;
    if known { Ok(()) } else { Err(UserError::Unknown) }
}

/// The request as a row, its password hashed.
pub(super) async fn checked(
    services: &Services,
    request: NewUserRequest,
) -> Result<NewUser, UserError> {
    let login = Login::parse(&request.login).ok_or(UserError::Login)?;
    let email = match request.email.trim() {
        "" => None,
        text => Some(Email::parse(text).ok_or(UserError::Email)?.as_str().to_owned()),
    };
    let name = text::shortened(&text::visible(&request.name), 100);
    let name = if name.is_empty() { login.as_str().to_owned() } else { name };
    let password_hash = hashed(services, request.password).await?;
    Ok(NewUser { login: login.as_str().to_owned(), email, name, role: request.role, password_hash })
}

pub(super) fn inserted(outcome: UserInsert) -> Result<i64, UserError> {
    match outcome {
        UserInsert::Made(id) => Ok(id),
        UserInsert::Taken => Err(UserError::Taken),
        UserInsert::NoSetup => Err(UserError::NoSetup),
    }
}

async fn hashed(services: &Services, password: Zeroizing<String>) -> Result<String, UserError> {
    let plain = NewPassword::parse(password)?.into_plain();
    let salt = random(&*services.entropy);
    Ok(services.password_hasher.hash(plain, salt, services.costs.password).await?)
}
