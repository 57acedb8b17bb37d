//! The address guard by a table: each network at its edges, and every spelling a URL allows.
//!
//! Each line is judged as an app's `callback_url` is: read, parsed, vetted.

use std::{collections::BTreeSet, net::Ipv4Addr};

use appgrant::{domain::callback_url::CallbackUrl, outbound::AddressGuard};
use url::Host;

const TABLE: &str = include_str!("addresses.txt");

fn verdict(guard: &AddressGuard, host: &str) -> &'static str {
    let Ok(url) = CallbackUrl::read(&format!("https://{host}/callback")) else {
        return "no-url";
    };
    let address = match url.target().host().map(|host| host.to_owned()) {
        Some(Host::Domain(name)) if guard.refuses_name(&name) => return "inside",
        Some(Host::Domain(_)) => return "name",
        Some(Host::Ipv4(address)) => address.into(),
        Some(Host::Ipv6(address)) => address.into(),
        None => return "no-url",
    };
    if guard.check(address).is_ok() { "public" } else { "private" }
}

#[test]
fn each_address_and_spelling_is_judged_as_the_table_says() {
    let guard = AddressGuard::new(vec![]);
    let lines = TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let (mut seen, mut wrong) = (BTreeSet::new(), Vec::new());
    for line in lines {
        let (expected, host) = line.split_once(' ').unwrap();
        let host = host.trim_start();
        seen.insert(host);
        let found = verdict(&guard, host);
        if found != expected {
            wrong.push(format!("{host}: {found}, but the table says {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen.len() >= 400, "{} different hosts", seen.len());
}

/// What is opened is open, and nothing beside it: the table again, with a network opened.
#[test]
fn opening_a_network_opens_nothing_else() {
    let open = AddressGuard::new(vec!["10.0.0.0/8".parse().unwrap()]);
    let closed = AddressGuard::new(vec![]);
    let mut opened = BTreeSet::new();
    for line in TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let host = line.split_once(' ').unwrap().1.trim_start();
        let (before, after) = (verdict(&closed, host), verdict(&open, host));
        match (before, after) {
            ("private", "public") => _ = opened.insert(host),
            ("inside", "name") => {
                // Looked up, and held to the opened networks.
                let url = CallbackUrl::read(&format!("https://{host}/callback")).unwrap().target();
                let name = url.host_str().unwrap();
                assert!(open.check_name(name, &[Ipv4Addr::new(8, 8, 8, 8).into()]).is_err());
                assert!(open.check_name(name, &[Ipv4Addr::new(10, 8, 8, 8).into()]).is_ok());
            }
            _ => assert_eq!(before, after, "{host}"),
        }
    }
    let expected = BTreeSet::from([
        "10.0.0.0",
        "10.128.0.0",
        "10.255.255.255",
        "10.1",
        "10.65535",
        "167772161",
        "0xa000001",
        "0xA.1",
        "012.1",
        "012.0x0.0.1",
    ]);
    assert_eq!(opened, expected);
}
