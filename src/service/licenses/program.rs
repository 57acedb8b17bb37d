//! What programs ask about licenses: a token, to activate, to validate, to deactivate.
//!
//! Rules are looked at in the order of WooCommerce License Keys, so that a program that breaks several is told
//! the same one. Every kind of wrong key costs the same: one keyed hash and one look into the database.
//! Never: a write for somebody whose key is wrong, or whose limit is reached.

use std::{net::IpAddr, time::Duration};

use super::{
    counter::{Counter, Place, needs, see},
    edit::take_away,
    settings::current,
};
use crate::{
    db::{self, DbError, license_outcomes::NewLicenseToken},
    domain::{
        access_token::AccessToken,
        licenses::{License, Refusal},
        timestamp::Timestamp,
    },
    service::{ServiceError, Services, caller::Caller},
};

/// The id of an activation on the developer's own machine, which is not kept.
pub(super) const LOCAL: i64 = 404;

/// What a program says; empty texts are absent.
#[derive(Clone, Copy, Default)]
pub struct Asked<'a> {
    /// Which store it means.
    pub store_code: &'a str,
    /// Of which product it is.
    pub sku: &'a str,
    /// The license key.
    pub license_key: &'a str,
    /// Where it runs.
    pub domain: &'a str,
    /// The activation.
    pub activation_id: &'a str,
    /// What it wants a token by.
    pub grant_type: &'a str,
    /// Its token.
    pub token: Option<&'a str>,
    /// What it calls itself.
    pub client: Option<&'a str>,
}

/// What a program is told.
pub struct Granted {
    /// The license.
    pub license: License,
    /// The activation.
    pub activation_id: i64,
    /// The page on which the customer sees it; empty if there is none.
    pub page: String,
    /// When.
    pub now: Timestamp,
}

/// A token that was made.
pub struct Handed {
    /// It.
    pub token: AccessToken,
    /// How many seconds it lives; nothing if it never ends.
    pub expires_in: Option<u64>,
}

/// Why a program is told nothing.
#[derive(Debug)]
pub enum Denied {
    /// Rules are broken.
    Refused(Vec<Refusal>),
    /// It, or others from its address, failed too often.
    Wait(Duration),
    /// Something nobody asked for.
    Service(ServiceError),
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(vec![refusal])
    }
}

impl From<Duration> for Denied {
    fn from(wait: Duration) -> Self {
        Self::Wait(wait)
    }
}

impl From<ServiceError> for Denied {
    fn from(error: ServiceError) -> Self {
        Self::Service(error)
    }
}

impl From<DbError> for Denied {
    fn from(error: DbError) -> Self {
        Self::Service(error.into())
    }
}

/// Gives a program a token that opens its license.
///
/// # Errors
/// If the key is wrong or over, or too many tokens were asked for.
pub async fn hand_token(
    services: &Services,
    address: IpAddr,
    asked: Asked<'_>,
) -> Result<Handed, Denied> {
    match asked.grant_type {
        "" => return Err(Refusal::NoGrantType.into()),
        "license_key" => {}
        _ => return Err(Refusal::WrongGrantType.into()),
    }
    let settings = current(services).await?;
    let counter = Counter::new(services, &settings, address, asked);
    needs(&[(asked.license_key, Refusal::NoKey)])?;
    let license = counter.license(None).await?.license;
    let now = counter.now;
    if license.has_expired(now) {
        return Err(Refusal::Expired.into());
    }
    services.licenses.throttle.admit_write(counter.asker, now)?;
    let token = AccessToken::generate(&*services.entropy);
    let expires_at = [settings.token_life.ends(now), license.terms.expires_at];
    let expires_at = expires_at.into_iter().flatten().min();
    let new = NewLicenseToken {
        lookup: services.keyring.lookup(token.expose()),
        license_id: license.id,
        expires_at,
    };
    db::write!(services.db, license_tokens::insert(now, new))?;
    counter.succeeded();
    Ok(Handed { token, expires_in: expires_at.map(|end| end.since(now).as_secs()) })
}

/// Activates a license where the program runs; where it was activated before, that is the same activation.
///
/// # Errors
/// If anything about the request is wrong, or a limit is reached.
pub async fn activate(
    services: &Services,
    caller: &Caller,
    address: IpAddr,
    asked: Asked<'_>,
) -> Result<Granted, Denied> {
    let settings = current(services).await?;
    let counter = Counter::new(services, &settings, address, asked);
    let record = counter.opened(false).await?;
    let place = counter.place(&record.license)?;
    if record.license.has_expired(counter.now) {
        return Err(Refusal::Expired.into());
    }
    let id = match place {
        Place::Local(_) => LOCAL,
        Place::At(domain) => counter.activated(caller, &record, domain).await?,
    };
    counter.succeeded();
    Ok(counter.granted(record.license, id))
}

/// Says whether an activation stands.
///
/// # Errors
/// If anything about the request is wrong, or it does not stand.
pub async fn validate(
    services: &Services,
    address: IpAddr,
    asked: Asked<'_>,
) -> Result<Granted, Denied> {
    let settings = current(services).await?;
    let counter = Counter::new(services, &settings, address, asked);
    let record = counter.opened(true).await?;
    let there = counter.standing(&record.license).await?;
    if let Some(there) = &there {
        see(services, counter.now, record.license.id, there).await;
    }
    counter.succeeded();
    let id = there.map_or(LOCAL, |there| there.id);
    Ok(counter.granted(record.license, id))
}

/// Takes an activation away.
///
/// # Errors
/// If anything about the request is wrong, or it does not stand.
pub async fn deactivate(
    services: &Services,
    caller: &Caller,
    address: IpAddr,
    asked: Asked<'_>,
) -> Result<(), Denied> {
    let settings = current(services).await?;
    let counter = Counter::new(services, &settings, address, asked);
    let record = counter.opened(true).await?;
    if let Some(there) = counter.standing(&record.license).await?
        && take_away(services, caller, record.license.id, there.id).await?.is_none()
    {
        return Err(Refusal::WrongActivation.into());
    }
    counter.succeeded();
    Ok(())
}
