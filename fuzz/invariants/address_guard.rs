//! What must hold of every address a callback could lead to.
//!
//! Called by the fuzzer and, for each file of the corpus, by `tests/it/fuzz_corpus.rs`. A panic is the
//! finding. What is refused is written here a second time, in another way (bits, not networks), after
//! the IANA special-purpose address registries.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::LazyLock,
};

use appgrant::{domain::callback_url::CallbackUrl, outbound::AddressGuard};
use url::{Host, Url};

static CLOSED: LazyLock<AddressGuard> = LazyLock::new(|| AddressGuard::new(Vec::new()));

/// Four or sixteen bytes are an address; and any text is a host in a URL.
pub fn hold(bytes: &[u8]) {
    if let Ok(octets) = <[u8; 4]>::try_from(bytes) {
        decided_rightly(IpAddr::from(octets));
    }
    if let Ok(octets) = <[u8; 16]>::try_from(bytes) {
        decided_rightly(IpAddr::from(octets));
    }
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(url) = Url::parse(&format!("https://{text}/")) {
        host_decided_rightly(&url);
    }
    if let Ok(url) = CallbackUrl::read(&format!("https://{text}/")) {
        host_decided_rightly(&url.target());
    }
    if let Ok(address) = text.parse() {
        decided_rightly(address);
    }
}

fn host_decided_rightly(url: &Url) {
    match url.host() {
        Some(Host::Ipv4(address)) => decided_rightly(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => decided_rightly(IpAddr::V6(address)),
        // An address spelled so that only a resolver sees it would go past the check of addresses.
        Some(Host::Domain(name)) => assert!(!is_number(name), "{name}"),
        None => {}
    }
}

/// Whether C libraries would read the name as an IPv4 address: its last label is a number.
fn is_number(name: &str) -> bool {
    let last = name.strip_suffix('.').unwrap_or(name).rsplit('.').next().unwrap_or_default();
    let hex = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    match hex {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

fn decided_rightly(address: IpAddr) {
    let passes = CLOSED.check(address).is_ok();
    let public = match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    };
    assert_eq!(passes, public, "{address}");
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let bits = u32::from(address);
    let first = bits >> 24;
    let whole = matches!(first, 0 | 10 | 127 | 224..);
    let shared = bits >> 22 == (100 << 2 | 0b01);
    let private = bits >> 20 == (172 << 4 | 0b0001);
    let benchmarking = bits >> 17 == (198 << 7 | 18 >> 1);
    let two = matches!(bits >> 16, 0xa9fe | 0xc0a8);
    // 192.0.0, 192.0.2, 192.31.196, 192.52.193, 192.88.99, 192.175.48; 198.51.100, 203.0.113
    let three = matches!(
        bits >> 8,
        0xc0_0000
            | 0xc0_0002
            | 0xc0_1fc4
            | 0xc0_34c1
            | 0xc0_5863
            | 0xc0_af30
            | 0xc6_3364
            | 0xcb_0071
    );
    let platform = bits == 0xa83f_8110; // 168.63.129.16
    !(platform || whole || shared || private || benchmarking || two || three)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let bits = u128::from(address);
    let global = bits >> 125 == 0b001;
    let protocol_assignments = bits >> 105 == 0x2001_0000 >> 9;
    let documentation = bits >> 96 == 0x2001_0db8 || bits >> 108 == 0x3fff0;
    let six_to_four = bits >> 112 == 0x2002;
    let as112 = bits >> 80 == 0x2620_004f_8000;
    global && !(protocol_assignments || documentation || six_to_four || as112)
}
