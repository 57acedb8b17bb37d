//! What must hold of every credential a request presents, whatever query and header it is made of.
//!
//! The bytes are a query, a line end, and an `Authorization` header. Called by the fuzzer and, for each
//! file of the corpus, by `tests/it/fuzz_corpus.rs`. A panic is the finding.

use appgrant::domain::{
    api_query::ApiQuery,
    api_request::Authorization,
    presented::{Presented, Room},
    query_names::Named,
};

/// The longest half that is looked at, in bytes.
const LONGEST: usize = 128;

/// Reads the bytes as a request's credential.
pub fn hold(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let (query, header) = text.split_once('\n').unwrap_or((text, ""));
    let query = ApiQuery::read(query);
    let with_header = pair(&query, Authorization::One(header));
    let without = pair(&query, Authorization::Absent);
    let unclear = [&query.consumer_key, &query.consumer_secret].contains(&&Named::Unclear);
    assert_eq!((with_header.is_none(), without.is_none()), (unclear, unclear), "two ways to read");
    assert!(pair(&query, Authorization::Unclear).is_none(), "two headers");
    let (Some(with_header), Some(without)) = (with_header, without) else { return };
    for (key, secret) in with_header.iter().chain(&without) {
        assert!((1..=LONGEST).contains(&key.len()), "{key:?}");
        assert!((1..=LONGEST).contains(&secret.len()));
    }
    let query_pair = query.consumer_key.filled().and(query.consumer_secret.filled());
    if query_pair.is_some() {
        assert_eq!(with_header, without, "the query comes before the header");
    } else {
        assert_eq!(without, None, "half a pair is none");
        assert_eq!(with_header, basic(header).and_then(plain), "a second way to read it");
    }
}

/// What is presented; nothing if it can be read in two ways.
fn pair(
    query: &ApiQuery<'_>,
    authorization: Authorization<'_>,
) -> Option<Option<(String, String)>> {
    let mut room = Room::default();
    let presented = Presented::read(query, authorization, &mut room).ok()?;
    Some(presented.map(|pair| (pair.key.into_owned(), pair.secret.to_owned())))
}

/// RFC 7617 once more, bit by bit: the pair of a `Basic` header.
fn basic(header: &str) -> Option<(String, String)> {
    let header = header.trim();
    let space = header.find(' ')?;
    if !header[..space].eq_ignore_ascii_case("basic") {
        return None;
    }
    let token = header[space..].trim().trim_end_matches('=');
    let mut bits = Vec::new();
    for byte in token.bytes() {
        let sextet = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits.extend((0..6).rev().map(|place| sextet >> place & 1));
    }
    let whole = bits.len() / 8 * 8;
    if token.len() > 2 * LONGEST || bits.len() - whole >= 6 || bits[whole..].contains(&1) {
        return None; // a stray character, or bits that mean nothing
    }
    let bytes = bits[..whole].chunks(8).map(|byte| byte.iter().fold(0, |sum, bit| sum << 1 | bit));
    let text = String::from_utf8(bytes.collect()).ok()?;
    let (key, secret) = text.split_once(':')?;
    Some((key.to_owned(), secret.to_owned()))
}

/// The pair as it is presented: a cleaned key, both of some length, neither too long.
fn plain((key, secret): (String, String)) -> Option<(String, String)> {
    let is_word = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let cleaned =
        if is_word || key.len() > LONGEST { key } else { appgrant::domain::text::cleaned(&key) };
    let fits = |text: &str| (1..=LONGEST).contains(&text.len());
    (fits(&cleaned) && fits(&secret)).then_some((cleaned, secret))
}
