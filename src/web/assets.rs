//! Style sheets and images: embedded, served under names that carry their hash, cached for good.

use actix_web::{HttpResponse, web};
use data_encoding::HEXLOWER;
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use crate::config::{Color, PublicUrl};

#[derive(RustEmbed)]
#[folder = "static/"]
struct Embedded;

/// One file to serve.
pub struct Asset {
    name: String,
    kind: &'static str,
    bytes: web::Bytes,
}

impl Asset {
    /// A file whose address will be `<stem>-<hash>.<kind>`.
    pub fn new(stem: &str, kind: &'static str, bytes: Vec<u8>) -> Self {
        let hash = HEXLOWER.encode(&Sha256::digest(&bytes)[..8]);
        Self { name: format!("{stem}-{hash}.{kind}"), kind, bytes: bytes.into() }
    }
}

/// All files there are.
pub struct Assets {
    base: String,
    files: Vec<Asset>,
}

impl Assets {
    /// The embedded files, the operator's logo, and a style sheet for the accent colour.
    pub fn new(public_url: &PublicUrl, accent: Option<Color>, logo: Option<Asset>) -> Self {
        let embedded = |stem: &str, kind: &'static str| {
            let file = Embedded::get(&format!("{stem}.{kind}")).expect("it is in static/");
            Asset::new(stem, kind, file.data.into_owned())
        };
        let mut files =
            vec![embedded("style", "css"), embedded("admin", "css"), embedded("mark", "svg")];
        files.extend(accent.map(theme));
        files.extend(logo);
        Self { base: format!("{}/static", public_url.prefix()), files }
    }

    /// Addresses of the style sheets of every page, in order.
    pub fn styles(&self) -> impl Iterator<Item = String> {
        let styles = self.files.iter().filter(|file| file.kind == "css" && !is_admins(file));
        styles.map(|file| self.address(file))
    }

    /// Address of the style sheet of the screens under `/admin`, which comes after the others.
    pub fn admin_style(&self) -> String {
        let style = self.files.iter().find(|file| is_admins(file));
        style.map(|style| self.address(style)).unwrap_or_default()
    }

    /// Address of the store's logo, if it has one.
    pub fn logo(&self) -> Option<String> {
        let logo = self.files.iter().find(|file| file.name.starts_with("logo-"))?;
        Some(self.address(logo))
    }

    /// Address of our own mark, the icon of the browser's tab.
    pub fn mark(&self) -> String {
        let mark = self.files.iter().find(|file| file.name.starts_with("mark-"));
        mark.map(|mark| self.address(mark)).unwrap_or_default()
    }

    fn address(&self, file: &Asset) -> String {
        format!("{}/{}", self.base, file.name)
    }

    /// The file of that name.
    pub fn serve(&self, name: &str) -> Option<HttpResponse> {
        let file = self.files.iter().find(|file| file.name == name)?;
        let content_type = match file.kind {
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            "png" => "image/png",
            "webp" => "image/webp",
            _ => "image/jpeg",
        };
        let response = HttpResponse::Ok()
            .content_type(content_type)
            .insert_header(("Cache-Control", "public, max-age=31536000, immutable"))
            .insert_header((
                "Content-Security-Policy",
                "default-src 'none'; style-src 'unsafe-inline'; sandbox",
            ))
            .insert_header(("X-Content-Type-Options", "nosniff"))
            .body(file.bytes.clone());
        Some(response)
    }
}

fn is_admins(file: &Asset) -> bool {
    file.name.starts_with("admin-")
}

/// The accent colour as custom properties, since pages have no inline style.
fn theme(accent: Color) -> Asset {
    let css =
        format!(":root {{ --accent: {}; --on-accent: {}; }}\n", accent.css(), accent.text_on());
    Asset::new("theme", "css", css.into_bytes())
}
