//! One request of a program: its rules in their order, and what they cost.

use std::{net::IpAddr, time::Duration};

use serde_json::json;

use super::{
    lookup,
    program::{Asked, Denied, Granted, LOCAL},
    throttle::Asker,
};
use crate::{
    db::{
        self,
        license_outcomes::{Activated, LicenseRecord, NewActivation},
    },
    domain::{
        access_token::AccessToken,
        audit::{Entry, Event, Object},
        keyring::Lookup,
        licenses::{
            Activation, ActivationDomain, License, LicenseKey, LicenseSettings, Malformed, Refusal,
        },
        text,
        timestamp::Timestamp,
        token_life,
    },
    service::{Services, caller::Caller},
};

/// How much is kept of what a program calls itself, in characters.
const LONGEST_CLIENT: usize = 200;

/// Where a license is activated.
pub(super) enum Place {
    /// On the developer's own machine, which counts against no limit.
    Local(String),
    /// On that domain; empty if a program for desktops names none.
    At(String),
}

/// One request.
pub(super) struct Counter<'a> {
    services: &'a Services,
    settings: &'a LicenseSettings,
    asked: Asked<'a>,
    address: IpAddr,
    lookup: Lookup,
    pub(super) asker: Asker,
    pub(super) now: Timestamp,
}

impl<'a> Counter<'a> {
    pub(super) fn new(
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
    pub(super) async fn opened(&self, needs_activation: bool) -> Result<LicenseRecord, Denied> {
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
            return Err(self.failed(Refusal::WrongToken));
        }
        self.license(Some(asked.sku.trim())).await
    }

    /// The license that the token is for.
    async fn token(&self) -> Result<Lookup, Denied> {
        let text = self.asked.token.ok_or(Refusal::NoToken)?;
        self.services.licenses.throttle.admit(self.asker, self.now).await?;
        let wrong = || self.failed(Refusal::WrongToken);
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
    pub(super) async fn license(&self, sku: Option<&str>) -> Result<LicenseRecord, Denied> {
        self.services.licenses.throttle.admit(self.asker, self.now).await?;
        let form = LicenseKey::parse(self.asked.license_key).map(drop);
        let found = db::read!(self.services.db, licenses::by_lookup(&self.lookup))?;
        match (form, found) {
            (Err(Malformed::NoDash), _) => Err(self.failed(Refusal::NoDash)),
            (Err(Malformed::Format), _) => Err(self.failed(Refusal::KeyFormat)),
            (Ok(()), None) => Err(self.failed(Refusal::Unknown)),
            (Ok(()), Some(record)) if record.license.revoked_at.is_some() => {
                Err(self.failed(Refusal::Unknown))
            }
            (Ok(()), Some(record)) if sku.is_some_and(|sku| sku != record.license.terms.sku) => {
                Err(self.failed(Refusal::WrongSku))
            }
            (Ok(()), Some(record)) => Ok(record),
        }
    }

    /// Where the program runs.
    pub(super) fn place(&self, license: &License) -> Result<Place, Denied> {
        let domain = ActivationDomain::parse(self.asked.domain);
        let text = |domain: ActivationDomain| domain.as_str().to_owned();
        if license.product.desktop {
            // “localhost” is what old programs say that know no name; all would be one.
            let device = domain.filter(|domain| !domain.is_local());
            return Ok(Place::At(device.map(text).unwrap_or_default()));
        }
        let domain = domain.ok_or(Refusal::NoDomain)?;
        let is_free = domain.is_local() && self.settings.localhost_is_free;
        Ok(if is_free { Place::Local(text(domain)) } else { Place::At(text(domain)) })
    }

    /// Activates; the activation's id.
    pub(super) async fn activated(
        &self,
        caller: &Caller,
        record: &LicenseRecord,
        domain: String,
    ) -> Result<i64, Denied> {
        let (services, now, license) = (self.services, self.now, &record.license);
        if let Some(there) =
            db::read!(services.db, license_activations::on_domain(license.id, &domain))?
        {
            see(services, now, license.id, &there).await;
            return Ok(there.id);
        }
        if let Some(limit) = license.is_full(!domain.is_empty()) {
            return Err(limit.into());
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
            Activated::Full(limit) => Err(limit.into()),
            Activated::Over => Err(Refusal::Unknown.into()),
        }
    }

    /// The activation that is named, if it stands and the license is not over; nothing if it is one that is not
    /// kept.
    pub(super) async fn standing(&self, license: &License) -> Result<Option<Activation>, Denied> {
        let place = self.place(license)?;
        let id: Option<i64> = self.asked.activation_id.trim().parse().ok();
        let stands = match (id, &place) {
            (Some(LOCAL), Place::Local(_)) => Some(None),
            // Also one that was made on the developer's machine while that was not free.
            (Some(id), Place::At(domain) | Place::Local(domain)) => {
                let found = db::read!(self.services.db, license_activations::find(license.id, id))?;
                let is_here = |it: &Activation| license.product.desktop || it.domain == *domain;
                found.filter(is_here).map(Some)
            }
            _ => None,
        };
        let expired = license.has_expired(self.now).then_some(Refusal::Expired);
        match (stands, expired) {
            (Some(activation), None) => Ok(activation),
            (Some(_), Some(expired)) => Err(expired.into()),
            (None, expired) => {
                drop(self.failed(Refusal::WrongActivation));
                let both = expired.into_iter().chain([Refusal::WrongActivation]);
                Err(Denied::Refused(both.collect()))
            }
        }
    }

    pub(super) fn granted(&self, license: License, activation_id: i64) -> Granted {
        let page = self.settings.page_url.of(self.asked.license_key.trim());
        Granted { license, activation_id, page, now: self.now }
    }

    fn failed(&self, refusal: Refusal) -> Denied {
        self.services.licenses.throttle.failed(self.asker, self.now);
        refusal.into()
    }

    pub(super) fn succeeded(&self) {
        self.services.licenses.throttle.succeeded(self.asker);
    }
}

/// The first of these that is absent is refused.
pub(super) fn needs(fields: &[(&str, Refusal)]) -> Result<(), Denied> {
    let absent = fields.iter().find(|(value, _)| value.trim().is_empty());
    absent.map_or(Ok(()), |(_, refusal)| Err((*refusal).into()))
}

/// Notes that an activation was seen, if that was not noted lately.
pub(super) async fn see(services: &Services, now: Timestamp, license_id: i64, there: &Activation) {
    let id = there.id;
    if now.since(there.seen_at) >= Duration::from_mins(1)
        && let Err(error) = db::write!(services.db, license_activations::see(now, license_id, id))
    {
        tracing::warn!(%error, "a license's use was not noted");
    }
}
