//! The key and secret that a request presents (wire.md §4.2), read where they stand.
//!
//! Why so: this runs before every request to the store, so nothing is copied that need not be. What
//! had to be decoded lies in a [`Room`] of the caller's, which wipes itself.
//! Never: shown; [`Presented`] has no `Debug`.

use std::borrow::Cow;

use data_encoding::BASE64_NOPAD;
use zeroize::Zeroize;

use super::{
    access_token::ACCESS_PREFIX,
    api_query::ApiQuery,
    api_request::{ApiRequest, Authorization},
    query_names::Named,
    text,
};

/// The longest presented key or secret that is looked at, in bytes.
const LONGEST: usize = 128;

/// The longest Base64 text that is looked at, in bytes.
const LONGEST_BASIC: usize = 2 * LONGEST;

/// What that decodes to, in bytes.
const DECODED: usize = LONGEST_BASIC / 4 * 3;

/// What a request presents.
pub enum Credential<'a> {
    /// Nothing that is whole.
    Nothing,
    /// A key and a secret.
    Pair(Presented<'a>),
    /// What may be an access token: any text.
    Token(&'a str),
}

impl<'a> Credential<'a> {
    /// What a request presents. Of a pair in the query and one in the header WooCommerce takes the one in
    /// the query; a token stands alone.
    ///
    /// # Errors
    /// If it can be read in two ways, or there is something beside a token.
    pub fn read(request: &'a ApiRequest<'_>, room: &'a mut Room) -> Result<Self, Ambiguous> {
        let ApiRequest { query, authorization, token_header, .. } = request;
        let token = match (authorization, token_header) {
            (_, Authorization::Unclear) | (Authorization::One(_), Authorization::One(_)) => {
                return Err(Ambiguous);
            }
            (_, Authorization::One(token)) => Some(token.trim()),
            (Authorization::One(header), Authorization::Absent) => bearer(header),
            (_, Authorization::Absent) => None,
        };
        match token {
            Some(_) if !query.has_no_pair() || *authorization == Authorization::Unclear => {
                Err(Ambiguous)
            }
            Some(token) => Ok(Self::Token(token)),
            None => Presented::read(query, *authorization, room)
                .map(|pair| pair.map_or(Self::Nothing, Self::Pair)),
        }
    }
}

/// The access token of a Bearer header (RFC 6750 §2.1); nothing of one that is not of ours, which may be
/// meant for the store.
pub fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.trim().split_once(' ')?;
    let token = token.trim();
    let is_ours = scheme.eq_ignore_ascii_case("bearer") && token.starts_with(ACCESS_PREFIX);
    is_ours.then_some(token)
}

/// A key and a secret, as a request presents them: any short texts.
pub struct Presented<'a> {
    /// The public half, cleaned.
    pub key: Cow<'a, str>,
    /// The secret half, as it came. For hashing it, nothing else.
    pub secret: &'a str,
}

/// Where HTTP Basic is decoded; wiped when dropped.
pub struct Room {
    bytes: [u8; DECODED],
    used: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self { bytes: [0; DECODED], used: 0 }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.bytes[..self.used].zeroize();
    }
}

/// The credentials can be read in two ways.
#[derive(Debug, PartialEq, Eq)]
pub struct Ambiguous;

impl<'a> Presented<'a> {
    /// What a request presents: the query pair if both halves are there, else HTTP Basic. Nothing if
    /// neither is complete.
    ///
    /// # Errors
    /// If it can be read in two ways: whoever stands between might have read the other one.
    pub fn read(
        query: &'a ApiQuery<'_>,
        authorization: Authorization<'_>,
        room: &'a mut Room,
    ) -> Result<Option<Self>, Ambiguous> {
        let (key, secret) = (&query.consumer_key, &query.consumer_secret);
        if [key, secret].contains(&&Named::Unclear) || authorization == Authorization::Unclear {
            return Err(Ambiguous);
        }
        if let (Some(key), Some(secret)) = (key.filled(), secret.filled()) {
            return Ok(Self::new(key, secret));
        }
        match authorization {
            Authorization::One(header) => Ok(Self::from_basic(header, room)),
            Authorization::Absent | Authorization::Unclear => Ok(None),
        }
    }

    /// RFC 7617: scheme in any case, Base64 of `key:secret`, split at the first colon.
    fn from_basic(header: &str, room: &'a mut Room) -> Option<Self> {
        let (scheme, token) = header.trim().split_once(' ')?;
        let token = token.trim().trim_end_matches('=').as_bytes();
        if !scheme.eq_ignore_ascii_case("basic") || token.len() > LONGEST_BASIC {
            return None;
        }
        room.used = BASE64_NOPAD.decode_len(token.len()).ok()?;
        let bytes = room.bytes.get_mut(..room.used)?;
        let length = BASE64_NOPAD.decode_mut(token, bytes).ok()?;
        let (key, secret) = str::from_utf8(&bytes[..length]).ok()?.split_once(':')?;
        Self::new(key, secret)
    }

    fn new(key: &'a str, secret: &'a str) -> Option<Self> {
        let fits = |text: &str| (1..=LONGEST).contains(&text.len());
        let key = clean(key);
        (fits(&key) && fits(secret)).then_some(Self { key, secret })
    }
}

/// WooCommerce cleans a key like any text before it looks it up (wire.md §4.2).
fn clean(key: &str) -> Cow<'_, str> {
    let plain = key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if plain || key.len() > LONGEST {
        return Cow::Borrowed(key);
    }
    Cow::Owned(text::cleaned(key))
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;

    use super::*;

    fn presented(query: &str, header: Option<&str>) -> Option<(String, String)> {
        let header = header.map_or(Authorization::Absent, Authorization::One);
        let (query, mut room) = (ApiQuery::read(query), Room::default());
        let found = Presented::read(&query, header, &mut room).unwrap()?;
        Some((found.key.into_owned(), found.secret.to_owned()))
    }

    fn pair(key: &str, secret: &str) -> (String, String) {
        (key.to_owned(), secret.to_owned())
    }

    #[test]
    fn the_query_pair_comes_before_basic() {
        let basic = format!("bAsIc {}", BASE64.encode(b"ck_b:cs:with:colons"));
        let query = "consumer_key=ck_q&consumer_secret=cs_q";
        assert_eq!(presented(query, Some(&basic)), Some(pair("ck_q", "cs_q")));
        assert_eq!(
            presented("consumer_key=ck_q", Some(&basic)),
            Some(pair("ck_b", "cs:with:colons"))
        );
        assert_eq!(presented("consumer_key=&consumer_secret=x", None), None);
    }

    #[test]
    fn a_key_is_cleaned_and_a_secret_is_not() {
        let query = "consumer_key=+%3Cb%3Eck_q%3C/b%3E%0A&consumer_secret=+cs_q";
        assert_eq!(presented(query, None), Some(pair("ck_q", " cs_q")));
        assert_eq!(presented("", Some("Basic IGNrX2EgOmNz")), Some(pair("ck_a", "cs")));
        assert_eq!(presented("", Some("basic  Y2s6Y3M")), Some(pair("ck", "cs")), "no padding");
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_ambiguous() {
        let ambiguous = |query: &str, header| {
            let query = ApiQuery::read(query);
            Presented::read(&query, header, &mut Room::default()).err()
        };
        for query in [
            "consumer_key[]=a&consumer_secret=x",
            "consumer_key=a&consumer_key=b&consumer_secret=x",
            "consumer_key=a&consumer.key=b&consumer_secret=x",
            "consumer_key=a&consumer_secret=%ff",
            "consumer%5Fkey=a&consumer_secret=x",
            "consumer_key=a&consumer.secret=x",
            &format!("consumer_key=a&consumer_secret=x{}", "&b".repeat(999)),
        ] {
            assert_eq!(ambiguous(query, Authorization::Absent), Some(Ambiguous), "{query}");
        }
        assert_eq!(ambiguous("", Authorization::Unclear), Some(Ambiguous));
        let twice = "consumer_key=a&consumer_secret=x&consumer_key=a";
        assert_eq!(presented(twice, None), Some(pair("a", "x")));
    }

    #[test]
    fn a_token_stands_alone() {
        use Authorization::{Absent, One, Unclear};
        let found = |query, authorization, token_header| {
            let over_tls = ApiRequest::over_tls("GET", "/wp-json/wc/v3/orders", query);
            let request = ApiRequest { authorization, token_header, ..over_tls };
            match Credential::read(&request, &mut Room::default()) {
                Ok(Credential::Token(token)) => token.to_owned(),
                Ok(Credential::Pair(pair)) => pair.key.into_owned(),
                Ok(Credential::Nothing) => "nothing".to_owned(),
                Err(Ambiguous) => "ambiguous".to_owned(),
            }
        };
        for (query, header, token, expected) in [
            ("", One("Bearer agat_x"), Absent, "agat_x"),
            ("a=b", One(" bEARER  agat_x "), Absent, "agat_x"),
            ("", Absent, One(" agat_x "), "agat_x"),
            ("", Absent, One("anything"), "anything"),
            ("", One("Bearer eyJhbGciOi"), Absent, "nothing"),
            ("", One("Basic Y2s6Y3M="), Absent, "ck"),
            ("", One("Basic Y2s6Y3M="), One("agat_x"), "ambiguous"),
            ("", One("Bearer agat_x"), One("agat_x"), "ambiguous"),
            ("", Absent, Unclear, "ambiguous"),
            ("", Unclear, One("agat_x"), "ambiguous"),
            ("consumer_key=a", One("Bearer agat_x"), Absent, "ambiguous"),
            ("consumer_key=a&consumer_secret=b", Absent, One("agat_x"), "ambiguous"),
            ("consumer_key[]=a", One("Bearer agat_x"), Absent, "ambiguous"),
        ] {
            assert_eq!(found(query, header, token), expected, "{query} {expected}");
        }
    }

    #[test]
    fn rubbish_presents_nothing() {
        let long = format!("Basic {}", BASE64.encode("a:".repeat(400).as_bytes()));
        for header in
            ["", "Basic", "Basic ", "Basic !!!", "Bearer abc", "Basic Og==", "Basic YTo=", &long]
        {
            assert_eq!(presented("", Some(header)), None, "{header}");
        }
    }

    #[test]
    fn the_longest_that_is_looked_at_fits_its_room() {
        let most = "x".repeat(LONGEST);
        let basic =
            |secret: &str| format!("Basic {}", BASE64.encode(format!("k:{secret}").as_bytes()));
        assert_eq!(presented("", Some(&basic(&most))), Some(pair("k", &most)));
        assert_eq!(presented("", Some(&basic(&"x".repeat(LONGEST + 1)))), None);
        let token = "A".repeat(LONGEST_BASIC);
        assert_eq!(presented("", Some(&format!("Basic {token}"))), None, "no colon, and no panic");
    }

    #[test]
    fn a_room_remembers_nothing_outside_of_what_it_wipes() {
        let mut room = Room::default();
        let header = format!("Basic {}", BASE64.encode(b"ck_a:cs_b"));
        let _ = Presented::read(&ApiQuery::default(), Authorization::One(&header), &mut room);
        assert!(room.bytes[room.used..].iter().all(|byte| *byte == 0));
        assert_eq!(room.used, "ck_a:cs_b".len());
        let broken = format!("{header}!");
        let _ = Presented::read(&ApiQuery::default(), Authorization::One(&broken), &mut room);
        assert!(room.bytes[room.used..].iter().all(|byte| *byte == 0));
    }
}
