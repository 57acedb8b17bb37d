//! Properties of the base string, and of reading anything at all.
//!
//! Why so: the expected text is built from what a client means to send, by another way than the code
//! under test goes. Never: it uses neither that code's tree nor its encoding to say what is right.

use std::{collections::BTreeMap, fmt::Write};

use fastrand::Rng;
use proptest::{collection::btree_map, prelude::*};

use super::*;

const URL: &str = "https://shop.test:8443/wp-json/wc/v3/orders";

/// What a client means by one name.
#[derive(Clone, Debug)]
enum Meant {
    Text(String),
    Items(Vec<String>),
    Keyed(BTreeMap<String, String>),
}

fn meant() -> impl Strategy<Value = Meant> {
    prop_oneof![
        any::<String>().prop_map(Meant::Text),
        prop::collection::vec(".{0,4}", 1..14).prop_map(Meant::Items),
        btree_map("[a-z0-9é~+&=]{1,4}", ".{0,4}", 1..4).prop_map(Meant::Keyed),
    ]
}

/// Unordered parameters with those that make a request signed.
fn request() -> impl Strategy<Value = BTreeMap<String, Meant>> {
    let token = "[1-9a-zA-Z+/ é~]{1,12}";
    let names = "[a-zA-Z0-9é😀~+&=%_-]{1,5}";
    (btree_map(names, meant(), 0..6), token, token, any::<bool>()).prop_map(
        |(mut all, key, nonce, empty_token)| {
            for (name, text) in [
                ("oauth_consumer_key", key.as_str()),
                ("oauth_nonce", nonce.as_str()),
                ("oauth_signature_method", "HMAC-SHA256"),
                ("oauth_timestamp", "1700000000.5"),
            ] {
                all.insert(name.into(), Meant::Text(text.into()));
            }
            if empty_token {
                all.insert("oauth_token".into(), Meant::Text(String::new()));
            }
            all
        },
    )
}

/// Encodes some of the bytes that need not be, in either case; a space is also a `+`.
fn randomly_encoded(text: &str, random: &mut Rng) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b' ' if random.bool() => out.push('+'),
            _ if is_plain(byte) && random.u8(..4) > 0 => out.push(byte.into()),
            _ if random.bool() => write!(out, "%{byte:02x}").expect("a string takes all"),
            _ => write!(out, "%{byte:02X}").expect("a string takes all"),
        }
    }
    out
}

fn bracketed(name: &str, index: &str, random: &mut Rng) -> String {
    let (open, close) = if random.bool() { ("[", "]") } else { ("%5B", "%5d") };
    let name = randomly_encoded(name, random);
    format!("{name}{open}{}{close}", randomly_encoded(index, random))
}

/// The pairs of one parameter; numbered items can be sent twice, others (`a[]`) only once.
fn sent(name: &str, meant: &Meant, numbered: bool, random: &mut Rng) -> Vec<String> {
    let mut pair = |name, index: Option<&str>, value| {
        let name = match index {
            Some(index) => bracketed(name, index, random),
            None => randomly_encoded(name, random),
        };
        format!("{name}={}", randomly_encoded(value, random))
    };
    match meant {
        Meant::Text(text) => vec![pair(name, None, text)],
        Meant::Items(items) => (0..)
            .zip(items)
            .map(|(at, item): (u32, _)| {
                let index = if numbered { at.to_string() } else { String::new() };
                pair(name, Some(&index), item)
            })
            .collect(),
        Meant::Keyed(items) => items.iter().map(|(key, v)| pair(name, Some(key), v)).collect(),
    }
}

/// A query that means these: names in any order, perhaps all sent twice, or an old value before.
fn query(all: &BTreeMap<String, Meant>, random: &mut Rng) -> String {
    let twice = random.bool();
    let mut pairs = Vec::new();
    for _ in 0..=u8::from(twice) {
        let mut names: Vec<_> = all.iter().collect();
        random.shuffle(&mut names);
        for (name, meant) in names {
            if !twice && random.bool() {
                pairs.push(format!("{}=old", randomly_encoded(name, random)));
            }
            pairs.extend(sent(name, meant, twice, random));
        }
    }
    pairs.insert(random.usize(..=pairs.len()), "oauth_signature=s".into());
    pairs.join("&")
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

fn once(text: &str) -> String {
    let one = |byte| if is_plain(byte) { char::from(byte).into() } else { format!("%{byte:02X}") };
    text.bytes().map(one).collect()
}

/// The parameters as one plain query, encoded as a whole at the end.
fn expected(method: &str, all: &BTreeMap<String, Meant>) -> String {
    let mut text = String::new();
    let mut add = |name: &str, value: &str| {
        let and = if text.is_empty() { "" } else { "&" };
        write!(text, "{and}{}={}", once(name), once(value)).expect("a string takes all");
    };
    for (name, meant) in all {
        match meant {
            Meant::Text(value) => add(name, value),
            Meant::Items(items) => {
                for (at, item) in items.iter().enumerate() {
                    add(&format!("{name}[{at}]"), item);
                }
            }
            Meant::Keyed(items) => {
                for (key, item) in items {
                    add(&format!("{name}[{key}]"), item);
                }
            }
        }
    }
    [method, URL, &text].map(once).join("&")
}

/// Text that resembles a query or a header.
fn soup() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "[",
        "]",
        "&",
        "=",
        "%",
        "+",
        " ",
        ".",
        ",",
        "\"",
        "a",
        "é",
        "0",
        "07",
        "-1",
        "%00",
        "%5B",
        "%ff",
        "9223372036854775807",
        "oauth_",
        "oauth_nonce",
        "oauth_signature",
        "OAuth ",
    ];
    prop::collection::vec(prop::sample::select(PIECES), 0..60).prop_map(|all| all.concat())
}

fn escaped(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("%{byte:02x}")).collect::<Vec<_>>().concat()
}

/// Any bytes: as text, and percent-encoded, so that they are read as they are.
fn anything() -> impl Strategy<Value = String> {
    let bytes = any::<Vec<u8>>();
    prop_oneof![
        bytes.prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        any::<Vec<u8>>().prop_map(|bytes| escaped(&bytes)),
        soup(),
    ]
}

const REST: &str = "oauth_consumer_key=k&oauth_nonce=n&oauth_signature=s\
    &oauth_signature_method=HMAC-SHA1&oauth_timestamp=1";

proptest! {
    #[test]
    fn the_base_string_is_what_the_client_meant(all in request(), seed: u64) {
        let query = query(&all, &mut Rng::with_seed(seed));
        let signed = Signed::read(&query, None).expect("complete").expect("signed");
        prop_assert_eq!(signed.base_string("Put", URL), expected("PUT", &all), "{}", query);
    }

    #[test]
    fn any_query_is_read_without_a_panic(query in anything()) {
        let tree = Array::read(&query);
        prop_assert_eq!(tree, Array::read(&format!("&{query}&&")));
    }

    #[test]
    fn any_request_is_checked_without_a_panic(query in anything(), header in anything()) {
        let _ = Signed::read(&query, Some(&header));
        let header = format!("OAuth {header}");
        let _ = Signed::read(&query, Some(&header));
        // Complete but for what the header takes away again.
        if let Ok(Some(signed)) = Signed::read(&format!("{query}&{REST}"), Some(&header)) {
            let text = signed.base_string("GET", URL);
            prop_assert_eq!(text.matches('&').count(), 2);
            prop_assert!(text.bytes().all(|byte| is_plain(byte) || b"%&".contains(&byte)));
            let _ = signed.check_timestamp(Timestamp::from_millis(0));
            prop_assert!(signed.check_signature("cs_1", "GET", &[URL]).is_err());
        }
    }
}
