//! What a key's requests and tokens are bound to, beside its permissions: an environment, a life of its
//! tokens, and the domains and networks that it may be used from (docs/oauth2.md).
//!
//! A domain is what a browser says (`Origin`, else `Referer`) or what a header of the operator's choice
//! says: a program can write anything there, so it keeps a key out of other people's pages and no more.
//! A network is what the proxy saw, and holds.

use std::{fmt, net::IpAddr};

use ipnet::IpNet;
use url::{Host, Url};

use super::token_life::TokenLife;

/// How many domains, or networks, a key may name.
const MOST: usize = 50;

/// The longest name of a domain, in characters (RFC 1035 §2.3.4).
const LONGEST: usize = 253;

/// What a key is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Environment {
    /// The store's business.
    #[default]
    Production,
    /// Trying things out.
    Sandbox,
}

impl Environment {
    /// The word for machines, which the store is told with each request.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Sandbox => "sandbox",
        }
    }

    /// The environment of that word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Production, Self::Sandbox].into_iter().find(|known| known.as_str() == text)
    }
}

/// The domains that a key may be used from; none named are all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedDomains(Vec<String>);

impl AllowedDomains {
    /// Reads names between commas, spaces or line ends: `shop.example` is that host, `*.shop.example`
    /// each below it. Nothing at all and `ALL` are any.
    ///
    /// # Errors
    /// What is no name, or that there are too many.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let named = pieces(text)?;
        if named.iter().any(|name| name.eq_ignore_ascii_case("all")) {
            return Ok(Self::default());
        }
        named.iter().map(|name| domain(name)).collect::<Result<_, _>>().map(Self)
    }

    /// Whether any host may be said.
    pub fn is_any(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether that host is among them.
    pub fn holds(&self, host: &str) -> bool {
        let below = |name: &str, parent: &str| {
            name.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.') && rest.len() > 1)
        };
        self.is_any()
            || self.0.iter().any(|name| match name.strip_prefix("*.") {
                Some(parent) => below(host, parent),
                None => name == host,
            })
    }

    /// The names, as they are kept.
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// Whether everything these let pass is let pass by `other` too.
    pub fn is_within(&self, other: &Self) -> bool {
        let covered = |name: &String| {
            let host = name.strip_prefix("*.");
            other.0.contains(name)
                || other.holds(host.map_or(name, |parent| parent)) && host.is_none()
                || host.is_some_and(|parent| other.covers_below(parent))
        };
        other.is_any() || !self.is_any() && self.0.iter().all(covered)
    }

    /// Whether each host below `parent` is let pass.
    fn covers_below(&self, parent: &str) -> bool {
        self.0.iter().filter_map(|name| name.strip_prefix("*.")).any(|wide| {
            parent == wide || parent.strip_suffix(wide).is_some_and(|rest| rest.ends_with('.'))
        })
    }
}

impl fmt::Display for AllowedDomains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(", "))
    }
}

/// The networks that a key may be used from; none named are all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedNetworks(Vec<IpNet>);

impl AllowedNetworks {
    /// Reads networks (`192.0.2.0/24`) and addresses between commas, spaces or line ends.
    ///
    /// # Errors
    /// What is no network, or that there are too many.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let network = |text: &&str| {
            let address = || text.parse::<IpAddr>().ok().map(IpNet::from);
            let network = text.parse::<IpNet>().ok().or_else(address);
            let network = network.map(|network| network.trunc());
            network.ok_or_else(|| RuleError::Network(shortened(text)))
        };
        pieces(text)?.iter().map(network).collect::<Result<_, _>>().map(Self)
    }

    /// Whether any address may be the client's.
    pub fn is_any(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether that address is in one of them.
    pub fn holds(&self, client: IpAddr) -> bool {
        self.is_any() || self.0.iter().any(|network| network.contains(&client.to_canonical()))
    }

    /// The networks, as they are kept.
    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(ToString::to_string).collect()
    }

    /// Whether everything these let pass is let pass by `other` too.
    pub fn is_within(&self, other: &Self) -> bool {
        let covered = |network: &IpNet| other.0.iter().any(|wide| wide.contains(network));
        other.is_any() || !self.is_any() && self.0.iter().all(covered)
    }
}

impl fmt::Display for AllowedNetworks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&texts.join(", "))
    }
}

/// What a key is bound to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyRules {
    /// What it is for.
    pub environment: Environment,
    /// How long its tokens live, if not as the store is set.
    pub token_life: Option<TokenLife>,
    /// Where its pages are.
    pub domains: AllowedDomains,
    /// Where its programs are.
    pub networks: AllowedNetworks,
    /// The number of the newest token that was ended together with all before it.
    pub tokens_over: i64,
}

impl KeyRules {
    /// Whether a request that says so and comes from there may pass.
    ///
    /// # Errors
    /// Which rule it breaks.
    pub fn admit(&self, domain: Option<&str>, client: IpAddr) -> Result<(), NotAdmitted> {
        if !self.networks.holds(client) {
            return Err(NotAdmitted::Network);
        }
        if self.domains.is_any() || domain.is_some_and(|host| self.domains.holds(host)) {
            return Ok(());
        }
        Err(NotAdmitted::Domain)
    }

    /// Whether every request may pass, from wherever.
    pub fn admits_all(&self) -> bool {
        self.domains.is_any() && self.networks.is_any()
    }
}

/// Which rule a request breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAdmitted {
    /// It comes from another network.
    Network,
    /// It says another domain, or none.
    Domain,
}

impl NotAdmitted {
    /// What to do about it, in a sentence.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Network => {
                "The store lists the networks this key may be used from. Ask it to add yours."
            }
            Self::Domain => {
                "The store lists the domains this key may be used from. They are compared with the host \
                 of Origin, else of Referer, else with the header that the store names."
            }
        }
    }
}

/// What cannot be a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// A name that is none.
    #[error("“{0}” is no domain; write shop.example, or *.shop.example for each below it")]
    Domain(String),
    /// A network that is none.
    #[error("“{0}” is no network; write 192.0.2.0/24 or an address")]
    Network(String),
    /// Too many of them.
    #[error("a key can name at most {MOST}")]
    TooMany,
}

/// The host that a header's value names: that of a URL, or the value itself. In lower case, without port.
pub fn host_said(value: &str) -> Option<String> {
    let value = value.trim();
    match Url::parse(value) {
        Ok(url) if url.has_host() => url.host_str().map(str::to_owned),
        _ => Url::parse(&format!("https://{value}/")).ok()?.host_str().map(str::to_owned),
    }
}

fn pieces(text: &str) -> Result<Vec<&str>, RuleError> {
    let separators = |c: char| c == ',' || c.is_whitespace();
    let pieces = text.split(separators).filter(|piece| !piece.is_empty());
    let pieces: Vec<&str> = pieces.take(MOST + 1).collect();
    if pieces.len() > MOST { Err(RuleError::TooMany) } else { Ok(pieces) }
}

/// A host's name as `url` writes it, so that what is compared has one form.
fn domain(text: &str) -> Result<String, RuleError> {
    let wrong = || RuleError::Domain(shortened(text));
    let (wide, name) = match text.strip_prefix("*.") {
        Some(name) => ("*.", name),
        None => ("", text),
    };
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '[' | ']' | ':');
    let host = Host::parse(name).map_err(|_| wrong())?;
    let written = host.to_string();
    let is_whole = !written.split('.').any(str::is_empty);
    let fits = name.chars().all(plain) && written.len() <= LONGEST && is_whole;
    let is_wide_name = wide.is_empty() || matches!(host, Host::Domain(_));
    if fits && is_wide_name { Ok(format!("{wide}{written}")) } else { Err(wrong()) }
}

fn shortened(text: &str) -> String {
    super::text::shortened(&super::text::visible(text), 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domains(text: &str) -> AllowedDomains {
        AllowedDomains::parse(text).unwrap()
    }

    fn networks(text: &str) -> AllowedNetworks {
        AllowedNetworks::parse(text).unwrap()
    }

    #[test]
    fn domains_are_hosts_or_everything_below_one() {
        let list = domains("shop.example, *.Möbel.example\n127.0.0.1");
        assert_eq!(list.to_string(), "shop.example, *.xn--mbel-5qa.example, 127.0.0.1");
        assert_eq!(domains(&list.to_string()), list);
        for (host, holds) in [
            ("shop.example", true),
            ("www.shop.example", false),
            ("a.xn--mbel-5qa.example", true),
            ("a.b.xn--mbel-5qa.example", true),
            ("xn--mbel-5qa.example", false),
            ("evilxn--mbel-5qa.example", false),
            (".xn--mbel-5qa.example", false),
            ("127.0.0.1", true),
            ("", false),
        ] {
            assert_eq!(list.holds(host), holds, "{host}");
        }
        assert!(
            domains("").is_any() && domains("all").holds("anything") && domains(" , ").is_any()
        );
    }

    #[test]
    fn what_is_no_domain_is_named() {
        for wrong in [
            "a b/c",
            "https://shop.example",
            "shop.example:8080",
            "*",
            "*.",
            "a*.b",
            "<x>",
            "a..b",
            ".a",
        ] {
            let named = AllowedDomains::parse(wrong);
            assert!(matches!(named, Err(RuleError::Domain(_))), "{wrong}: {named:?}");
        }
        let many = "a.example ".repeat(MOST + 1);
        assert_eq!(AllowedDomains::parse(&many), Err(RuleError::TooMany));
        assert!(AllowedDomains::parse(&"a".repeat(300)).is_err());
    }

    #[test]
    fn networks_are_ranges_or_single_addresses() {
        let list = networks("192.0.2.7/24 2001:db8::1");
        assert_eq!(list.to_string(), "192.0.2.0/24, 2001:db8::1/128");
        for (address, holds) in [
            ("192.0.2.200", true),
            ("::ffff:192.0.2.1", true),
            ("192.0.3.1", false),
            ("2001:db8::1", true),
            ("2001:db8::2", false),
        ] {
            assert_eq!(list.holds(address.parse().unwrap()), holds, "{address}");
        }
        assert_eq!(
            AllowedNetworks::parse("10.0.0.0/33"),
            Err(RuleError::Network("10.0.0.0/33".into()))
        );
        assert!(networks("").holds("8.8.8.8".parse().unwrap()));
    }

    #[test]
    fn narrower_is_within_wider() {
        for (inner, outer, within) in [
            ("a.example", "", true),
            ("", "a.example", false),
            ("", "", true),
            ("a.example", "a.example, b.example", true),
            ("a.b.example", "*.b.example", true),
            ("*.a.b.example", "*.b.example", true),
            ("*.b.example", "*.b.example", true),
            ("*.b.example", "*.a.b.example", false),
            ("b.example", "*.b.example", false),
            ("*.b.example", "b.example", false),
        ] {
            assert_eq!(domains(inner).is_within(&domains(outer)), within, "{inner} in {outer}");
        }
        assert!(networks("10.1.0.0/16").is_within(&networks("10.0.0.0/8")));
        assert!(!networks("10.0.0.0/8").is_within(&networks("10.1.0.0/16")));
        assert!(!networks("").is_within(&networks("10.1.0.0/16")));
    }

    #[test]
    fn a_request_says_where_it_comes_from() {
        let rules = KeyRules {
            domains: domains("shop.example"),
            networks: networks("192.0.2.0/24"),
            ..KeyRules::default()
        };
        let inside: IpAddr = "192.0.2.1".parse().unwrap();
        assert_eq!(rules.admit(Some("shop.example"), inside), Ok(()));
        assert_eq!(rules.admit(None, inside), Err(NotAdmitted::Domain));
        assert_eq!(rules.admit(Some("evil.example"), inside), Err(NotAdmitted::Domain));
        let outside: IpAddr = "198.51.100.1".parse().unwrap();
        assert_eq!(rules.admit(Some("shop.example"), outside), Err(NotAdmitted::Network));
        assert!(KeyRules::default().admits_all() && !rules.admits_all());
    }

    #[test]
    fn a_header_names_a_host() {
        for (value, host) in [
            ("https://Shop.example:8443", Some("shop.example")),
            ("https://shop.example/a?b#c", Some("shop.example")),
            (" shop.example ", Some("shop.example")),
            ("shop.example:80", Some("shop.example")),
            ("null", Some("null")),
            ("", None),
            ("a b", None),
        ] {
            assert_eq!(host_said(value).as_deref(), host, "{value}");
        }
    }
}
