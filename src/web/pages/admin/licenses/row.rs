//! A license as lists and its own screen show it: whose, in which state, how much of it is used.

use crate::{
    domain::{
        licenses::{License, LicenseState, Offline, OfflineInterval},
        timestamp::Timestamp,
    },
    web::{pages::admin::moment::Moment, visitor::Visitor},
};

/// A license, ready to be shown.
pub struct LicenseRow {
    /// Where its own screen is.
    pub href: String,
    /// What people call it: the customer's name, else the e-mail address, else its key.
    pub name: String,
    /// Its key, shortened.
    pub key: String,
    /// The word of its state, for the style sheet.
    pub state: &'static str,
    /// Its state, for people.
    pub state_text: &'static str,
    /// How often it is activated, of how often it may be.
    pub activations: String,
    /// On how many domains, of how many.
    pub domains: String,
    /// When it ends.
    pub expires: Option<Moment>,
    /// When it was made.
    pub created: Moment,
    /// When it was taken back.
    pub revoked: Option<Moment>,
}

impl LicenseRow {
    /// The license as it is now.
    pub fn of(visitor: &Visitor, license: &License) -> Self {
        let now = visitor.services.now();
        let moment = |at: Timestamp| Moment::of(at, now);
        let (terms, key) = (&license.terms, license.shortened_key());
        let names = [&terms.customer, &terms.email, &key];
        let name = names.into_iter().find(|name| !name.is_empty()).unwrap_or(&key);
        let state = license.state(now);
        Self {
            href: visitor.site.path(&super::path(license.id)),
            name: name.clone(),
            state: state.as_str(),
            state_text: state_text(state),
            activations: used(license.activations, terms.activation_limit),
            domains: used(license.domains, terms.domain_limit),
            expires: terms.expires_at.map(moment),
            created: moment(license.created_at),
            revoked: license.revoked_at.map(moment),
            key,
        }
    }

    /// Whether its key is not what it is called by.
    pub fn has_name(&self) -> bool {
        self.name != self.key
    }

    /// Whether it may be used.
    pub fn works(&self) -> bool {
        self.state == LicenseState::Active.as_str()
    }
}

fn used(count: i64, limit: Option<i64>) -> String {
    limit.map_or_else(|| count.to_string(), |limit| format!("{count} of {limit}"))
}

/// A state, for people.
pub const fn state_text(state: LicenseState) -> &'static str {
    match state {
        LicenseState::Active => "Works",
        LicenseState::Expired => "Expired",
        LicenseState::Revoked => "Revoked",
    }
}

/// For how long programs may do without asking, in words.
pub fn offline_text(offline: Option<Offline>) -> String {
    match offline {
        None => "Not at all".to_owned(),
        Some(Offline { interval: OfflineInterval::Unlimited, .. }) => "For ever".to_owned(),
        Some(Offline { interval, value: 1 }) => {
            format!("1 {}", interval.as_str().trim_end_matches('s'))
        }
        Some(Offline { interval, value }) => format!("{value} {}", interval.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_offline_reads_like_words() {
        let text = |stored| offline_text(Offline::parse(stored));
        assert_eq!(text("days 1"), "1 day");
        assert_eq!(text("weeks 2"), "2 weeks");
        assert_eq!(text("unlimited 0"), "For ever");
        assert_eq!(offline_text(None), "Not at all");
        assert_eq!((used(2, Some(5)).as_str(), used(2, None).as_str()), ("2 of 5", "2"));
    }
}
