//! A license as it stands, without its key.

use super::{LicenseTerms, Product, Refusal};
use crate::domain::timestamp::Timestamp;

/// How often a license may be activated that has no limit of its own, so that whoever has its key cannot fill the
/// database.
pub const MOST_ACTIVATIONS: i64 = 10_000;

/// Where a license is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LicenseState {
    /// It may be used.
    Active,
    /// Its time is over.
    Expired,
    /// The store took it back; it may give it again.
    Revoked,
}

impl LicenseState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Active, Self::Expired, Self::Revoked];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }

    /// The state of that word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// A license.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct License {
    /// Its number in the database.
    pub id: i64,
    /// How its key begins.
    pub beginning: String,
    /// The number behind the dash of its key.
    pub number: i64,
    /// What the customer bought.
    pub terms: LicenseTerms,
    /// The product of its SKU.
    pub product: Product,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the store took it back.
    pub revoked_at: Option<Timestamp>,
    /// How often it is activated now.
    pub activations: i64,
    /// On how many domains.
    pub domains: i64,
    /// How often it was changed.
    pub version: i64,
}

impl License {
    /// Where it is in its life.
    pub fn state(&self, now: Timestamp) -> LicenseState {
        if self.revoked_at.is_some() {
            LicenseState::Revoked
        } else if self.has_expired(now) {
            LicenseState::Expired
        } else {
            LicenseState::Active
        }
    }

    /// Whether its time is over.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.terms.expires_at.is_some_and(|end| end <= now)
    }

    /// Why it cannot be activated once more, if it cannot: on a domain, if it is `on_domain`.
    pub fn is_full(&self, on_domain: bool) -> Option<Refusal> {
        let reached = |limit: Option<i64>, count| limit.is_some_and(|limit| count >= limit);
        let most = self.terms.activation_limit.unwrap_or(MOST_ACTIVATIONS);
        if reached(Some(most), self.activations) {
            Some(Refusal::ActivationLimit)
        } else if on_domain && reached(self.terms.domain_limit, self.domains) {
            Some(Refusal::DomainLimit)
        } else {
            None
        }
    }

    /// Its key as staff sees it: `Cqu6…-32`.
    pub fn shortened_key(&self) -> String {
        format!("{}…-{}", self.beginning, self.number)
    }
}

/// A place where a license is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activation {
    /// Its id: about when it was made, in seconds since 1970, and unique among those of its license.
    pub id: i64,
    /// The host, or the name of a device; empty if a program for desktops named none.
    pub domain: String,
    /// When it was made.
    pub activated_at: Timestamp,
    /// When it was last made, validated or made again, to the minute.
    pub seen_at: Timestamp,
    /// From which address it was made.
    pub address: Option<String>,
    /// What the program called itself.
    pub client: Option<String>,
}
