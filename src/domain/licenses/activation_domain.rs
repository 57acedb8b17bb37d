//! Where a license is activated: the host of a site, as one text for all ways to write it, or the name of a device.
//!
//! WooCommerce License Keys compares what it is sent, so `http://Shop.example/` is another domain than
//! `shop.example`, and takes whatever has “localhost” in it for a developer's machine, `localhost.shop.example`
//! too. Here the host counts, and only names and addresses that lead to the machine itself are local
//! (RFC 6761 §6.3, RFC 5735 §3, RFC 4291 §2.5.3). A text that is neither an address of a site nor looks like a
//! host is a name: devices have such as `lab/pc1` and `PC#2`, and each is another, however long it is.

use std::net::{IpAddr, Ipv6Addr};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use url::{Host, Url};

use crate::domain::text;

/// The longest that is kept, in characters.
const LONGEST: usize = 253;

/// A host, or what a program calls its device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivationDomain {
    text: String,
    is_local: bool,
}

impl ActivationDomain {
    /// What a program sent; nothing if it says nothing.
    pub fn parse(text: &str) -> Option<Self> {
        Self::of_host(text.trim()).or_else(|| {
            let text = name(text::visible(text).to_lowercase());
            (!text.is_empty()).then_some(Self { text, is_local: false })
        })
    }

    /// The host of what is an address of a site, or looks like a host.
    fn of_host(text: &str) -> Option<Self> {
        if let Ok(address) = text.trim_matches(['[', ']']).parse::<Ipv6Addr>() {
            return Some(Self::of(&Host::Ipv6(address)));
        }
        let is_address = text.contains("://");
        let url = if is_address { text.to_owned() } else { format!("http://{text}") };
        let url = Url::parse(&url).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        let domain = Self::of(&url.host()?);
        let fits = !domain.text.is_empty() && domain.text.len() <= LONGEST;
        (fits && (is_address || looks_like_host(text))).then_some(domain)
    }

    fn of(host: &Host<&str>) -> Self {
        let text = host.to_string().trim_end_matches('.').to_owned();
        Self { is_local: is_local(host, &text), text }
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

/// What is kept of a name. A long one is told from others by its hash, which stands in front, behind a sign that
/// begins no host, so that it reads back to itself.
fn name(text: String) -> String {
    if text.chars().count() <= LONGEST {
        return text;
    }
    let hash = HEXLOWER.encode(&Sha256::digest(text.as_bytes())[..16]);
    let beginning: String = text.chars().take(LONGEST - hash.len() - 2).collect();
    format!("#{hash} {}", beginning.trim_end())
}

/// Whether what stands before a port or a path has a dot, or is the name of the machine itself.
fn looks_like_host(text: &str) -> bool {
    let host = text.split(['/', '?', '#']).next().unwrap_or_default();
    if host.starts_with('[') {
        return true;
    }
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    host.chars().all(fits) && (host.contains('.') || host.eq_ignore_ascii_case("localhost"))
}

fn is_local(host: &Host<&str>, text: &str) -> bool {
    let mapped = |address: Ipv6Addr| address.to_canonical().is_loopback();
    match host {
        Host::Domain(_) => text == "localhost" || text.ends_with(".localhost"),
        Host::Ipv4(address) => IpAddr::from(*address).is_loopback(),
        Host::Ipv6(address) => mapped(*address),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_stored_reads_back_to_itself(
            text in prop_oneof!["\\PC{0,40}", "\\PC{240,300}", "(http://)?[a-z.ö/ ]{250,300}"],
        ) {
            if let Some(domain) = ActivationDomain::parse(&text) {
                prop_assert_eq!(ActivationDomain::parse(domain.as_str()), Some(domain));
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
        for (text, stored) in [
            ("möbel.example", "xn--mbel-5qa.example"),
            ("my_site.test", "my_site.test"),
            ("http://intranet/", "intranet"),
            ("2001:DB8::1", "[2001:db8::1]"),
            ("http://[2001:db8::1]:8080/", "[2001:db8::1]"),
        ] {
            assert_eq!(ActivationDomain::parse(text).unwrap().as_str(), stored, "{text}");
        }
    }

    #[test]
    fn what_looks_like_no_host_is_a_name_of_its_own() {
        for text in [
            "pc#1",
            "pc#2",
            "lab/pc1",
            "lab/pc2",
            "0",
            "2134567890",
            "ada’s laptop",
            "~^(.+)$",
            "a@b.c",
        ] {
            let domain = ActivationDomain::parse(text).unwrap();
            assert_eq!((domain.as_str(), domain.is_local()), (text, false));
        }
        assert_eq!(
            ActivationDomain::parse(" Ada’s\u{200b}  Laptop ").unwrap().as_str(),
            "ada’s laptop"
        );
        let long = |end: &str| ActivationDomain::parse(&("x".repeat(1_000) + end)).unwrap();
        assert_eq!(long("").as_str().len(), LONGEST);
        assert_ne!(long("1"), long("2"), "names that differ at their ends are two");
        assert_eq!(long("A"), long("a "));
        for nothing in ["", "  ", "\u{200b}"] {
            assert_eq!(ActivationDomain::parse(nothing), None);
        }
    }

    #[test]
    fn only_the_machine_itself_is_local() {
        let local = |text: &str| ActivationDomain::parse(text).unwrap().is_local();
        for text in [
            "localhost",
            "LOCALHOST:3000",
            "localhost/blog",
            "http://app.localhost/",
            "app.localhost.",
            "127.0.0.1",
            "127.9.9.9:80",
            "::1",
            "[::1]",
            "::ffff:127.0.0.1",
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
}
