//! Consumer keys and secrets: made, read from a request, recognised (contract §6, wire.md §4.2).
//!
//! A plain secret is its own type with neither `Debug`, `Display` nor `Serialize`; only
//! `callback_body` writes one out.

use std::{borrow::Cow, fmt};

use data_encoding::{BASE64_NOPAD, HEXLOWER};
use zeroize::Zeroizing;

use super::{
    api_request::Authorization,
    entropy::{Entropy, random},
    query_names::{Named, find},
    text,
};

/// The longest presented key or secret that is looked at, in bytes.
const LONGEST: usize = 256;

/// The longest Base64 text that is looked at, in bytes.
const LONGEST_BASIC: usize = 2 * LONGEST;

/// The public half, `ck_` and 40 hex digits when we made it; any short text when presented.
#[derive(Clone, PartialEq, Eq)]
pub struct ConsumerKey(String);

/// The secret half, `cs_` and 40 hex digits when we made it; any short text when presented.
pub struct ConsumerSecret(Zeroizing<String>);

/// A key and a secret, as a request presents them.
pub struct Credential {
    /// The public half.
    pub key: ConsumerKey,
    /// The secret half.
    pub secret: ConsumerSecret,
}

impl ConsumerKey {
    /// The key as text, for hashing and for the callback.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last seven characters, by which people recognise a key.
    pub fn ending(&self) -> String {
        let skip = self.0.chars().count().saturating_sub(7);
        self.0.chars().skip(skip).collect()
    }
}

/// Shows the ending only.
impl fmt::Debug for ConsumerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ck_…{}", self.ending())
    }
}

impl ConsumerSecret {
    /// The plain secret. For hashing it and for the callback's body, nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Credential {
    /// A fresh pair of 160 random bits each.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let secret = Zeroizing::new(random::<20>(entropy));
        let hex = Zeroizing::new(HEXLOWER.encode(secret.as_slice()));
        Self {
            key: ConsumerKey(format!("ck_{}", HEXLOWER.encode(&random::<20>(entropy)))),
            secret: ConsumerSecret(Zeroizing::new(format!("cs_{}", hex.as_str()))),
        }
    }

    /// What a request presents: the query pair if both halves are there, else HTTP Basic. Nothing if
    /// neither is complete.
    ///
    /// # Errors
    /// If it can be read in two ways: whoever stands between might have read the other one.
    pub fn presented(
        query: &str,
        authorization: Authorization<'_>,
    ) -> Result<Option<Self>, Ambiguous> {
        let [key, secret] = find(query, ["consumer_key", "consumer_secret"]);
        if [&key, &secret].contains(&&Named::Unclear) || authorization == Authorization::Unclear {
            return Err(Ambiguous);
        }
        if let (Some(key), Some(secret)) = (key.filled(), secret.filled()) {
            return Ok(Self::new(key, secret));
        }
        match authorization {
            Authorization::One(header) => Ok(Self::from_basic(header)),
            Authorization::Absent | Authorization::Unclear => Ok(None),
        }
    }

    /// RFC 7617: scheme in any case, Base64 of `key:secret`, split at the first colon.
    fn from_basic(header: &str) -> Option<Self> {
        let (scheme, token) = header.trim().split_once(' ')?;
        let token = token.trim().trim_end_matches('=').as_bytes();
        let mut buffer = Zeroizing::new([0; LONGEST_BASIC]);
        if !scheme.eq_ignore_ascii_case("basic") || token.len() > LONGEST_BASIC {
            return None;
        }
        let bytes = buffer.get_mut(..BASE64_NOPAD.decode_len(token.len()).ok()?)?;
        let length = BASE64_NOPAD.decode_mut(token, bytes).ok()?;
        let (key, secret) = std::str::from_utf8(&bytes[..length]).ok()?.split_once(':')?;
        Self::new(key, secret)
    }

    fn new(key: &str, secret: &str) -> Option<Self> {
        let fits = |text: &str| (1..=LONGEST).contains(&text.len());
        let key = clean(key);
        (fits(&key) && fits(secret)).then(|| Self {
            key: ConsumerKey(key.into_owned()),
            secret: ConsumerSecret(Zeroizing::new(secret.to_owned())),
        })
    }
}

/// The credentials can be read in two ways.
#[derive(Debug, PartialEq, Eq)]
pub struct Ambiguous;

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

    struct Counting;
    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            (0u8..).zip(bytes).for_each(|(n, byte)| *byte = n.wrapping_mul(13));
        }
    }

    fn presented(query: &str, header: Option<&str>) -> Option<(String, String)> {
        let header = header.map_or(Authorization::Absent, Authorization::One);
        let found = Credential::presented(query, header).ok().unwrap()?;
        Some((found.key.as_str().to_owned(), found.secret.expose().to_owned()))
    }

    #[test]
    fn a_fresh_pair_looks_like_woocommerces() {
        let pair = Credential::generate(&Counting);
        for (text, prefix) in [(pair.key.as_str(), "ck_"), (pair.secret.expose(), "cs_")] {
            assert_eq!(text.len(), 43);
            assert!(text.starts_with(prefix));
            assert!(text[3..].bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')));
        }
        assert_eq!(format!("{:?}", pair.key), format!("ck_…{}", &pair.key.as_str()[36..]));
    }

    #[test]
    fn the_query_pair_comes_before_basic() {
        let basic = format!("bAsIc {}", BASE64.encode(b"ck_b:cs:with:colons"));
        let pair = |k: &str, s: &str| Some((k.to_owned(), s.to_owned()));
        let query = "consumer_key=ck_q&consumer_secret=cs_q";
        assert_eq!(presented(query, Some(&basic)), pair("ck_q", "cs_q"));
        assert_eq!(presented("consumer_key=ck_q", Some(&basic)), pair("ck_b", "cs:with:colons"));
        assert_eq!(presented("consumer_key=&consumer_secret=x", None), None);
    }

    #[test]
    fn a_key_is_cleaned_and_a_secret_is_not() {
        let pair = |k: &str, s: &str| Some((k.to_owned(), s.to_owned()));
        let query = "consumer_key=+%3Cb%3Eck_q%3C/b%3E%0A&consumer_secret=+cs_q";
        assert_eq!(presented(query, None), pair("ck_q", " cs_q"));
        assert_eq!(presented("", Some("Basic IGNrX2EgOmNz")), pair("ck_a", "cs"));
        assert_eq!(presented("", Some("basic  Y2s6Y3M")), pair("ck", "cs"), "no padding");
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_ambiguous() {
        let ambiguous = |query, header| Credential::presented(query, header).err();
        for query in [
            "consumer_key[]=a&consumer_secret=x",
            "consumer_key=a&consumer_key=b&consumer_secret=x",
            "consumer_key=a&consumer.key=b&consumer_secret=x",
            "consumer_key=a&consumer_secret=%ff",
        ] {
            assert_eq!(ambiguous(query, Authorization::Absent), Some(Ambiguous), "{query}");
        }
        assert_eq!(ambiguous("", Authorization::Unclear), Some(Ambiguous));
        let twice = "consumer_key=a&consumer_secret=x&consumer_key=a";
        assert_eq!(presented(twice, None), Some(("a".to_owned(), "x".to_owned())));
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
}
