//! How app addresses are shown to people.

use crate::domain::{app_url::AppUrl, authorize_request::AuthorizeRequest};

/// An address as a page shows it: its origin, and its host in Unicode where that differs.
pub struct ShownAddress {
    /// Scheme, host and port.
    pub origin: String,
    /// The host as its owner writes it, if it has letters beyond ASCII.
    pub unicode: Option<String>,
}

impl ShownAddress {
    /// How to show this address.
    pub fn of(url: &AppUrl) -> Self {
        Self { origin: url.origin(), unicode: url.unicode_host() }
    }
}

/// The two addresses of a request, and whether somebody should look twice.
pub struct Destinations {
    /// Where the keys go.
    pub callback: ShownAddress,
    /// The callback's host and port, WooCommerce's way to name it.
    pub callback_host: String,
    /// Where word of the key goes, if that is somewhere else.
    pub events: Option<ShownAddress>,
    /// Where the browser goes.
    pub back: ShownAddress,
    /// The registrable domains of both, if they differ.
    pub mismatch: Option<(String, String)>,
    /// The scheme, if the browser goes back to an app on this device.
    pub device_app: Option<String>,
}

impl Destinations {
    /// The addresses of a request.
    pub fn of(request: &AuthorizeRequest) -> Self {
        let (callback, back) = (request.callback_url.url(), request.return_url.url());
        let domains = callback.registrable_domain().zip(back.registrable_domain());
        Self {
            callback: ShownAddress::of(callback),
            callback_host: request.callback_url.host(),
            events: request
                .events_url
                .as_ref()
                .filter(|events| events.url().origin() != callback.origin())
                .map(|events| ShownAddress::of(events.url())),
            back: ShownAddress::of(back),
            mismatch: domains.filter(|(callback, back)| callback != back),
            device_app: request.return_url.private_scheme().map(str::to_owned),
        }
    }
}
