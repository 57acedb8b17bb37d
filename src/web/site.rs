//! What every page needs to know of this store, made once at start.

use std::path::Path;

use actix_web::http::header::HeaderName;
use ipnet::IpNet;

use super::assets::{Asset, Assets};
use crate::config::{PublicUrl, Settings};

/// The largest logo, in bytes.
const LARGEST_LOGO: usize = 256 * 1024;

/// The store as pages show it.
pub struct Site {
    /// The store's public address.
    pub public_url: PublicUrl,
    /// The store's name.
    pub store_name: String,
    /// Style sheets, images.
    pub assets: Assets,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The header that says a client's domain if the browser does not.
    pub client_domain_header: Option<HeaderName>,
    /// Whether proxies pass credentials on to the store.
    pub keep_credentials: bool,
}

/// The logo cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// The file cannot be read.
    #[error("names a file that cannot be read: {0}")]
    Unreadable(std::io::Error),
    /// The file is no image of the kinds allowed.
    #[error("must name an SVG, PNG, JPEG or WebP file")]
    NotAnImage,
    /// The file is too large.
    #[error("names a file of more than 256 KiB")]
    TooLarge,
}

impl Site {
    /// The store of these settings; reads the logo.
    ///
    /// # Errors
    /// If the logo cannot be shown.
    pub fn new(settings: &Settings) -> Result<Self, SiteError> {
        let logo = settings.store_logo.as_deref().map(read_logo).transpose()?;
        Ok(Self {
            assets: Assets::new(&settings.public_url, settings.accent_color, logo),
            public_url: settings.public_url.clone(),
            store_name: settings.store_name.clone(),
            trusted_proxies: settings.trusted_proxies.clone(),
            client_domain_header: settings
                .client_domain_header
                .as_ref()
                .and_then(|name| name.parse().ok()),
            keep_credentials: settings.keep_credentials,
        })
    }

    /// The public address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.public_url.as_str())
    }

    /// The address to link to from a page: the path with the public prefix.
    pub fn path(&self, path: &str) -> String {
        format!("{}{path}", self.public_url.prefix())
    }
}

fn read_logo(path: &Path) -> Result<Asset, SiteError> {
    let bytes = std::fs::read(path).map_err(SiteError::Unreadable)?;
    if bytes.len() > LARGEST_LOGO {
        return Err(SiteError::TooLarge);
    }
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let kind = match extension.to_ascii_lowercase().as_str() {
        "svg" => "svg",
        "png" => "png",
        "jpg" | "jpeg" => "jpg",
        "webp" => "webp",
        _ => return Err(SiteError::NotAnImage),
    };
    Ok(Asset::new("logo", kind, bytes))
}
