//! Logging in: slowed, the same for a wrong user and a wrong password, a new session each time.

use std::{
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use zeroize::Zeroizing;

use super::{ServiceError, Services};
use crate::{
    db::{self, outcomes::Admission},
    domain::{login_throttle::Subject, session::SessionId, user::User},
};

/// What a form or a program sent.
pub struct Attempt {
    /// Login or e-mail address.
    pub name: String,
    /// The password.
    pub password: Zeroizing<String>,
    /// The client's address.
    pub address: IpAddr,
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
pub async fn login(services: &Services, attempt: Attempt) -> Result<LoginOutcome, ServiceError> {
    let name = attempt.name.trim().to_lowercase();
    let address = subject(services, Subject::Address, &network(attempt.address));
    let account = subject(services, Subject::Account, &name);
    for (kind, key) in [(Subject::Address, &address), (Subject::Account, &account)] {
        if let Admission::WaitUntil(at) = admit(services, kind, key.clone()).await? {
            return Ok(LoginOutcome::Wait(at.since(services.now())));
        }
    }
    let checked = check_password(services, &name, attempt.password).await;
    if !matches!(checked, Ok(None)) {
        // Right, or our own trouble: neither is a failure of whoever tried.
        db::write!(services.db, login_failures::forgive(&account, &address))?;
    }
    let Some(user) = checked? else { return Ok(LoginOutcome::Wrong) };
    let id = begin(services, &user, attempt.replaces).await?;
    Ok(LoginOutcome::In(id, user))
}

/// Begins a session for a user whose identity is proven.
pub(super) async fn begin(
    services: &Services,
    user: &User,
    replaces: Option<SessionId>,
) -> Result<SessionId, ServiceError> {
    let id = SessionId::generate(&*services.entropy);
    let hash = services.keyring.lookup(id.as_str());
    let old = replaces.map(|old| services.keyring.lookup(old.as_str()));
    let (now, user_id) = (services.now(), user.id);
    db::write!(
        services.db,
        sessions::begin(now, user_id, &hash, old.as_ref().map(<[u8; 32]>::as_slice))
    )?;
    Ok(id)
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
) -> Result<Option<User>, ServiceError> {
    let found = db::read!(services.db, users::by_login_or_email(name))?;
    let (user, hash) = match found {
        Some(found) => (Some(found.user), found.password_hash),
        None => (None, services.decoy_hash.clone()),
    };
    let right = services.password_hasher.verify(password, hash).await?;
    Ok(user.filter(|user| right && !user.disabled))
}

/// What stands in the database for a subject: neither names nor addresses.
fn subject(services: &Services, kind: Subject, value: &str) -> Vec<u8> {
    services.keyring.form_tag(&[b"login failures", kind.as_str().as_bytes(), value.as_bytes()])
}

/// The address as far as one client cannot change it at will: an IPv6 client has a whole /64.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).to_string()
        }
    }
}
