//! Networks and names that are no public hosts.
//!
//! The networks are those of the IANA special-purpose address registries (RFC 6890, RFC 8190; read in
//! November 2026), multicast and reserved space. In IPv6 everything outside global unicast is refused,
//! which takes in mapped (`::ffff:0:0/96`), compatible (`::/96`), translated (`64:ff9b::/96`,
//! `64:ff9b:1::/48`), discard-only, segment-routing, unique-local, link-local, site-local and multicast
//! addresses. Addresses that carry an IPv4 address inside (6to4, Teredo, NAT64) are refused whatever
//! they carry.

/// IPv4 that is not a public host.
pub(super) const REFUSED_V4: &[&str] = &[
    "0.0.0.0/8",        // this network (RFC 791)
    "10.0.0.0/8",       // private use (RFC 1918)
    "100.64.0.0/10",    // carrier-grade NAT (RFC 6598)
    "127.0.0.0/8",      // loopback (RFC 1122)
    "168.63.129.16/32", // a cloud's platform services, public in number only
    "169.254.0.0/16",   // link local, cloud metadata (RFC 3927)
    "172.16.0.0/12",    // private use (RFC 1918)
    "192.0.0.0/24",     // protocol assignments (RFC 6890)
    "192.0.2.0/24",     // documentation (RFC 5737)
    "192.31.196.0/24",  // AS112 (RFC 7535)
    "192.52.193.0/24",  // AMT (RFC 7450)
    "192.88.99.0/24",   // 6to4 relays, deprecated (RFC 7526)
    "192.168.0.0/16",   // private use (RFC 1918)
    "192.175.48.0/24",  // AS112 (RFC 7534)
    "198.18.0.0/15",    // benchmarking (RFC 2544)
    "198.51.100.0/24",  // documentation (RFC 5737)
    "203.0.113.0/24",   // documentation (RFC 5737)
    "224.0.0.0/4",      // multicast (RFC 5771)
    "240.0.0.0/4",      // reserved, limited broadcast (RFC 1112, RFC 919)
];

/// IPv6 global unicast (RFC 4291 §2.4); everything outside is refused.
pub(super) const GLOBAL_V6: &str = "2000::/3";

/// Parts of global unicast that are not public hosts.
pub(super) const REFUSED_V6: &[&str] = &[
    "2001::/23", // protocol assignments: Teredo, benchmarking, ORCHID, AMT, AS112 (RFC 2928)
    "2001:db8::/32", // documentation (RFC 3849)
    "2002::/16", // 6to4 (RFC 3056)
    "2620:4f:8000::/48", // AS112 (RFC 7534)
    "3fff::/20", // documentation (RFC 9637)
];

/// Names, and ends of names, for the inside of a machine or network: RFC 6761, RFC 6762, RFC 7686,
/// RFC 8375, RFC 9476, and ICANN's `internal`.
const INSIDE: &[&str] =
    &["localhost", "local", "internal", "home.arpa", "test", "invalid", "onion", "alt"];

/// Whether a name is one for the inside. Case and one trailing dot do not matter.
pub(super) fn is_inside_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    INSIDE.iter().any(|inside| {
        name.strip_suffix(inside).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}
