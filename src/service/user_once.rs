//! Making a user by a request that may be sent again.

use serde_json::json;
use zeroize::Zeroizing;

use super::{
    Services,
    caller::Caller,
    idempotency::{self, Creation, Once, ShownAnswer},
    users::{NewUserRequest, UserError, checked, inserted, manages},
    views::UserJson,
};
use crate::{
    db::{
        self,
        outcomes::{NewUser, OnceMade, UserInsert},
    },
    domain::{
        audit::{Entry, Event, Object},
        user::User,
    },
};

/// Makes a user as [`users::add`](super::users::add) does and gives the whole answer, once for a named request.
///
/// # Errors
/// As [`users::add`](super::users::add).
pub async fn add_once(
    services: &Services,
    caller: &Caller,
    request: NewUserRequest,
    once: Option<Once>,
) -> Result<Creation, UserError> {
    manages(services, caller, Event::UserCreated, None).await?;
    if let Some(before) = idempotency::recall(services, once.as_ref()).await? {
        return Ok(before);
    }
    let new = checked(services, request).await?;
    let answer = shown(&new);
    let remember = idempotency::to_remember(services, once.as_ref(), answer.clone());
    let (now, journal) = (services.now(), caller.journal(services));
    let details = json!({ "login": new.login, "role": new.role.as_str() });
    let made = db::audited!(
        services.db,
        journal,
        users::insert_once(now, &new, remember),
        |made: &OnceMade<UserInsert>| match made {
            OnceMade::Now(UserInsert::Made(id)) => {
                vec![Entry::done(Event::UserCreated, Object::user(*id), details)]
            }
            _ => Vec::new(),
        }
    )?;
    match idempotency::settled(services, once.as_ref(), made)? {
        Ok(made) => {
            Ok(Creation::Answered(ShownAnswer { body: answer(inserted(made)?), again: false }))
        }
        Err(before) => Ok(before),
    }
}

/// The answer to a creation; the password is not in it.
fn shown(new: &NewUser) -> impl Fn(i64) -> Zeroizing<Vec<u8>> + Clone + Send + Sync + use<> {
    let user = User {
        id: 0,
        login: new.login.clone(),
        name: new.name.clone(),
        email: new.email.clone(),
        role: new.role,
        disabled: false,
    };
    move |id| {
        let user = UserJson::from(User { id, ..user.clone() });
        Zeroizing::new(json!(user).to_string().into_bytes())
    }
}
