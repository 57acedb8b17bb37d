//! Making and changing users, and what becomes of keys when one leaves. For admins, but for one's own
//! password; who may is asked in here.

use serde_json::json;
use zeroize::Zeroizing;

use super::{
    ServiceError, Services,
    caller::{Actor, Caller},
    keys::{self, KeyError},
    login,
};
pub use crate::db::outcomes::UserChange;
use crate::{
    db::{
        self,
        outcomes::{NewUser, UserInsert, UserUpdate},
    },
    domain::{
        audit::{Entry, Event, Object},
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
    /// There is no such user, or not in that state.
    #[error("there is no such user")]
    Unknown,
    /// Nobody has that login.
    #[error("there is no user of that login")]
    UnknownLogin,
    /// The caller may not manage users.
    #[error("only admins make and change users")]
    NotAllowed,
    /// Nobody shuts himself out.
    #[error("nobody can disable or delete himself; ask another admin")]
    Yourself,
    /// Nobody could manage users any more.
    #[error("this is the last admin; make another one first")]
    LastAdmin,
    /// The keys' new owner cannot have them.
    #[error("the keys cannot go to that user: it is not there, disabled, or the one who leaves")]
    NoHeir,
    /// Keys need a new owner or an end.
    #[error("this user owns keys: say who gets them, or that they end")]
    KeysLeft,
    /// One's own password needs the one until now.
    #[error("change your own password on the account page, where the one until now is asked for")]
    OwnPassword,
    /// Too many wrong passwords; seconds to wait.
    #[error("too many wrong passwords; wait {0} seconds and try again")]
    TooOften(u64),
    /// The password until now is another one.
    #[error("that is not your password until now")]
    WrongPassword,
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

/// What becomes of the keys of a user who goes. It is always said; nothing happens to them silently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeysFate {
    /// They go on working, for the user of that number.
    Reassign(i64),
    /// They end.
    Revoke,
    /// They stop for as long as the user is disabled. Not for deleting.
    Pause,
}

/// Makes a user; gives its number.
///
/// # Errors
/// Which rule was broken, that the login is taken, or that the caller may not.
pub async fn add(
    services: &Services,
    caller: &Caller,
    request: NewUserRequest,
) -> Result<i64, UserError> {
    manages(services, caller, Event::UserCreated, None).await?;
    let new = checked(services, request).await?;
    let (now, journal) = (services.now(), caller.journal(services));
    let details = json!({ "login": new.login, "role": new.role.as_str() });
    let made = db::audited!(services.db, journal, users::insert(now, &new), |made: &UserInsert| {
        match made {
            UserInsert::Made(id) => {
                vec![Entry::done(Event::UserCreated, Object::user(*id), details)]
            }
            UserInsert::Taken | UserInsert::NoSetup => Vec::new(),
        }
    });
    inserted(made?)
}

/// All users, by login, for whoever may manage them.
///
/// # Errors
/// If the caller may not.
pub async fn list_for(services: &Services, caller: &Caller) -> Result<Vec<User>, UserError> {
    looks_after(caller)?;
    Ok(list(services).await?)
}

/// The user of that number, for whoever may manage users.
///
/// # Errors
/// If the caller may not, or there is none.
pub async fn find_for(services: &Services, caller: &Caller, id: i64) -> Result<User, UserError> {
    looks_after(caller)?;
    find(services, id).await
}

fn looks_after(caller: &Caller) -> Result<(), UserError> {
    let may = caller.actor.role().is_some_and(Role::may_manage_users);
    may.then_some(()).ok_or(UserError::NotAllowed)
}

/// All users, by login.
///
/// # Errors
/// If the database gives no answer.
pub async fn list(services: &Services) -> Result<Vec<User>, ServiceError> {
    Ok(db::read!(services.db, users::list())?)
}

/// The user of that number.
///
/// # Errors
/// If there is none.
pub async fn find(services: &Services, id: i64) -> Result<User, UserError> {
    db::read!(services.db, users::by_id(id))?.ok_or(UserError::Unknown)
}

/// The user of that login.
///
/// # Errors
/// If there is none.
pub async fn by_login(services: &Services, login: &str) -> Result<User, UserError> {
    let login = Login::parse(login).ok_or(UserError::UnknownLogin)?;
    let found = db::read!(services.db, users::by_login_or_email(login.as_str()))?;
    found.map(|found| found.user).ok_or(UserError::UnknownLogin)
}

/// Some of the keys a user owns that are not revoked, at most `most`: whether and about how many there
/// are.
///
/// # Errors
/// If the database gives no answer.
pub async fn live_keys(services: &Services, id: i64, most: i64) -> Result<usize, ServiceError> {
    Ok(db::read!(services.db, key_edits::some_of_owner(id, most))?.len())
}

/// Changes name, e-mail address or role.
///
/// # Errors
/// Which rule was broken, or that the caller may not.
pub async fn change(
    services: &Services,
    caller: &Caller,
    id: i64,
    change: UserChange,
) -> Result<(), UserError> {
    manages(services, caller, Event::UserChanged, Some(id)).await?;
    let change = UserChange {
        name: change.name.map(|name| text::shortened(&text::visible(&name), 100)),
        email: change.email.map(|email| email.as_deref().map_or(Ok(None), address)).transpose()?,
        role: change.role,
    };
    let details = json!({
        "name": change.name.is_some(), "email": change.email.is_some(),
        "role": change.role.map(Role::as_str),
    });
    let journal = caller.journal(services);
    let entry = Entry::done(Event::UserChanged, Object::user(id), details);
    let done =
        db::audited!(services.db, journal, users::change(id, change), |done: &UserUpdate| {
            if *done == UserUpdate::Done { vec![entry] } else { Vec::new() }
        });
    updated(done?)
}

/// Sets somebody's password; the user's sessions end.
///
/// # Errors
/// If the password misses the rule, there is no such user, or the caller may not.
pub async fn set_password(
    services: &Services,
    caller: &Caller,
    id: i64,
    password: Zeroizing<String>,
) -> Result<(), UserError> {
    manages(services, caller, Event::PasswordChanged, Some(id)).await?;
    // Who took a session or a token must not get a password by it.
    if caller.actor.user_id() == Some(id) {
        return Err(UserError::OwnPassword);
    }
    let by_program = matches!(caller.actor, Actor::Token { .. });
    if by_program && find(services, id).await?.role == Role::Admin {
        return Err(UserError::NotAllowed);
    }
    put_password(services, caller, id, password, None).await
}

/// A change of one's own password.
pub struct PasswordChange {
    /// The one until now.
    pub current: Zeroizing<String>,
    /// The one from now on.
    pub new: Zeroizing<String>,
}

/// Sets one's own password, if the one until now is right; all sessions end.
///
/// # Errors
/// If it is not, or the new one misses the rule.
pub async fn change_own_password(
    services: &Services,
    caller: &Caller,
    change: PasswordChange,
) -> Result<(), UserError> {
    let Actor::User(user) = &caller.actor else {
        return Err(UserError::NotAllowed);
    };
    let hash = db::read!(services.db, users::password_of(user.id))?.ok_or(UserError::Unknown)?;
    if let Some(wait) = login::admit_guess(services, &user.login).await? {
        return Err(UserError::TooOften(wait.as_secs() + 1));
    }
    if !services.password_hasher.verify(change.current, hash.clone()).await? {
        let entry = Entry::refused(Event::PasswordChanged, Object::user(user.id), json!({}));
        caller.note(services, entry).await?;
        return Err(UserError::WrongPassword);
    }
    login::forgive_guess(services, &user.login).await?;
    put_password(services, caller, user.id, change.new, Some(hash)).await
}

async fn put_password(
    services: &Services,
    caller: &Caller,
    id: i64,
    password: Zeroizing<String>,
    was: Option<String>,
) -> Result<(), UserError> {
    let hash = hashed(services, password).await?;
    let (now, journal) = (services.now(), caller.journal(services));
    let details = json!({ "ended": "sessions and API tokens" });
    let entry = Entry::done(Event::PasswordChanged, Object::user(id), details);
    let known = db::audited!(
        services.db,
        journal,
        users::set_password(now, id, &hash, was),
        |known: &bool| if *known { vec![entry] } else { Vec::new() },
    )?;
    if known { Ok(()) } else { Err(UserError::Unknown) }
}

/// Shuts a user out: sessions end, and the keys meet their fate.
///
/// # Errors
/// If the caller may not, there is no such user, or nobody could manage users any more.
pub async fn disable(
    services: &Services,
    caller: &Caller,
    id: i64,
    fate: KeysFate,
) -> Result<(), UserError> {
    // Whoever is at the machine can let the last admin in again.
    let even_last = caller.actor == Actor::CommandLine;
    shut_out(services, caller, (id, fate), even_last).await
}

async fn shut_out(
    services: &Services,
    caller: &Caller,
    (id, fate): (i64, KeysFate),
    even_last: bool,
) -> Result<(), UserError> {
    leaves(services, caller, id, fate, Event::UserDisabled).await?;
    let (now, journal) = (services.now(), caller.journal(services));
    let entry = Entry::done(Event::UserDisabled, Object::user(id), told(fate));
    let done = db::audited!(
        services.db,
        journal,
        users::disable(id, now, even_last),
        |done: &UserUpdate| { if *done == UserUpdate::Done { vec![entry] } else { Vec::new() } }
    );
    updated(done?)?;
    services.verifier.changes.changed_here(services).await;
    settle_keys(services, caller, id, fate).await
}

/// Lets a disabled user in again; paused keys work again.
///
/// # Errors
/// If the caller may not, or there is no such user.
pub async fn enable(services: &Services, caller: &Caller, id: i64) -> Result<(), UserError> {
    manages(services, caller, Event::UserEnabled, Some(id)).await?;
    let journal = caller.journal(services);
    let entry = Entry::done(Event::UserEnabled, Object::user(id), json!({}));
    let done = db::audited!(services.db, journal, users::enable(id), |done: &UserUpdate| {
        if *done == UserUpdate::Done { vec![entry] } else { Vec::new() }
    });
    updated(done?)?;
    services.verifier.changes.changed_here(services).await;
    Ok(())
}

/// Deletes a user: who it was is forgotten, what it approved stays. The keys go to somebody else or end.
///
/// # Errors
/// If the caller may not, there is no such user, or nobody could manage users any more.
pub async fn delete(
    services: &Services,
    caller: &Caller,
    id: i64,
    fate: KeysFate,
) -> Result<(), UserError> {
    if fate == KeysFate::Pause {
        return Err(UserError::KeysLeft);
    }
    // Shut out first, so that nothing new comes in meanwhile; a crash leaves a disabled user.
    let user = find(services, id).await?;
    if !user.disabled {
        shut_out(services, caller, (id, fate), false).await?;
    } else if db::write!(services.db, users::is_last_admin(id))? {
        // Before the keys meet their fate: who may not go keeps them.
        return Err(UserError::LastAdmin);
    }
    leaves(services, caller, id, fate, Event::UserDeleted).await?;
    settle_keys(services, caller, id, fate).await?;
    if live_keys(services, id, 1).await? > 0 {
        return Err(UserError::KeysLeft);
    }
    let (now, journal) = (services.now(), caller.journal(services));
    let details = json!({ "login": user.login });
    let entry = Entry::done(Event::UserDeleted, Object::user(id), details);
    let done = db::audited!(services.db, journal, users::delete(id, now), |done: &UserUpdate| {
        if *done == UserUpdate::Done { vec![entry] } else { Vec::new() }
    });
    updated(done?)
}

/// Whether that user may go, and the keys' new owner can have them.
async fn leaves(
    services: &Services,
    caller: &Caller,
    id: i64,
    fate: KeysFate,
    event: Event,
) -> Result<(), UserError> {
    manages(services, caller, event, Some(id)).await?;
    if caller.actor.user_id() == Some(id) {
        return Err(UserError::Yourself);
    }
    if let KeysFate::Reassign(to) = fate {
        let heir = find(services, to).await.map_err(|_| UserError::NoHeir)?;
        if heir.disabled || heir.id == id {
            return Err(UserError::NoHeir);
        }
    }
    Ok(())
}

async fn settle_keys(
    services: &Services,
    caller: &Caller,
    id: i64,
    fate: KeysFate,
) -> Result<(), UserError> {
    match fate {
        KeysFate::Pause => {}
        KeysFate::Revoke => {
            keys::revoke_all_of(services, caller, id, "its owner left").await?;
        }
        KeysFate::Reassign(to) => {
            keys::reassign_all_of(services, caller, id, to).await.map_err(|error| match error {
                KeyError::Service(error) => UserError::Service(error),
                _ => UserError::NoHeir,
            })?;
        }
    }
    Ok(())
}

fn told(fate: KeysFate) -> serde_json::Value {
    match fate {
        KeysFate::Reassign(to) => json!({ "keys": "reassigned", "to": to }),
        KeysFate::Revoke => json!({ "keys": "revoked" }),
        KeysFate::Pause => json!({ "keys": "paused" }),
    }
}

/// Whether the caller may manage users; a refusal is written down.
pub(super) async fn manages(
    services: &Services,
    caller: &Caller,
    event: Event,
    id: Option<i64>,
) -> Result<(), UserError> {
    if caller.actor.role().is_some_and(Role::may_manage_users) {
        return Ok(());
    }
    let object = id.map_or(Object { kind: "user", id: String::new() }, Object::user);
    caller.note(services, Entry::refused(event, object, json!({}))).await?;
    Err(UserError::NotAllowed)
}

fn updated(update: UserUpdate) -> Result<(), UserError> {
    match update {
        UserUpdate::Done => Ok(()),
        UserUpdate::Unknown => Err(UserError::Unknown),
        UserUpdate::Taken => Err(UserError::Taken),
        UserUpdate::LastAdmin => Err(UserError::LastAdmin),
    }
}

/// An e-mail address as it is stored; none if empty.
fn address(text: &str) -> Result<Option<String>, UserError> {
    match text.trim() {
        "" => Ok(None),
        text => Ok(Some(Email::parse(text).ok_or(UserError::Email)?.as_str().to_owned())),
    }
}

/// The request as a row, its password hashed.
pub(super) async fn checked(
    services: &Services,
    request: NewUserRequest,
) -> Result<NewUser, UserError> {
    let login = Login::parse(&request.login).ok_or(UserError::Login)?;
    let email = address(&request.email)?;
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
