//! What holds for all licenses of a store, set by its admins.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use super::{ErrorFormat, LicenseKey, Origins};
use crate::domain::{entropy::Entropy, timestamp::Timestamp, token_life::TokenLife};

/// The length of a code made here, as WooCommerce License Keys makes them.
const LENGTH: usize = 15;

/// What stands for the license key in the address of its page.
const PLACE: &str = "{key}";

/// What programs name the store by. It stands in every copy of a product, so it is no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreCode(String);

/// A text that is no store code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a store code has 8 to 64 characters: letters, digits and signs, no spaces")]
pub struct NoStoreCode;

impl StoreCode {
    /// A fresh one.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        // Its letters are the ones of license keys.
        let key = LicenseKey::generate(entropy, 0);
        Self(key.expose()[..LENGTH].to_owned())
    }

    /// A code that somebody brings along.
    ///
    /// # Errors
    /// If it is none.
    pub fn parse(text: &str) -> Result<Self, NoStoreCode> {
        let text = text.trim();
        let fits =
            (8..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| Self(text.to_owned())).ok_or(NoStoreCode)
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The address of the page on which a customer sees a license, with `{key}` where the key goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageUrl(String);

impl PageUrl {
    /// What somebody typed; an empty text means that there is no such page.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_web = Url::parse(&text.replace(PLACE, "a-1"))
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        (text.is_empty() || (is_web && text.len() <= 1_000)).then(|| Self(text.to_owned()))
    }

    /// As it was typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address for that key; empty if there is no such page.
    pub fn of(&self, key: &str) -> String {
        self.0.replace(
            PLACE,
            &utf8_percent_encode(key, NON_ALPHANUMERIC).to_string().replace("%2D", "-"),
        )
    }
}

/// The settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicenseSettings {
    /// What programs name the store by.
    pub store_code: StoreCode,
    /// The code before, and until when it is taken too.
    pub previous: Option<(StoreCode, Timestamp)>,
    /// Whether programs must get a token first (“Enable authorization”).
    pub needs_token: bool,
    /// How long such a token lives (“Token expiration”).
    pub token_life: TokenLife,
    /// How errors are put together.
    pub errors: ErrorFormat,
    /// Whether errors show in the status, as 4xx; else it is 200 as in WooCommerce License Keys.
    pub errors_in_status: bool,
    /// Whether the developer's own machine counts against no limit.
    pub localhost_is_free: bool,
    /// Which sites' scripts may ask.
    pub origins: Origins,
    /// Where customers see their licenses.
    pub page_url: PageUrl,
    /// How often they were changed.
    pub version: i64,
}

impl LicenseSettings {
    /// Whether a code names this store at that time.
    pub fn accepts(&self, code: &str, now: Timestamp) -> bool {
        let previous = self.previous.as_ref().filter(|(_, until)| now < *until);
        code == self.store_code.as_str() || previous.is_some_and(|(old, _)| code == old.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes() {
        for text in ["1234567", "with space in", "ümläute-sind-keine", &"a".repeat(65), ""] {
            assert_eq!(StoreCode::parse(text), Err(NoStoreCode), "{text:?}");
        }
        assert_eq!(StoreCode::parse(" a1!B2@c3#D4$e5 ").unwrap().as_str(), "a1!B2@c3#D4$e5");
    }

    #[test]
    fn a_page_is_on_the_web_and_takes_the_key() {
        let page =
            PageUrl::parse("https://shop.example/my-account/license/?key={key}&a=1").unwrap();
        assert_eq!(page.of("abc-1"), "https://shop.example/my-account/license/?key=abc-1&a=1");
        assert_eq!(page.of("a&b"), "https://shop.example/my-account/license/?key=a%26b&a=1");
        assert_eq!(PageUrl::default().of("abc-1"), "");
        assert!(PageUrl::parse("").is_some());
        for text in ["shop.example", "javascript:{key}", "https://"] {
            assert_eq!(PageUrl::parse(text), None, "{text}");
        }
    }
}
