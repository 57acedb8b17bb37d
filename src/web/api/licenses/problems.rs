//! What went wrong with licenses, as programs are told.

use super::super::problem::{FieldError, Problem};
use crate::{domain::licenses::Wrongs, service::licenses::LicenseError};

impl From<LicenseError> for Problem {
    fn from(error: LicenseError) -> Self {
        let detail = error.to_string();
        match error {
            LicenseError::Unknown | LicenseError::NoActivation => Self::not_found(),
            LicenseError::NotAllowed => Self::not_allowed(detail),
            LicenseError::Wrong(wrongs) => wrongs.into(),
            LicenseError::Taken(_) | LicenseError::ProductTaken => Self::conflict("taken", detail),
            LicenseError::NoProduct(_) => {
                Self::field("sku", "no product has it; make that first, or bring it along here")
            }
            LicenseError::OtherProduct(_) => Self::conflict(
                "other_product",
                "the product of that SKU is here, and its name or download is another; change the \
                 product, or leave these out",
            ),
            LicenseError::ProductInUse => Self::conflict("product_in_use", detail),
            LicenseError::AlreadyRevoked => Self::conflict("already_revoked", detail),
            LicenseError::NotRevoked => Self::conflict("not_revoked", detail),
            LicenseError::Changed => Self::conflict("changed_meanwhile", detail),
            LicenseError::KeyNotKept => Self::conflict("key_not_kept", detail),
            LicenseError::Service(error) => error.into(),
        }
    }
}

impl From<Wrongs> for Problem {
    fn from(Wrongs(wrongs): Wrongs) -> Self {
        let field = |name: &str| match name {
            "product" => "product.name".to_owned(),
            "download_name" | "download_url" => format!("product.{name}"),
            other => other.to_owned(),
        };
        let errors = wrongs
            .into_iter()
            .map(|wrong| FieldError { field: field(wrong.field), message: wrong.message });
        Self::invalid(errors.collect())
    }
}
