//! The first admin, made through a single-use link. There is no default account.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use serde_json::json;

use super::{
    ServiceError, Services,
    caller::Caller,
    login::{self, Browser},
    users::{NewUserRequest, UserError, checked, inserted},
};
use crate::{
    db::{self, outcomes::UserInsert},
    domain::{
        audit::{Entry, Event, Object},
        entropy::random,
        session::SessionId,
        user::{Role, User},
    },
};

/// A fresh setup token if there is no user yet; the one before stops working.
///
/// # Errors
/// If the database gives no answer.
pub async fn issue_token(services: &Services) -> Result<Option<String>, ServiceError> {
    if db::read!(services.db, users::any())? {
        return Ok(None);
    }
    let token = BASE64URL_NOPAD.encode(&random::<24>(&*services.entropy));
    let hash = token_hash(services, &token);
    db::write!(services.db, meta::put("setup", &hash))?;
    Ok(Some(token))
}

/// Whether that token would make the first admin now.
///
/// # Errors
/// If the database gives no answer.
pub async fn is_open(services: &Services, token: &str) -> Result<bool, ServiceError> {
    let stored = db::read!(services.db, meta::get("setup"))?;
    let any = db::read!(services.db, users::any())?;
    Ok(!any && stored.is_some_and(|hash| hash == token_hash(services, token)))
}

/// Makes the first admin, uses up the token, and logs the admin in, with a browser that calls itself `client`.
///
/// # Errors
/// Which rule was broken, or that the token is not valid any more.
pub async fn make_first_admin(
    services: &Services,
    caller: &Caller,
    (token, client): (&str, Option<String>),
    request: NewUserRequest,
) -> Result<SessionId, UserError> {
    if !is_open(services, token).await? {
        return Err(UserError::NoSetup);
    }
    let new = checked(services, NewUserRequest { role: Role::Admin, ..request }).await?;
    let (now, hash) = (services.now(), token_hash(services, token));
    let (login, name, email) = (new.login.clone(), new.name.clone(), new.email.clone());
    let journal = caller.journal(services);
    let details = json!({ "login": login, "role": Role::Admin.as_str(), "by": "setup link" });
    let made = db::audited!(
        services.db,
        journal,
        users::insert_first(now, &new, &hash),
        |made: &UserInsert| match made {
            UserInsert::Made(id) => {
                vec![Entry::done(Event::UserCreated, Object::user(*id), details)]
            }
            UserInsert::Taken | UserInsert::NoSetup => Vec::new(),
        },
    );
    let id = inserted(made?)?;
    let user = User { id, login, name, email, role: Role::Admin, disabled: false };
    let browser = Browser { address: caller.address, client, password_hash: None, replaces: None };
    login::begin(services, caller, &user, browser).await?.ok_or(UserError::NoSetup)
}

/// The stored form. Comparing hashes of a 192-bit random token needs no constant time.
fn token_hash(services: &Services, token: &str) -> String {
    HEXLOWER.encode(&services.keyring.lookup(token))
}
