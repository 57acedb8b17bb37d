//! What programs ask about licenses: a token, to activate, to validate, to deactivate.
//!
//! Rules are looked at in the order of WooCommerce License Keys, so that a program that breaks several is told
//! the same one. Every kind of wrong key costs the same: one keyed hash and one look into the database.
//! Never: a write for somebody whose key is wrong, or whose limit is reached.

use std::{net::IpAddr, time::Duration};

use serde_json::json;

use super::{edit::take_away, lookup, settings::current, throttle::Asker};
use crate::{
    db::{
        self, DbError,
        license_outcomes::{Activated, LicenseRecord, NewActivation, NewLicenseToken},
    },
    domain::{
        access_token::AccessToken,
        audit::{Entry, Event, Object},
        keyring::Lookup,
        licenses::{
            ActivationDomain, License, LicenseKey, LicenseSettings, Malformed, NoDomain, Refusal,
        },
        text,
        timestamp::Timestamp,
        token_life,
    },
    service::{ServiceError, Services, caller::Caller},
};

/// The id of an activation on the developer's own machine, which is not kept.
const LOCAL: i64 = 404;

/// How much is kept of what a program calls itself, in characters.
const LONGEST_CLIENT: usize = 200;

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
    let mut desk = Counter::new(services, &settings, address, asked);
    needs(&[(asked.license_key, Refusal::NoKey)])?;
    let license = desk.license(None).await?.license;
    let now = desk.now;
    if license.has_expired(now) {
        return Err(Refusal::Expired.into());
    }
    services.licenses.throttle.admit_write(desk.asker, now)?;
    let token = AccessToken::generate(&*services.entropy);
    let expires_at = [settings.token_life.ends(now), license.terms.expires_at];
    let expires_at = expires_at.into_iter().flatten().min();
    let new = NewLicenseToken {
        lookup: services.keyring.lookup(token.expose()),
        license_id: license.id,
        expires_at,
    };
    db::write!(services.db, license_tokens::insert(now, new))?;
    desk.succeeded();
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
    let mut desk = Counter::new(services, &settings, address, asked);
    let record = desk.opened(false).await?;
    let place = desk.place(&record.license)?;
    if record.license.has_expired(desk.now) {
        return Err(Refusal::Expired.into());
    }
    let id = match place {
        Place::Local => LOCAL,
        Place::At(domain) => desk.activated(caller, &record, domain).await?,
    };
    desk.succeeded();
    Ok(desk.granted(record.license, id))
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
    let mut desk = Counter::new(services, &settings, address, asked);
    let record = desk.opened(true).await?;
    let id = desk.standing(&record.license).await?;
    if id != LOCAL {
        let (now, license_id) = (desk.now, record.license.id);
        see(services, now, license_id, id).await?;
    }
    desk.succeeded();
    Ok(desk.granted(record.license, id))
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
    let mut desk = Counter::new(services, &settings, address, asked);
    let record = desk.opened(true).await?;
    let id = desk.standing(&record.license).await?;
    if id != LOCAL && take_away(services, caller, record.license.id, id).await?.is_none() {
        return Err(Refusal::WrongActivation.into());
    }
    desk.succeeded();
    Ok(())
}

/// Where a license is activated.
enum Place {
    /// On the developer's own machine, which counts against no limit.
    Local,
    /// On that domain; empty if a program for desktops names none.
    At(String),
}

/// One request.
struct Counter<'a> {
    services: &'a Services,
    settings: &'a LicenseSettings,
    asked: Asked<'a>,
    address: IpAddr,
    lookup: Lookup,
    asker: Asker,
    now: Timestamp,
}

impl<'a> Counter<'a> {
    fn new(
        services: &'a Services,
        settings: &'a LicenseSettings,
        address: IpAddr,
        asked: Asked<'a>,
    ) -> Self {
        let lookup = lookup(services, asked.license_key);
        let asker = Asker::new(address, &lookup);
        Self { services, settings, asked, address, lookup, asker, now: services.now() }
    }

    /// The license that is asked about, if the request is in order.
    async fn opened(&mut self, needs_activation: bool) -> Result<LicenseRecord, Denied> {
        let asked = self.asked;
        let token = if self.settings.needs_token { Some(self.token().await?) } else { None };
        needs(&[(asked.store_code, Refusal::NoStoreCode), (asked.license_key, Refusal::NoKey)])?;
        if !self.settings.accepts(asked.store_code.trim(), self.now) {
            return Err(Refusal::WrongStoreCode.into());
        }
        needs(&[(asked.sku, Refusal::NoSku)])?;
        if needs_activation && matches!(asked.activation_id.trim(), "" | "0") {
            return Err(Refusal::NoActivationId.into());
        }
        if token.is_some_and(|license| license != self.lookup) {
            return Err(self.failed(Refusal::WrongToken, false));
        }
        self.license(Some(asked.sku.trim())).await
    }

    /// The license that the token is for.
    async fn token(&self) -> Result<Lookup, Denied> {
        let text = self.asked.token.ok_or(Refusal::NoToken)?;
        self.services.licenses.throttle.admit(self.asker, self.now).await?;
        let wrong = || self.failed(Refusal::WrongToken, false);
        let token = AccessToken::parse(text).ok_or_else(wrong)?;
        let lookup = self.services.keyring.lookup(token.expose());
        let found = db::read!(self.services.db, license_tokens::by_lookup(&lookup))?;
        let found = found.filter(|token| !token.is_dead).ok_or_else(wrong)?;
        if token_life::is_over(found.expires_at, self.now) {
            return Err(Refusal::TokenExpired.into());
        }
        Ok(found.license)
    }

    /// The license of the key, if it is right and for that product.
    async fn license(&mut self, sku: Option<&str>) -> Result<LicenseRecord, Denied> {
        self.services.licenses.throttle.admit(self.asker, self.now).await?;
        let form = LicenseKey::parse(self.asked.license_key).map(drop);
        let found = db::read!(self.services.db, licenses::by_lookup(&self.lookup))?;
        match (form, found) {
            (Err(Malformed::NoDash), _) => Err(self.failed(Refusal::NoDash, false)),
            (Err(Malformed::Format), _) => Err(self.failed(Refusal::KeyFormat, false)),
            (Ok(()), None) => Err(self.failed(Refusal::Unknown, false)),
            (Ok(()), Some(record)) if record.license.revoked_at.is_some() => {
                Err(self.failed(Refusal::Unknown, false))
            }
            (Ok(()), Some(record)) if sku.is_some_and(|sku| sku != record.license.terms.sku) => {
                Err(self.failed(Refusal::WrongSku, true))
            }
            (Ok(()), Some(record)) => Ok(record),
        }
    }

    /// Where the program runs.
    fn place(&self, license: &License) -> Result<Place, Denied> {
        let is_free = self.settings.localhost_is_free;
        if license.product.desktop {
            // “localhost” is what old programs say that know no name; all would be one.
            let device = ActivationDomain::of_device(self.asked.domain);
            let device = device.filter(|domain| !domain.is_local());
            return Ok(Place::At(
                device.map(|domain| domain.as_str().to_owned()).unwrap_or_default(),
            ));
        }
        match ActivationDomain::parse(self.asked.domain) {
            Ok(domain) if domain.is_local() && is_free => Ok(Place::Local),
            Ok(domain) => Ok(Place::At(domain.as_str().to_owned())),
            Err(NoDomain::Missing) => Err(Refusal::NoDomain.into()),
            Err(NoDomain::Wrong) => Err(Refusal::WrongDomain.into()),
        }
    }

    /// Activates; the activation's id.
    async fn activated(
        &self,
        caller: &Caller,
        record: &LicenseRecord,
        domain: String,
    ) -> Result<i64, Denied> {
        let (services, now, license) = (self.services, self.now, &record.license);
        if let Some(there) =
            db::read!(services.db, license_activations::on_domain(license.id, &domain))?
        {
            see(services, now, license.id, there.id).await?;
            return Ok(there.id);
        }
        let is_full = |limit: Option<i64>, count| limit.is_some_and(|limit| count >= limit);
        if is_full(license.terms.activation_limit, license.activations) {
            return Err(Refusal::ActivationLimit.into());
        }
        if !domain.is_empty() && is_full(license.terms.domain_limit, license.domains) {
            return Err(Refusal::DomainLimit.into());
        }
        services.licenses.throttle.admit_write(self.asker, now)?;
        let client =
            self.asked.client.map(|name| text::shortened(&text::visible(name), LONGEST_CLIENT));
        let new = NewActivation {
            license_id: license.id,
            domain: domain.clone(),
            address: Some(self.address.to_string()),
            client,
        };
        let (id, journal) = (license.id, caller.journal(services));
        let activated = db::audited!(
            services.db,
            journal,
            license_activations::activate(now, new),
            |activated: &Activated| match activated {
                Activated::Now(activation) => {
                    let details = json!({ "activation": activation, "domain": domain });
                    vec![Entry::done(Event::LicenseActivated, Object::license(id), details)]
                }
                _ => Vec::new(),
            },
        )?;
        match activated {
            Activated::Now(id) | Activated::Before(id) => Ok(id),
            Activated::ActivationLimit => Err(Refusal::ActivationLimit.into()),
            Activated::DomainLimit => Err(Refusal::DomainLimit.into()),
            Activated::Over => Err(Refusal::Unknown.into()),
        }
    }

    /// The id of the activation that is named, if it stands and the license is not over.
    async fn standing(&mut self, license: &License) -> Result<i64, Denied> {
        let place = self.place(license)?;
        let id: Option<i64> = self.asked.activation_id.trim().parse().ok();
        let stands = match (id, &place) {
            (Some(LOCAL), Place::Local) => true,
            (Some(id), Place::At(domain)) => {
                let found = db::read!(self.services.db, license_activations::find(license.id, id))?;
                found.is_some_and(|there| license.product.desktop || there.domain == *domain)
            }
            _ => false,
        };
        let expired = license.has_expired(self.now).then_some(Refusal::Expired);
        match id.filter(|_| stands) {
            Some(id) if expired.is_none() => Ok(id),
            Some(_) => Err(Denied::Refused(expired.into_iter().collect())),
            None => {
                drop(self.failed(Refusal::WrongActivation, true));
                let both = expired.into_iter().chain([Refusal::WrongActivation]);
                Err(Denied::Refused(both.collect()))
            }
        }
    }

    fn granted(&self, license: License, activation_id: i64) -> Granted {
        let page = self.settings.page_url.of(self.asked.license_key.trim());
        Granted { license, activation_id, page, now: self.now }
    }

    fn failed(&self, refusal: Refusal, is_license: bool) -> Denied {
        self.services.licenses.throttle.failed(self.asker, is_license, self.now);
        refusal.into()
    }

    fn succeeded(&self) {
        self.services.licenses.throttle.succeeded(self.asker);
    }
}

/// The first of these that is absent is refused.
fn needs(fields: &[(&str, Refusal)]) -> Result<(), Denied> {
    let absent = fields.iter().find(|(value, _)| value.trim().is_empty());
    absent.map_or(Ok(()), |(_, refusal)| Err((*refusal).into()))
}

/// Notes that an activation was seen, if that was not noted lately.
async fn see(
    services: &Services,
    now: Timestamp,
    license_id: i64,
    id: i64,
) -> Result<(), ServiceError> {
    let there = db::read!(services.db, license_activations::find(license_id, id))?;
    let is_old = |seen: Timestamp| now.since(seen) >= Duration::from_mins(1);
    if there.is_some_and(|there| is_old(there.seen_at))
        && let Err(error) = db::write!(services.db, license_activations::see(now, license_id, id))
    {
        tracing::warn!(%error, "a license's use was not noted");
    }
    Ok(())
}
