//! Who is logged in, and where else.

use std::time::Duration;

use data_encoding::HEXLOWER;
use serde_json::json;

use super::{ServiceError, Services, caller::Caller};
pub use crate::db::outcomes::SessionRow;
use crate::{
    db,
    domain::{
        audit::{Entry, Event, Object},
        session::{self, SessionId},
        user::User,
    },
};

/// How exactly the last use is known.
const TOUCH_AFTER: Duration = Duration::from_mins(1);

/// A session that holds, and whose it is.
#[derive(Clone, Debug)]
pub struct Session {
    /// The cookie's value.
    pub id: SessionId,
    /// Whose it is.
    pub user: User,
}

/// The session of that id, if it still holds.
///
/// # Errors
/// If the database gives no answer.
pub async fn current(services: &Services, id: SessionId) -> Result<Option<Session>, ServiceError> {
    let hash = services.keyring.lookup(id.as_str());
    let now = services.now();
    let Some(stored) = db::read!(services.db, sessions::find(&hash))? else {
        return Ok(None);
    };
    if stored.user.disabled || !session::holds(stored.created_at, stored.last_used_at, now) {
        return Ok(None);
    }
    if now.since(stored.last_used_at) >= TOUCH_AFTER {
        let touched = db::write!(services.db, sessions::touch(now, &hash));
        if let Err(error) = touched {
            tracing::warn!(%error, "a session's use was not noted");
        }
    }
    Ok(Some(Session { id, user: stored.user }))
}

/// Ends the caller's own session.
///
/// # Errors
/// If the database gives no answer.
pub async fn end(services: &Services, caller: &Caller, id: &SessionId) -> Result<(), ServiceError> {
    let hash = services.keyring.lookup(id.as_str());
    end_one(services, caller, hash.to_vec()).await?;
    Ok(())
}

/// A session among those of its user.
#[derive(Clone, Debug)]
pub struct Listed {
    /// By which it is named in a form; opens nothing.
    pub handle: String,
    /// When it began, from where, by what browser, and when it was last used.
    pub row: SessionRow,
    /// Whether it is the one the list is looked at with.
    pub is_this: bool,
}

/// The sessions of the user whose session this is, the one used last first.
///
/// # Errors
/// If the database gives no answer.
pub async fn list(services: &Services, this: &Session) -> Result<Vec<Listed>, ServiceError> {
    let own = services.keyring.lookup(this.id.as_str());
    let (now, user_id) = (services.now(), this.user.id);
    let rows = db::read!(services.db, sessions::of_user(now, user_id))?;
    let listed = |row: SessionRow| Listed {
        handle: HEXLOWER.encode(&row.id_hash[..8.min(row.id_hash.len())]),
        is_this: row.id_hash == own,
        row,
    };
    Ok(rows.into_iter().map(listed).collect())
}

/// Ends one of the sessions of the user whose session this is; whether there was one of that handle.
///
/// # Errors
/// If the database gives no answer.
pub async fn end_listed(
    services: &Services,
    caller: &Caller,
    this: &Session,
    handle: &str,
) -> Result<bool, ServiceError> {
    let listed = list(services, this).await?.into_iter().find(|one| one.handle == handle);
    match listed {
        Some(one) => end_one(services, caller, one.row.id_hash).await,
        None => Ok(false),
    }
}

/// Ends all sessions of the user but for this one; how many.
///
/// # Errors
/// If the database gives no answer.
pub async fn end_others(
    services: &Services,
    caller: &Caller,
    this: &Session,
) -> Result<usize, ServiceError> {
    let own = services.keyring.lookup(this.id.as_str());
    let (user_id, journal) = (this.user.id, caller.journal(services));
    let ended =
        db::audited!(services.db, journal, sessions::end_others(user_id, &own), |count: &usize| {
            let object = Object::session(Some(user_id));
            let details = json!({ "count": count, "which": "all but one" });
            if *count > 0 {
                vec![Entry::done(Event::SessionEnded, object, details)]
            } else {
                Vec::new()
            }
        },);
    Ok(ended?)
}

async fn end_one(
    services: &Services,
    caller: &Caller,
    hash: Vec<u8>,
) -> Result<bool, ServiceError> {
    let journal = caller.journal(services);
    let object = Object::session(caller.actor.user_id());
    let ended = db::audited!(services.db, journal, sessions::end(&hash), |ended: &bool| {
        let entry = Entry::done(Event::SessionEnded, object, json!({}));
        if *ended { vec![entry] } else { Vec::new() }
    });
    Ok(ended?)
}
