//! Logging in: slowed, the same for a wrong user and a wrong password, a new session each time.

use std::{net::IpAddr, time::Duration};

use serde_json::json;
use zeroize::Zeroizing;

use super::{
    ServiceError, Services,
    budget::network,
    caller::{Actor, Caller},
};
use crate::{
    db::{
        self,
        outcomes::{Admission, BegunSession},
    },
    domain::{
        audit::{Entry, Event, Object},
        login_throttle::Subject,
        session::SessionId,
        text,
        user::User,
    },
};

/// How much of a browser's name is kept, in characters.
const LONGEST_CLIENT: usize = 200;

/// What a form or a program sent.
pub struct Attempt {
    /// Login or e-mail address.
    pub name: String,
    /// The password.
    pub password: Zeroizing<String>,
    /// The client's address.
    pub address: IpAddr,
    /// What the browser calls itself.
    pub client: Option<String>,
    /// The session it came with, which ends.
    pub replaces: Option<SessionId>,
}

/// How it went.
#[derive(Debug)]
pub enum LoginOutcome {
    /// Logged in.
    In(SessionId, User),
    /// User or password is wrong; which one is not told.
    Wrong,
    /// Too many failures; come back after that time.
    Wait(Duration),
}

/// Looks at a login attempt.
///
/// # Errors
/// If the database gives no answer or too many passwords wait to be checked.
pub async fn login(
    services: &Services,
    caller: &Caller,
    attempt: Attempt,
) -> Result<LoginOutcome, ServiceError> {
    let Attempt { name, password, address, client, replaces } = attempt;
    let (user, password_hash) = match check(services, caller, (&name, password), address).await? {
        Checked::Is(user, password_hash) => (user, password_hash),
        Checked::Wrong => return Ok(LoginOutcome::Wrong),
        Checked::Wait(time) => return Ok(LoginOutcome::Wait(time)),
    };
    let password_hash = Some(password_hash);
    let browser = Browser { address: Some(address), client, password_hash, replaces };
    let begun = begin(services, caller, &user, browser).await?;
    Ok(begun.map_or(LoginOutcome::Wrong, |id| LoginOutcome::In(id, user)))
}

/// What a name and a password came to.
pub(super) enum Checked {
    /// They are that user's; and the hash that the password was checked against.
    Is(User, String),
    /// One of them is wrong; which one is not told.
    Wrong,
    /// Too many failures; come back after that time.
    Wait(Duration),
}

/// Looks whether a name and a password are a user's; slowed for account and address, whatever they are
/// sent for.
pub(super) async fn check(
    services: &Services,
    caller: &Caller,
    (name, password): (&str, Zeroizing<String>),
    address: IpAddr,
) -> Result<Checked, ServiceError> {
    let name = name.trim().to_lowercase();
    let address = subject(services, Subject::Address, &network(address.to_canonical()).to_string());
    let account = subject(services, Subject::Account, &name);
    for (kind, key) in [(Subject::Address, &address), (Subject::Account, &account)] {
        if let Admission::WaitUntil(at) = admit(services, kind, key.clone()).await? {
            return Ok(Checked::Wait(at.since(services.now())));
        }
    }
    let checked = check_password(services, &name, password).await;
    if !matches!(checked, Ok(None)) {
        // Right, or our own trouble: neither is a failure of whoever tried.
        db::write!(services.db, login_failures::forgive(&account, &address))?;
    }
    if let Some((user, password_hash)) = checked? {
        return Ok(Checked::Is(user, password_hash));
    }
    note_failure(services, caller, &name).await?;
    Ok(Checked::Wrong)
}

/// Writes a failure down: about the user if there is one of that name. What was typed is not kept, since
/// it may be a password in the wrong field.
async fn note_failure(
    services: &Services,
    caller: &Caller,
    name: &str,
) -> Result<(), ServiceError> {
    let found = db::read!(services.db, users::by_login_or_email(name))?;
    let object = Object::session(found.map(|found| found.user.id));
    caller.note(services, Entry::refused(Event::LoginFailed, object, json!({}))).await
}

/// Where a session begins.
pub(super) struct Browser {
    /// Its address.
    pub address: Option<IpAddr>,
    /// What it calls itself.
    pub client: Option<String>,
    /// The hash that the password was checked against, if one was.
    pub password_hash: Option<String>,
    /// The session that it came with, which ends.
    pub replaces: Option<SessionId>,
}

/// Begins a session for a user whose identity is proven; nothing if the user was shut out or got another
/// password meanwhile.
pub(super) async fn begin(
    services: &Services,
    caller: &Caller,
    user: &User,
    browser: Browser,
) -> Result<Option<SessionId>, ServiceError> {
    let Browser { address, client, password_hash, replaces } = browser;
    let id = SessionId::generate(&*services.entropy);
    let hash = services.keyring.lookup(id.as_str());
    let old = replaces.map(|old| services.keyring.lookup(old.as_str()));
    let (now, user_id) = (services.now(), user.id);
    let address = address.map(|address| address.to_string()).unwrap_or_default();
    let client = client.map(|name| text::shortened(&text::visible(&name), LONGEST_CLIENT));
    let begun =
        BegunSession { user_id, id_hash: hash, password_hash, replaces: old, address, client };
    let journal = caller.acting_as(Actor::User(user.clone())).journal(services);
    let entry = Entry::done(Event::LoggedIn, Object::session(Some(user_id)), json!({}));
    let begun = db::audited!(services.db, journal, sessions::begin(now, begun), |begun: &bool| {
        if *begun { vec![entry] } else { Vec::new() }
    })?;
    Ok(begun.then_some(id))
}

/// Counts one more guess at the password of somebody who is logged in, unless there were too many: then
/// how long to wait.
pub(super) async fn admit_guess(
    services: &Services,
    login: &str,
) -> Result<Option<Duration>, ServiceError> {
    let account = subject(services, Subject::Account, login);
    match admit(services, Subject::Account, account).await? {
        Admission::Open => Ok(None),
        Admission::WaitUntil(at) => Ok(Some(at.since(services.now()))),
    }
}

/// That guess was right.
pub(super) async fn forgive_guess(services: &Services, login: &str) -> Result<(), ServiceError> {
    let account = subject(services, Subject::Account, login);
    Ok(db::write!(services.db, login_failures::forgive(&account, &[]))?)
}

/// Counts the attempt, unless it has to wait. Whoever waits is told so without a write, since writes on
/// SQLite come one after the other.
async fn admit(
    services: &Services,
    kind: Subject,
    key: Vec<u8>,
) -> Result<Admission, ServiceError> {
    let now = services.now();
    if let Some(at) = db::read!(services.db, login_failures::wait(now, kind, &key))? {
        return Ok(Admission::WaitUntil(at));
    }
    Ok(db::write!(services.db, login_failures::admit(now, kind, &key))?)
}

/// The user, if the password is right and the user is not disabled. Does the same work when there is
/// no such user.
async fn check_password(
    services: &Services,
    name: &str,
    password: Zeroizing<String>,
) -> Result<Option<(User, String)>, ServiceError> {
    let found = db::read!(services.db, users::by_login_or_email(name))?;
    let (user, hash) = match found {
        Some(found) => (Some(found.user), found.password_hash),
        None => (None, services.decoy_hash.clone()),
    };
    let right = services.password_hasher.verify(password, hash.clone()).await?;
    Ok(user.filter(|user| right && !user.disabled).map(|user| (user, hash)))
}

/// What stands in the database for a subject: neither names nor addresses.
fn subject(services: &Services, kind: Subject, value: &str) -> Vec<u8> {
    services.keyring.form_tag(&[b"login failures", kind.as_str().as_bytes(), value.as_bytes()])
}
