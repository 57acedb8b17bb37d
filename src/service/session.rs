//! Who is logged in.

use std::time::Duration;

use super::{ServiceError, Services};
use crate::{
    db,
    domain::{
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

/// Ends a session.
///
/// # Errors
/// If the database gives no answer.
pub async fn end(services: &Services, id: &SessionId) -> Result<(), ServiceError> {
    let hash = services.keyring.lookup(id.as_str());
    Ok(db::write!(services.db, sessions::end(&hash))?)
}
