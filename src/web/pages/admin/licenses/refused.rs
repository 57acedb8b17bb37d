//! What `service::licenses` refuses, as pages; and what is wrong with a field, as a sentence beside it.

use crate::{
    domain::licenses::Wrongs,
    service::licenses::LicenseError,
    web::{
        errors::WebError,
        pages::admin::{
            refusal::{conflict, not_allowed, unfitting},
            wrong::Wrong,
        },
    },
};

impl From<LicenseError> for WebError {
    fn from(error: LicenseError) -> Self {
        let message = error.to_string();
        match error {
            LicenseError::Unknown => Self::NotFound,
            LicenseError::NotAllowed => not_allowed("your role does not allow it; ask an admin"),
            LicenseError::AlreadyRevoked
            | LicenseError::NotRevoked
            | LicenseError::Changed
            | LicenseError::KeyNotKept
            | LicenseError::NoActivation
            | LicenseError::ProductTaken
            | LicenseError::ProductInUse
            | LicenseError::Taken(_) => conflict(&message),
            LicenseError::Service(error) => Self::Service(error),
            _ => unfitting(&message),
        }
    }
}

/// What the service found wrong, at its field; what is no field's fault is a page of its own.
///
/// # Errors
/// If it is no field's fault.
pub fn wrong(error: LicenseError) -> Result<Wrong, WebError> {
    match error {
        LicenseError::Wrong(wrongs) => Ok(at_fields(&wrongs)),
        LicenseError::NoProduct(_) => Ok(Wrong::at_field(
            "sku",
            "there is no product with this SKU; correct it, or describe the new product below",
        )),
        LicenseError::OtherProduct(_) => Ok(Wrong::at_field(
            "sku",
            "there is a product with this SKU, and its name or download is another; leave the fields of \
             the new product empty to use it as it is",
        )),
        LicenseError::ProductTaken => {
            Ok(Wrong::at_field("sku", "there is a product with this SKU already"))
        }
        other => Err(other.into()),
    }
}

/// Each wrong at its field, as a sentence that names it.
pub fn at_fields(wrongs: &Wrongs) -> Wrong {
    let mut all = Wrong::default();
    for wrong in &wrongs.0 {
        let subject = subject(wrong.field);
        let why = in_words_of_the_screen(wrong.field).unwrap_or(&wrong.message);
        let why = format!("{subject}{}{why}", if subject.is_empty() { "" } else { " " });
        all.read::<()>(Err(Wrong::at_field(wrong.field, &why)));
    }
    all
}

/// What is wrong with a field whose choices have other names on the screen than in the API and in CSV.
fn in_words_of_the_screen(field: &str) -> Option<&'static str> {
    match field {
        "offline_interval" => {
            Some("is missing: choose hours, days, weeks, months, years or “for ever”")
        }
        "offline_value" => Some("must be 1 to 10000, and empty with “for ever”"),
        _ => None,
    }
}

/// What a field is called in a sentence; empty if what is wrong is a sentence by itself.
fn subject(field: &str) -> &'static str {
    match field {
        "sku" => "the SKU",
        "customer" => "the customer’s name",
        "email" | "errors" => "this",
        "cart_token" => "the cart token",
        "activation_limit" => "the number of activations",
        "domain_limit" => "the number of domains",
        "offline_interval" => "the unit of the time offline",
        "offline_value" => "the time offline",
        "product" => "the product’s name",
        "download_name" => "the download’s name",
        "download_url" => "the download’s address",
        "overlap_days" => "the number of days",
        "token_seconds" => "the life of a token",
        "page_url" => "the customers’ page",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        licenses::{LicenseDraft, ProductDraft, SettingsDraft},
        timestamp::Timestamp,
    };

    /// What is wrong where all is.
    fn everything_wrong() -> Wrongs {
        let long = "x".repeat(1_001);
        let draft = LicenseDraft {
            sku: String::new(),
            customer: long.clone(),
            email: "x".to_owned(),
            cart_token: long.clone(),
            expires_at: "soon".to_owned(),
            activation_limit: "0".to_owned(),
            domain_limit: "x".to_owned(),
            offline_interval: "days".to_owned(),
            offline_value: "0".to_owned(),
        };
        let product = ProductDraft {
            sku: "a".to_owned(),
            name: long.clone(),
            download_name: long,
            download_url: "ftp://x".to_owned(),
            desktop: false,
        };
        let mut wrongs = draft.read(Timestamp::from_millis(0)).unwrap_err();
        wrongs.0.extend(product.read().unwrap_err().0);
        let settings = SettingsDraft {
            store_code: Some((Some("short".to_owned()), "x".to_owned())),
            token_seconds: Some("59".to_owned()),
            errors: Some("words".to_owned()),
            origins: Some("shop.example".to_owned()),
            page_url: Some("shop.example".to_owned()),
        };
        wrongs.0.extend(settings.read().unwrap_err().0);
        wrongs
    }

    #[test]
    fn every_field_that_can_be_wrong_reads_as_a_sentence() {
        let wrong = at_fields(&everything_wrong());
        for (field, sentence) in [
            ("sku", "The SKU is missing."),
            ("customer", "The customer’s name has more than 200 characters."),
            ("email", "This is no e-mail address."),
            ("cart_token", "The cart token has more than 200 characters."),
            (
                "expires_at",
                "An end is a day like 2027-01-31, or an instant like 2027-01-31T18:00:00Z.",
            ),
            (
                "activation_limit",
                "The number of activations must be a number from 1 to 1000000, or empty for no limit.",
            ),
            (
                "domain_limit",
                "The number of domains must be a number from 1 to 1000000, or empty for no limit.",
            ),
            ("offline_value", "The time offline must be 1 to 10000, and empty with “for ever”."),
            ("product", "The product’s name has more than 200 characters."),
            ("download_name", "The download’s name has more than 200 characters."),
            (
                "download_url",
                "The download’s address must be an http or https address of at most 1000 characters.",
            ),
            (
                "store_code",
                "A store code has 8 to 64 characters: letters, digits and signs, no spaces.",
            ),
            ("overlap_days", "The number of days must be a whole number from 0 to 731."),
            (
                "token_seconds",
                "The life of a token must be 60 to 315360000 seconds, or below 0 for no end.",
            ),
            (
                "origins",
                "No origin: “shop.example”; write https://shop.example, without a path, or * for all.",
            ),
            (
                "page_url",
                "The customers’ page must be an http or https address, or empty for none.",
            ),
        ] {
            assert_eq!(wrong.at(field), Some(sentence));
        }
    }
}
