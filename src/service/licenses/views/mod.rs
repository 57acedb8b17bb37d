//! Licenses as programs see them, in JSON: the names and forms that the API and `--json` of the command line
//! share, as `service/views` has them for everything else, and their description for OpenAPI.
//!
//! What a store left out is null, never an empty text. Names only get added. Never here: a whole license key,
//! which is written out by [`with_key`] alone.

mod settings;

use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use zeroize::Zeroizing;

pub use settings::{LicenseErrors, LicenseSettingsJson};

use crate::{
    domain::{
        licenses::{Activation, License, LicenseKey, LicenseTerms, OfflineInterval, Product},
        timestamp::Timestamp,
    },
    service::views::{instant, words::words},
};

words! {
    /// Where a license is in its life. `active`: it may be used. `expired`: its time is over. `revoked`: the
    /// store took it back, and may give it again.
    LicenseState {
        /// It may be used.
        Active = "active",
        /// Its time is over.
        Expired = "expired",
        /// The store took it back.
        Revoked = "revoked",
    }
}

words! {
    /// In what the time is told for which a program may do without asking.
    OfflineIntervals {
        /// For ever.
        Unlimited = "unlimited",
        /// Hours.
        Hours = "hours",
        /// Days.
        Days = "days",
        /// Weeks.
        Weeks = "weeks",
        /// Months.
        Months = "months",
        /// Years.
        Years = "years",
    }
}

/// A license. Its whole key is in no answer but the one to its creation, and where a store keeps keys
/// readable.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = License)]
pub struct LicenseJson {
    /// Its number here.
    #[schema(example = 7)]
    pub id: i64,
    /// How its key begins and ends, by which people recognise it.
    #[schema(example = "Cqu6…-32")]
    pub license_key: String,
    /// The number behind the dash of its key.
    #[schema(example = 32)]
    pub number: i64,
    /// Where it is in its life.
    #[schema(value_type = LicenseState)]
    pub state: &'static str,
    /// The SKU of its product.
    #[schema(example = "pro")]
    pub sku: String,
    /// What is sold under that SKU.
    pub product: SoldJson,
    /// The customer's name; null if it is not known.
    #[schema(required, example = "Ada Lovelace")]
    pub customer: Option<String>,
    /// The customer's e-mail address; null if it is not known.
    #[schema(required, example = "ada@customer.example")]
    pub email: Option<String>,
    /// What the store's cart knows the license by, passed on to programs; null for nothing.
    #[schema(required)]
    pub cart_token: Option<String>,
    /// When it ends; null if it has no end.
    #[schema(required, format = DateTime)]
    pub expires_at: Option<String>,
    /// How often it may be activated; null for any number.
    #[schema(required, example = 5)]
    pub activation_limit: Option<i64>,
    /// On how many domains; null for any number.
    #[schema(required, example = 1)]
    pub domain_limit: Option<i64>,
    /// In what the time is told for which a program may do without asking; null if it may not.
    #[schema(required, value_type = Option<OfflineIntervals>)]
    pub offline_interval: Option<&'static str>,
    /// How many of them; null for none, and with `unlimited`.
    #[schema(required, example = 7)]
    pub offline_value: Option<i64>,
    /// How often it is activated now.
    pub activations: i64,
    /// On how many domains.
    pub domains: i64,
    /// When it was made here.
    #[schema(format = DateTime, example = "2026-11-26T05:45:03Z")]
    pub created_at: String,
    /// When the store took it back; null if it did not.
    #[schema(required, format = DateTime)]
    pub revoked_at: Option<String>,
    /// How often it was changed.
    pub version: i64,
}

/// What is sold under a license's SKU.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SoldProduct)]
pub struct SoldJson {
    /// Its name.
    #[schema(example = "Pro edition")]
    pub name: String,
    /// What its download is called; null if there is none.
    #[schema(required, example = "v1.1.5")]
    pub download_name: Option<String>,
    /// Where its download is; null if there is none.
    #[schema(required, example = "https://shop.example/pro-1.1.5.zip")]
    pub download_url: Option<String>,
    /// Whether it runs on desktops, so that activations need no domain.
    pub desktop: bool,
}

/// A product.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = LicenseProduct)]
pub struct ProductJson {
    /// Its stock keeping unit, which programs send.
    #[schema(example = "pro")]
    pub sku: String,
    /// What it is.
    #[serde(flatten)]
    pub sold: SoldJson,
    /// How often it was changed.
    pub version: i64,
}

/// A place where a license is used.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = LicenseActivation)]
pub struct ActivationJson {
    /// Its id, which programs send.
    #[schema(example = 1_519_628_117)]
    pub activation_id: i64,
    /// The host, or the name of a device; null if a program for desktops named none.
    #[schema(required, example = "customer.example")]
    pub domain: Option<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    pub activated_at: String,
    /// When it was last made, validated or made again, to the minute.
    #[schema(format = DateTime)]
    pub seen_at: String,
    /// From which address it was made; null for one that was imported.
    #[schema(required, example = "203.0.113.9")]
    pub address: Option<String>,
    /// What the program called itself.
    #[schema(required)]
    pub client: Option<String>,
}

impl LicenseJson {
    /// A license as it stands at that time.
    pub fn of(license: License, now: Timestamp) -> Self {
        let (license_key, state) = (license.shortened_key(), license.state(now).as_str());
        let License { id, number, terms, product, activations, domains, version, .. } = license;
        let LicenseTerms { sku, customer, email, cart_token, offline, .. } = terms;
        let counted = offline.filter(|offline| offline.interval != OfflineInterval::Unlimited);
        Self {
            id,
            license_key,
            number,
            state,
            sku,
            product: SoldJson::from(product),
            customer: told(customer),
            email: told(email),
            cart_token: told(cart_token),
            expires_at: instant(terms.expires_at),
            activation_limit: terms.activation_limit,
            domain_limit: terms.domain_limit,
            offline_interval: offline.map(|offline| offline.interval.as_str()),
            offline_value: counted.map(|offline| offline.value),
            activations,
            domains,
            created_at: license.created_at.to_string(),
            revoked_at: instant(license.revoked_at),
            version,
        }
    }
}

/// Writes out a license with its whole key, to be shown this once.
pub fn with_key(license: LicenseJson, key: &LicenseKey) -> Zeroizing<Vec<u8>> {
    let mut answer = json!(license);
    answer["license_key"] = key.expose().into();
    Zeroizing::new(answer.to_string().into_bytes())
}

impl From<Product> for SoldJson {
    fn from(product: Product) -> Self {
        Self {
            name: product.name,
            download_name: told(product.download_name),
            download_url: told(product.download_url),
            desktop: product.desktop,
        }
    }
}

impl From<Product> for ProductJson {
    fn from(product: Product) -> Self {
        Self { sku: product.sku.clone(), version: product.version, sold: product.into() }
    }
}

impl From<Activation> for ActivationJson {
    fn from(activation: Activation) -> Self {
        Self {
            activation_id: activation.id,
            domain: told(activation.domain),
            activated_at: activation.activated_at.to_string(),
            seen_at: activation.seen_at.to_string(),
            address: activation.address,
            client: activation.client,
        }
    }
}

/// Nothing for an empty text.
fn told(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::licenses;

    #[test]
    fn the_description_names_the_words_of_the_domain() {
        let states = licenses::LicenseState::ALL.map(licenses::LicenseState::as_str);
        assert_eq!(LicenseState::ALL, states);
        assert_eq!(OfflineIntervals::ALL, OfflineInterval::ALL.map(OfflineInterval::as_str));
        let formats = licenses::ErrorFormat::ALL.map(licenses::ErrorFormat::as_str);
        assert_eq!(LicenseErrors::ALL, formats);
    }
}
