//! What is sold under a SKU. It is one thing for all its licenses, so a new version of the download is
//! told in one place and reaches every customer.

use url::Url;

use super::{Wrong, Wrongs, terms::line};

/// The longest SKU, in characters.
const LONGEST_SKU: usize = 100;

/// A product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Its stock keeping unit, which programs send.
    pub sku: String,
    /// Its name.
    pub name: String,
    /// What its download is called, such as `v1.1.5`; empty if there is none.
    pub download_name: String,
    /// Where its download is; empty if there is none.
    pub download_url: String,
    /// Whether it runs on desktops, so that activations need no domain.
    pub desktop: bool,
    /// How often it was changed.
    pub version: i64,
}

impl Product {
    /// Whether what somebody says of it is something else than what is there. What is left out says nothing.
    pub fn is_contradicted_by(&self, told: &Self) -> bool {
        let differs = |told: &str, there: &str| !told.is_empty() && told != there;
        (told.name != told.sku && told.name != self.name)
            || differs(&told.download_name, &self.download_name)
            || differs(&told.download_url, &self.download_url)
            || (told.desktop && !self.desktop)
    }
}

/// A product as somebody typed it.
#[derive(Clone, Debug, Default)]
pub struct ProductDraft {
    /// SKU.
    pub sku: String,
    /// Name; the SKU if it is empty.
    pub name: String,
    /// Name of the download.
    pub download_name: String,
    /// Address of the download.
    pub download_url: String,
    /// Whether it runs on desktops.
    pub desktop: bool,
}

impl ProductDraft {
    /// The product.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn read(&self) -> Result<Product, Wrongs> {
        let mut wrongs = Vec::new();
        let mut say = |field, message: &str| wrongs.push(Wrong::new(field, message));
        let sku = sku(&self.sku).unwrap_or_else(|message| {
            say("sku", message);
            String::new()
        });
        let mut text = |field, value: &str, longest| {
            line(value, longest).unwrap_or_else(|message| {
                say(field, &message);
                String::new()
            })
        };
        let name = text("product", &self.name, 200);
        let download_name = text("download_name", &self.download_name, 200);
        let download_url = self.download_url.trim().to_owned();
        if !is_address(&download_url) {
            say("download_url", "must be an http or https address of at most 1000 characters");
        }
        if !wrongs.is_empty() {
            return Err(Wrongs(wrongs));
        }
        let name = if name.is_empty() { sku.clone() } else { name };
        Ok(Product { sku, name, download_name, download_url, desktop: self.desktop, version: 0 })
    }
}

/// A SKU as somebody typed it.
pub(super) fn sku(text: &str) -> Result<String, &'static str> {
    match line(text, LONGEST_SKU) {
        Ok(sku) if sku.is_empty() => Err("is missing"),
        Ok(sku) => Ok(sku),
        Err(_) => Err("has more than 100 characters"),
    }
}

fn is_address(text: &str) -> bool {
    let is_web = |url: Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    text.is_empty() || (text.len() <= 1_000 && Url::parse(text).is_ok_and(is_web))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_is_read_and_what_is_wrong_is_named_all_at_once() {
        let draft = ProductDraft { sku: " pro\u{200b} ".to_owned(), ..ProductDraft::default() };
        let product = draft.read().unwrap();
        assert_eq!((product.sku.as_str(), product.name.as_str()), ("pro", "pro"));
        let draft = ProductDraft {
            sku: " ".to_owned(),
            name: "n".repeat(201),
            download_name: String::new(),
            download_url: "javascript:alert(1)".to_owned(),
            desktop: false,
        };
        let wrongs = draft.read().unwrap_err();
        let fields: Vec<_> = wrongs.0.iter().map(|wrong| wrong.field).collect();
        assert_eq!(fields, ["sku", "product", "download_url"]);
    }
}
