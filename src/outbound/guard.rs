//! Which addresses a callback may reach: public ones, and the networks the operator opened.
//!
//! Refused is everything the IANA special-purpose registries list (RFC 6890, RFC 8190), multicast and
//! reserved space, and IPv6 outside global unicast, which takes in mapped, translated, link-local and
//! unique-local addresses. A name counts as refused if any of its addresses is.

use std::net::IpAddr;

use ipnet::IpNet;

/// IPv4 that is not a public host.
const REFUSED_V4: &[&str] = &[
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
];

/// IPv6 global unicast; everything outside is refused.
const GLOBAL_V6: &str = "2000::/3";

/// Parts of global unicast that are not public hosts.
const REFUSED_V6: &[&str] =
    &["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "2620:4f:8000::/48"];

/// Decides about addresses. Cheap to clone.
#[derive(Clone, Debug)]
pub struct AddressGuard {
    allowed: Vec<IpNet>,
    refused: Vec<IpNet>,
    global_v6: IpNet,
}

/// An address that must not be connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is inside a private or reserved network")]
pub struct Refused(pub IpAddr);

impl AddressGuard {
    /// A guard that opens exactly the networks in `allowed`.
    pub fn new(allowed: Vec<IpNet>) -> Self {
        let net = |text: &&str| text.parse::<IpNet>().expect("the tables above hold networks");
        let refused = REFUSED_V4.iter().chain(REFUSED_V6).map(net).collect();
        Self { allowed, refused, global_v6: net(&GLOBAL_V6) }
    }

    /// Passes an address that may be connected to.
    ///
    /// # Errors
    /// The address, if it may not.
    pub fn check(&self, address: IpAddr) -> Result<(), Refused> {
        if self.allowed.iter().any(|net| net.contains(&address)) {
            return Ok(());
        }
        let global = address.is_ipv4() || self.global_v6.contains(&address);
        if global && !self.refused.iter().any(|net| net.contains(&address)) {
            return Ok(());
        }
        Err(Refused(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(guard: &AddressGuard, address: &str) -> bool {
        guard.check(address.parse().unwrap()).is_ok()
    }

    #[test]
    fn each_refused_range_ends_where_it_should() {
        let guard = AddressGuard::new(vec![]);
        for (before, first, last, after) in [
            ("", "0.0.0.0", "0.255.255.255", "1.0.0.0"),
            ("9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"),
            ("100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"),
            ("126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"),
            ("169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"),
            ("172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"),
            ("191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0"),
            ("192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"),
            ("192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0"),
            ("192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"),
            ("198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"),
            ("198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0"),
            ("203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0"),
            ("223.255.255.255", "224.0.0.0", "255.255.255.255", ""),
            ("", "::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2000::"),
            ("2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001::", "2001:1ff:ffff::", "2001:200::"),
            ("2001:db7:ffff::", "2001:db8::", "2001:db8:ffff:ffff::", "2001:db9::"),
            ("2001:ffff::", "2002::", "2002:ffff::", "2003::"),
            ("3ffe:ffff::", "3fff::", "3fff:fff:ffff::", "3fff:1000::"),
            ("3fff:ffff::", "4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ""),
        ] {
            for (address, pass) in [(before, true), (first, false), (last, false), (after, true)] {
                assert!(address.is_empty() || passes(&guard, address) == pass, "{address}");
            }
        }
    }

    #[test]
    fn disguised_addresses_are_refused() {
        let guard = AddressGuard::new(vec![]);
        for address in [
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::a00:1",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd00::1",
            "ff02::1",
            "2002:7f00:1::",
            "2001:0:1::",
            "100::1",
            "5f00::1",
        ] {
            assert!(!passes(&guard, address), "{address}");
        }
        assert!(passes(&guard, "8.8.8.8") && passes(&guard, "2606:4700::1111"));
    }

    #[test]
    fn an_allowed_network_opens_exactly_itself() {
        let guard =
            AddressGuard::new(vec!["10.1.0.0/16".parse().unwrap(), "::1/128".parse().unwrap()]);
        for (address, pass) in [
            ("10.0.255.255", false),
            ("10.1.0.0", true),
            ("10.1.255.255", true),
            ("10.2.0.0", false),
            ("::1", true),
            ("::2", false),
        ] {
            assert_eq!(passes(&guard, address), pass, "{address}");
        }
    }
}
