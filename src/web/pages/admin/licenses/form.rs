//! The fields of a license's and a product's forms, as they are filled in and as they are sent.

use crate::{
    domain::licenses::{LicenseDraft, LicenseTerms, OfflineInterval, ProductDraft},
    web::{
        pages::admin::{
            choice::{Choice, choices},
            frame::field,
            typed::last_day,
        },
        visitor::Visitor,
    },
};

/// The license that was typed.
pub fn license(visitor: &Visitor) -> LicenseDraft {
    let text = |name| field(visitor, name).to_owned();
    LicenseDraft {
        sku: text("sku"),
        customer: text("customer"),
        email: text("email"),
        cart_token: text("cart_token"),
        expires_at: text("expires_at").trim().to_owned(),
        activation_limit: text("activation_limit"),
        domain_limit: text("domain_limit"),
        offline_interval: text("offline_interval"),
        offline_value: text("offline_value"),
    }
}

/// A license as it is, its end as a date field holds it.
pub fn license_of(terms: &LicenseTerms) -> LicenseDraft {
    let expires_at = terms.expires_at.map(last_day).unwrap_or_default();
    LicenseDraft { expires_at, ..LicenseDraft::of(terms) }
}

/// The product that was typed.
pub fn product(visitor: &Visitor) -> ProductDraft {
    let text = |name| field(visitor, name).to_owned();
    ProductDraft {
        sku: text("sku"),
        name: text("product"),
        download_name: text("download_name"),
        download_url: text("download_url"),
        desktop: is_ticked(visitor, "desktop"),
    }
}

/// Whether a box was ticked.
pub fn is_ticked(visitor: &Visitor, name: &str) -> bool {
    field(visitor, name) == "on"
}

/// In what the time offline is told.
pub fn intervals(chosen: &str) -> Vec<Choice> {
    let text = |interval| match interval {
        OfflineInterval::Unlimited => "for ever",
        other => other.as_str(),
    };
    let mut all = OfflineInterval::ALL.map(|one| (one.as_str(), text(one))).to_vec();
    all.rotate_left(1);
    all.insert(0, ("", "not at all"));
    choices(&all, chosen)
}
