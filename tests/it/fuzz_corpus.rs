//! Replays what the fuzzer keeps (`fuzz/corpus`): no input that was once interesting goes wrong again.

use std::{fs, path::Path};

#[path = "../../fuzz/invariants/address_guard.rs"]
mod address_guard;
#[path = "../../fuzz/invariants/authorize_url.rs"]
mod authorize_url;
#[path = "../../fuzz/invariants/credential.rs"]
mod credential;
#[path = "../../fuzz/invariants/oauth_header.rs"]
mod oauth_header;
#[path = "../../fuzz/invariants/php_query.rs"]
mod php_query;

/// Hands each file of that corpus to the invariants; gives how many there are.
fn replay(corpus: &str, hold: fn(&[u8])) -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(corpus);
    let files: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    for file in &files {
        println!("{}", file.display()); // shown if it fails: the input to look at
        hold(&fs::read(file).unwrap());
    }
    files.len()
}

#[test]
fn authorize_urls_keep_their_promises() {
    assert!(replay("authorize_url", authorize_url::hold) > 100);
}

#[test]
fn the_address_guard_agrees_with_the_registries() {
    assert!(replay("address_guard", address_guard::hold) > 20);
}

#[test]
fn credentials_are_read_in_one_way() {
    assert!(replay("credential", credential::hold) > 100);
}

#[test]
fn what_decides_in_a_query_is_where_php_finds_it() {
    assert!(replay("php_query", php_query::hold) > 100);
}

#[test]
fn who_signs_the_base_string_is_believed_and_nobody_else() {
    assert!(replay("oauth_header", oauth_header::hold) > 100);
}

/// Not only where a fuzzer happened to look: the addresses on both sides of every byte's borders.
#[test]
fn every_border_of_ipv4_is_decided_rightly() {
    for high in 0..=u16::MAX {
        for low in [0x0000u16, 0x00ff, 0x0100, 0x01ff, 0x0200, 0x02ff, 0x7fff, 0x8000, 0xffff] {
            let [a, b] = high.to_be_bytes();
            let [c, d] = low.to_be_bytes();
            address_guard::hold(&[a, b, c, d]);
        }
    }
}
