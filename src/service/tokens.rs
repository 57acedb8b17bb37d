//! API tokens: made for oneself, shown once, ended at any time.
//!
//! A token acts for its user, with what that user may do at the time of each request.

use std::{net::IpAddr, time::Duration};

use serde_json::json;

use super::{
    ServiceError, Services,
    caller::{Actor, Caller},
};
pub use crate::db::outcomes::ApiTokenRow;
use crate::{
    db::{self, DbError, outcomes::NewApiToken},
    domain::{
        api_token::ApiToken,
        audit::{Entry, Event, Object},
        text,
        timestamp::Timestamp,
    },
};

/// How exactly the last use is known.
const TOUCH_AFTER: Duration = Duration::from_mins(1);

/// The longest name, in characters.
const LONGEST_NAME: usize = 100;

/// Why something was not done to a token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Nothing says what it is for.
    #[error("say what the token is for, in at most {LONGEST_NAME} characters")]
    Name,
    /// The user cannot have one.
    #[error("that user is not there, or is disabled")]
    NoUser,
    /// The caller may not.
    #[error("tokens are made and ended by their users and by admins, not by programs")]
    NotAllowed,
    /// There is no such live token.
    #[error("there is no such token, or it was ended before")]
    Unknown,
    /// Something nobody asked for.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<DbError> for TokenError {
    fn from(error: DbError) -> Self {
        Self::Service(error.into())
    }
}

/// A token that was made, and its only showing.
pub struct MadeToken {
    /// Its number.
    pub id: i64,
    /// The token.
    pub token: ApiToken,
}

/// Makes a token for a user: oneself, or anybody at the command line.
///
/// # Errors
/// If the caller may not, the name is none, or the user is not there.
pub async fn create(
    services: &Services,
    caller: &Caller,
    user_id: i64,
    name: &str,
    expires_at: Option<Timestamp>,
) -> Result<MadeToken, TokenError> {
    let may = match &caller.actor {
        Actor::User(user) => user.id == user_id,
        Actor::CommandLine => true,
        Actor::Token { .. } | Actor::System | Actor::Nobody => false,
    };
    if !may {
        let entry = Entry::refused(Event::TokenCreated, Object::user(user_id), json!({}));
        caller.note(services, entry).await?;
        return Err(TokenError::NotAllowed);
    }
    let name = text::visible(name).trim().to_owned();
    if !(1..=LONGEST_NAME).contains(&name.chars().count()) {
        return Err(TokenError::Name);
    }
    let token = ApiToken::generate(&*services.entropy);
    let details = json!({ "name": name, "user": user_id });
    let lookup = services.keyring.lookup(token.expose());
    let new = NewApiToken { lookup, name, ending: token.ending(), user_id, expires_at };
    let (now, journal) = (services.now(), caller.journal(services));
    let made =
        db::audited!(services.db, journal, api_tokens::insert(now, new), |made: &Option<i64>| {
            let object = made.map(Object::token);
            object
                .map(|object| Entry::done(Event::TokenCreated, object, details))
                .into_iter()
                .collect()
        },)?;
    Ok(MadeToken { id: made.ok_or(TokenError::NoUser)?, token })
}

/// Who a token acts for; nothing if it opens nothing. An address that failed often waits first.
///
/// # Errors
/// If the database gives no answer.
pub async fn authenticate(
    services: &Services,
    address: IpAddr,
    token: &ApiToken,
) -> Result<Option<Actor>, ServiceError> {
    let lookup = services.keyring.lookup(token.expose());
    let now = services.now();
    services.verifier.slowdown.pause(address, None, now).await;
    let Some(row) = db::read!(services.db, api_tokens::by_lookup(&lookup))? else {
        services.verifier.slowdown.failed(address, now);
        return Ok(None);
    };
    let is_over = row.revoked_at.is_some() || row.expires_at.is_some_and(|at| at <= now);
    if is_over || row.user.disabled {
        return Ok(None);
    }
    if row.last_used_at.is_none_or(|at| now.since(at) >= TOUCH_AFTER) {
        let id = row.id;
        if let Err(error) = db::write!(services.db, api_tokens::touch(now, id)) {
            tracing::warn!(%error, "a token's use was not noted");
        }
    }
    Ok(Some(Actor::Token { id: row.id, user: row.user }))
}

/// The caller's tokens, or everybody's for an admin who asks for them; newest first.
///
/// # Errors
/// If the caller may not.
pub async fn list(
    services: &Services,
    caller: &Caller,
    everybodys: bool,
) -> Result<Vec<ApiTokenRow>, TokenError> {
    let role = caller.actor.role().ok_or(TokenError::NotAllowed)?;
    let user_id = caller.actor.user_id();
    if everybodys && !role.may_manage_users() {
        return Err(TokenError::NotAllowed);
    }
    let whose = user_id.filter(|_| !everybodys);
    Ok(db::read!(services.db, api_tokens::list(whose))?)
}

/// Ends a token: one's own, or anybody's for an admin.
///
/// # Errors
/// If there is no such live token that the caller may end.
pub async fn revoke(services: &Services, caller: &Caller, id: i64) -> Result<(), TokenError> {
    let role = caller.actor.role().ok_or(TokenError::NotAllowed)?;
    let whose = caller.actor.user_id().filter(|_| !role.may_manage_users());
    let (now, journal) = (services.now(), caller.journal(services));
    let entry = Entry::done(Event::TokenRevoked, Object::token(id), json!({}));
    let ended =
        db::audited!(services.db, journal, api_tokens::revoke(now, id, whose), |ended: &bool| {
            if *ended { vec![entry] } else { Vec::new() }
        },)?;
    if ended { Ok(()) } else { Err(TokenError::Unknown) }
}
