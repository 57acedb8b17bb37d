//! Short-lived tokens: those that were made, requests that got none, and tokens that were used twice.

use prometheus_client::{
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

use super::metrics::Labels;
use crate::domain::access_token::MadeBy;

/// Why a request gets no token: RFC 6749's codes, and what keeps the service from answering.
const REFUSED: [&str; 9] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "temporarily_unavailable",
    "busy",
    "unavailable",
];

/// Counts of tokens. Every series is there from the start.
pub struct Tokens {
    made: Family<Labels<1>, Counter>,
    refused: Family<Labels<1>, Counter>,
    reused: Counter,
}

impl Tokens {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let (made, refused) = (Family::default(), Family::default());
        let all = Self { made, refused, reused: Counter::default() };
        for grant in MadeBy::ALL {
            drop(all.made.get_or_create(&[("grant", grant.as_str())]));
        }
        for error in REFUSED {
            drop(all.refused.get_or_create(&[("error", error)]));
        }
        let made = "Access tokens that were made, by what they were got with";
        registry.register("appgrant_tokens_made", made, Family::clone(&all.made));
        let refused = "Requests for a token that got none, by the error's code";
        registry.register("appgrant_tokens_refused", refused, Family::clone(&all.refused));
        let reused =
            "Spent refresh tokens and codes that were used again; what came of them was ended";
        registry.register("appgrant_tokens_reused", reused, all.reused.clone());
        all
    }

    /// Counts one that was made.
    pub fn made(&self, grant: MadeBy) {
        self.made.get_or_create(&[("grant", grant.as_str())]).inc();
    }

    /// Counts a request that got none.
    pub fn refused(&self, error: &'static str) {
        let error = if REFUSED.contains(&error) { error } else { "invalid_request" };
        self.refused.get_or_create(&[("error", error)]).inc();
    }

    /// Counts a spent one that was used again.
    pub fn reused(&self) {
        self.reused.inc();
    }
}
