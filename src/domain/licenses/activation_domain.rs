//! Where a license is activated: the host of a site, as one text for all ways to write it.
//!
//! WooCommerce License Keys compares what it is sent, so `http://Shop.example/` is another domain than
//! `shop.example`, and takes whatever has “localhost” in it for a developer's machine, `localhost.shop.example`
//! too. Here the host counts, and only names and addresses that lead to the machine itself are local
//! (RFC 6761 §6.3, RFC 5735 §3, RFC 4291 §2.5.3).

use std::net::Ipv4Addr;

use url::{Host, Url};

use crate::domain::text;

/// The longest name of a device, in characters.
const LONGEST: usize = 253;

/// A host, or what a program for desktops calls its device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivationDomain {
    text: String,
    is_local: bool,
}

/// Why a text is no domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoDomain {
    /// There is nothing.
    #[error("Required.")]
    Missing,
    /// It is no host.
    #[error("Invalid domain.")]
    Wrong,
}

impl ActivationDomain {
    /// What a program sent: a host or an address of a site.
    ///
    /// # Errors
    /// If it names no host.
    pub fn parse(text: &str) -> Result<Self, NoDomain> {
        let text = text.trim();
        if text.is_empty() {
            return Err(NoDomain::Missing);
        }
        let address = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let url = Url::parse(&address).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let url = url.ok_or(NoDomain::Wrong)?;
        let host = url.host().ok_or(NoDomain::Wrong)?;
        let is_local = is_local(&host);
        let text = host.to_string();
        let text = text.trim_end_matches('.').to_owned();
        let fits = !text.is_empty() && text.len() <= LONGEST;
        fits.then_some(Self { text, is_local }).ok_or(NoDomain::Wrong)
    }

    /// What a program for desktops sent, if it sent something: a host, or any name of its device.
    pub fn of_device(text: &str) -> Option<Self> {
        Self::parse(text).ok().or_else(|| {
            let text = text::shortened(&text::visible(text).to_lowercase(), LONGEST);
            (!text.is_empty()).then_some(Self { text, is_local: false })
        })
    }

    /// The text, in the one form that is stored and compared.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is the machine of whoever tries the product out.
    pub fn is_local(&self) -> bool {
        self.is_local
    }
}

fn is_local(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => {
            address.is_loopback()
                || address.to_ipv4_mapped().is_some_and(|v4: Ipv4Addr| v4.is_loopback())
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_stored_reads_back_to_itself(text in "\\PC{0,40}") {
            let devices = ActivationDomain::of_device(&text).into_iter();
            for domain in ActivationDomain::parse(&text).into_iter().chain(devices) {
                prop_assert_eq!(ActivationDomain::of_device(domain.as_str()), Some(domain));
            }
        }
    }

    #[test]
    fn all_ways_to_write_a_host_are_one() {
        for text in [
            "shop.example",
            " Shop.EXAMPLE ",
            "http://shop.example",
            "https://shop.example:8443/path?a=1#b",
            "shop.example/wp",
            "shop.example:80",
            "shop.example.",
        ] {
            assert_eq!(ActivationDomain::parse(text).unwrap().as_str(), "shop.example", "{text:?}");
        }
        assert_eq!(
            ActivationDomain::parse("möbel.example").unwrap().as_str(),
            "xn--mbel-5qa.example"
        );
        assert_eq!(ActivationDomain::parse("my_site.test").unwrap().as_str(), "my_site.test");
    }

    #[test]
    fn what_names_no_host_is_none() {
        assert_eq!(ActivationDomain::parse("  "), Err(NoDomain::Missing));
        for text in ["a b", "http://", "ftp://shop.example", "<b>", "...", &"a".repeat(300)] {
            assert_eq!(ActivationDomain::parse(text), Err(NoDomain::Wrong), "{text:?}");
        }
    }

    #[test]
    fn only_the_machine_itself_is_local() {
        let local = |text: &str| ActivationDomain::parse(text).unwrap().is_local();
        for text in [
            "localhost",
            "LOCALHOST:3000",
            "http://app.localhost/",
            "127.0.0.1",
            "127.9.9.9",
            "[::1]",
            "0x7f.1",
        ] {
            assert!(local(text), "{text}");
        }
        for text in
            ["localhost.shop.example", "mylocalhost", "shop.example/localhost", "10.0.0.1", "[::2]"]
        {
            assert!(!local(text), "{text}");
        }
    }

    #[test]
    fn a_device_may_have_any_name() {
        let named = |text: &str| ActivationDomain::of_device(text).map(|domain| domain.text);
        assert_eq!(named(" Ada’s\u{200b}  Laptop "), Some("ada’s laptop".to_owned()));
        assert_eq!(named("HTTPS://Shop.example/"), Some("shop.example".to_owned()));
        assert_eq!(named(" \u{200b}"), None);
        assert_eq!(named(&"x".repeat(1_000)).unwrap().len(), LONGEST);
    }
}
