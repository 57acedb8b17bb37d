//! A QR code as an `<svg>` element of the page: the policy lets no image in by `data:`.

use qrcode::{QrCode, render::svg};

use crate::{domain::credential::Credential, web::errors::WebError};

/// The code of `key|secret`, as WooCommerce's apps read it.
///
/// # Errors
/// Never, since both have one length.
pub fn of_pair(pair: &Credential) -> Result<String, WebError> {
    let text = format!("{}|{}", pair.key.as_str(), pair.secret.expose());
    svg(&zeroize::Zeroizing::new(text))
}

/// The code of a text: black on white in both schemes, since cameras want it so.
///
/// # Errors
/// If the text is too long for one, which no key is.
fn svg(text: &str) -> Result<String, WebError> {
    let code = QrCode::new(text).map_err(|error| WebError::Internal(error.to_string()))?;
    let drawn = code
        .render::<svg::Color<'_>>()
        .min_dimensions(220, 220)
        .dark_color(svg::Color("#000000"))
        .light_color(svg::Color("#ffffff"))
        .build();
    // What stands before is for files of their own.
    let start = drawn.find("<svg").unwrap_or_default();
    Ok(drawn[start..].replacen(
        "<svg",
        "<svg role=\"img\" aria-label=\"QR code of key and secret\"",
        1,
    ))
}
