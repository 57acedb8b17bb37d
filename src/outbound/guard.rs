//! Which addresses a callback may reach: public ones, and the networks the operator opened.
//!
//! A name counts as refused if any of its addresses is. A name for the inside of a network may lead
//! into networks that the operator opened, and nowhere else. What is opened opens exactly itself: an
//! IPv4 network does not open the IPv6 addresses that carry it.

use std::net::IpAddr;

use ipnet::IpNet;

use super::ranges::{GLOBAL_V6, REFUSED_V4, REFUSED_V6, is_inside_name};

/// Decides about addresses. Cheap to clone.
#[derive(Clone, Debug)]
pub struct AddressGuard {
    allowed: Vec<IpNet>,
    refused: Vec<IpNet>,
    global_v6: IpNet,
}

/// What must not be connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// An address.
    #[error("{0} is inside a private or reserved network")]
    Address(IpAddr),
    /// A name for the inside of a machine or network.
    #[error("the name is one for the inside of a machine or network")]
    Name,
}

impl AddressGuard {
    /// A guard that opens exactly the networks in `allowed`.
    pub fn new(allowed: Vec<IpNet>) -> Self {
        let net = |text: &&str| text.parse::<IpNet>().expect("the tables hold networks");
        let refused = REFUSED_V4.iter().chain(REFUSED_V6).map(net).collect();
        Self { allowed, refused, global_v6: net(&GLOBAL_V6) }
    }

    /// Passes an address that may be connected to.
    ///
    /// # Errors
    /// The address, if it may not.
    pub fn check(&self, address: IpAddr) -> Result<(), Refused> {
        let passes = self.is_allowed(address) || self.is_public(address);
        if passes { Ok(()) } else { Err(Refused::Address(address)) }
    }

    /// Passes a name with all its addresses.
    ///
    /// # Errors
    /// The name, if it is one for the inside and leads anywhere but into opened networks; else the first
    /// address that may not be connected to.
    pub fn check_name(&self, name: &str, addresses: &[IpAddr]) -> Result<(), Refused> {
        if is_inside_name(name) && !addresses.iter().all(|address| self.is_allowed(*address)) {
            return Err(Refused::Name);
        }
        addresses.iter().try_for_each(|address| self.check(*address))
    }

    /// Whether a name is refused wherever it leads, so that nobody need be asked.
    pub fn refuses_name(&self, name: &str) -> bool {
        is_inside_name(name) && self.allowed.is_empty()
    }

    fn is_allowed(&self, address: IpAddr) -> bool {
        self.allowed.iter().any(|net| net.contains(&address))
    }

    fn is_public(&self, address: IpAddr) -> bool {
        let global = address.is_ipv4() || self.global_v6.contains(&address);
        global && !self.refused.iter().any(|net| net.contains(&address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_allowed_network_opens_exactly_itself() {
        let allowed = ["10.1.0.0/16", "::1/128"].map(|net| net.parse().unwrap());
        let guard = AddressGuard::new(allowed.into());
        for (address, passes) in [
            ("10.0.255.255", false),
            ("10.1.0.0", true),
            ("10.1.255.255", true),
            ("10.2.0.0", false),
            ("::ffff:10.1.0.1", false),
            ("64:ff9b::a01:1", false),
            ("2002:a01:1::", false),
            ("::1", true),
            ("::2", false),
            ("8.8.8.8", true),
        ] {
            assert_eq!(guard.check(ip(address)).is_ok(), passes, "{address}");
        }
    }

    #[test]
    fn a_name_for_the_inside_leads_into_opened_networks_only() {
        let closed = AddressGuard::new(vec![]);
        let open = AddressGuard::new(vec!["10.1.0.0/16".parse().unwrap()]);
        for name in ["localhost", "LOCALHOST.", "a.localhost", "x.y.internal", "printer.local"] {
            assert!(closed.refuses_name(name) && !open.refuses_name(name), "{name}");
            assert_eq!(closed.check_name(name, &[ip("8.8.8.8")]), Err(Refused::Name), "{name}");
            assert_eq!(open.check_name(name, &[ip("8.8.8.8")]), Err(Refused::Name), "{name}");
            assert_eq!(open.check_name(name, &[ip("10.1.0.1")]), Ok(()), "{name}");
        }
        for name in ["localhost.com", "mylocalhost", "internal.example", "alocal", "local.host"] {
            assert_eq!(closed.check_name(name, &[ip("8.8.8.8")]), Ok(()), "{name}");
        }
    }

    #[test]
    fn one_private_address_refuses_the_whole_name() {
        let guard = AddressGuard::new(vec![]);
        let addresses = [ip("8.8.8.8"), ip("10.0.0.1"), ip("1.1.1.1")];
        let refused = Err(Refused::Address(ip("10.0.0.1")));
        assert_eq!(guard.check_name("app.example", &addresses), refused);
    }
}
