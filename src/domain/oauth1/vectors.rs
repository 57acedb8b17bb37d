//! Requests signed elsewhere: with Python's `hmac`, from the parameters a client meant to send.
//!
//! Why so: a test that signs with the code under test agrees with any mistake in it. The queries are
//! shaped as the clients send them (wire.md §5). Never: no constant here is made by this crate.

use super::*;

const URL: &str = "http://shop.test/wp-json/wc/v3/orders";

/// Python sends its parameters twice.
const PYTHON: &str = "per_page=2&search=a+b&oauth_consumer_key=ck_1&oauth_timestamp=1700000000&oauth_nonce=b6589\
    fc6ab0dc82cf12099d1c2d40ab994e8410c&oauth_signature_method=HMAC-SHA256&oauth_signature=lDN\
    %2FKiT2T0bKZk%2BXRXcLw1ozruvzXk7JUx01tmmMErs%3D&per_page=2&search=a+b";
/// JavaScript too, once with raw brackets.
const JAVASCRIPT: &str = "include[0]=1&include[1]=2&per_page=2&search=a%20b&oauth_consumer_key=ck_1&oauth_nonce=356a\
    192b7913b04c54574d18c28d46e6395428ab&oauth_signature_method=HMAC-SHA256&oauth_timestamp=17\
    00000000&oauth_version=1.0&include%5B0%5D=1&include%5B1%5D=2&per_page=2&search=a+b&oauth_s\
    ignature=nLBPlS%2Bc9RhYyYxec9WVYhjtKc%2FLh9QqcE2Y2msJ6yU%3D";
/// PHP sorts all, the signature too.
const PHP: &str = "include%5B0%5D=1&include%5B1%5D=2&oauth_consumer_key=ck_1&oauth_nonce=77de68daecd823babbb5\
    8edb1c8e14d7106e83bb&oauth_signature=%2F53ESB4O5FFZHHo0x135mr7uYi%2FcEEBKNC117e4%2BCFM%3D&\
    oauth_signature_method=HMAC-SHA256&oauth_timestamp=1700000000&per_page=2&search=a+b";
/// Ruby may use SHA-1.
const RUBY_SHA1: &str = "oauth_consumer_key=ck_1&oauth_nonce=b3f0c7f6bb763af1be91d9e74eabfeb199dc1f1f&oauth_signatu\
    re=iBIEoWDvML2AYrz1mvdq%2BBuzib0%3D&oauth_signature_method=HMAC-SHA1&oauth_timestamp=17000\
    00000&per_page=2&search=a%20b";
/// The same with its signature not encoded.
const RAW_PLUS: &str = "oauth_consumer_key=ck_1&oauth_nonce=b3f0c7f6bb763af1be91d9e74eabfeb199dc1f1f&oauth_signatu\
    re=iBIEoWDvML2AYrz1mvdq+Buzib0=&oauth_signature_method=HMAC-SHA1&oauth_timestamp=170000000\
    0&per_page=2&search=a%20b";
/// The same with its signature encoded twice.
const TWICE_ENCODED: &str = "oauth_consumer_key=ck_1&oauth_nonce=b3f0c7f6bb763af1be91d9e74eabfeb199dc1f1f&oauth_signatu\
    re=iBIEoWDvML2AYrz1mvdq%252BBuzib0%253D&oauth_signature_method=HMAC-SHA1&oauth_timestamp=1\
    700000000&per_page=2&search=a%20b";
/// Twelve items, in the order of their arrival.
const TWELVE: &str = "include[]=0&include[]=1&include[]=2&include[]=3&include[]=4&include[]=5&include[]=6&includ\
    e[]=7&include[]=8&include[]=9&include[]=10&include[]=11&oauth_consumer_key=ck_1&oauth_nonc\
    e=b6589fc6ab0dc82cf12099d1c2d40ab994e8410c&oauth_signature=3CfOi7%2Bcwpe43DrAJkwXVeWL88HY4\
    R3nwpFOPS%2BAmWc%3D&oauth_signature_method=HMAC-SHA256&oauth_timestamp=1700000000";
/// UTF-8, `~`, `+`, and an empty token.
const UTF8_SHA1: &str = "search=%C3%A9~%2B/,&oauth_token=&oauth_consumer_key=ck_1&oauth_nonce=da4b9237bacccdf19c076\
    0cab7aec4a8359010b0&oauth_signature=3ERSSo%2BEOlvERQyDkRNV7lo%2FSwk%3D&oauth_signature_met\
    hod=HMAC-SHA1&oauth_timestamp=1700000000";
/// A header; the realm has a comma and what looks like a parameter.
const HEADER: &str = "OAuth realm=\"a,oauth_nonce=b\", oauth_consumer_key=\"ck_1\", oauth_nonce=\"356a192b7913b0\
    4c54574d18c28d46e6395428ab\", oauth_signature=\"GUsOgjblQKSOKzpQn6tpBr9ir%2B0%2BkAlNbY1BBy\
    g0UbQ%3D\", oauth_signature_method=\"HMAC-SHA256\", oauth_timestamp=\"1700000000\", oauth_\
    version=\"1.0\"";
/// A comma between quotes, and a value without quotes.
const HEADER_COMMA: &str = "OAuth oauth_consumer_key=\"ck_1\",oauth_nonce=\"a,b\",oauth_signature=\"miVgFPbohdwKJRLLz%\
    2FY68fncNfw%3D\",oauth_signature_method=\"HMAC-SHA1\",oauth_timestamp=1700000000";

/// Accepted for its own secret, URL and method, and for no other.
fn proves(query: &str, header: Option<&str>) {
    let signed = Signed::read(query, header).expect("complete").expect("signed");
    let check = |secret, method, url| signed.check_signature(secret, method, &[url]);
    assert_eq!(signed.consumer_key(), "ck_1");
    assert_eq!(signed.timestamp(), "1700000000");
    assert_eq!(check("cs_1", "GET", URL), Ok(()), "{query} {header:?}");
    assert_eq!(check("cs_2", "GET", URL), Err(Refused::BadSignature));
    assert_eq!(check("cs_1", "PUT", URL), Err(Refused::BadSignature));
    assert_eq!(check("cs_1", "GET", &format!("{URL}/")), Err(Refused::BadSignature));
}

#[test]
fn queries_of_all_clients_are_accepted() {
    for query in [PYTHON, JAVASCRIPT, PHP, RUBY_SHA1, TWELVE, UTF8_SHA1] {
        proves(query, None);
    }
}

/// It has a `+`, which PHP reads as a space.
#[test]
fn a_plus_in_a_signature_may_come_raw_or_encoded_twice() {
    assert!(RUBY_SHA1.contains("%2B") && TWICE_ENCODED.contains("%252B"));
    assert!(RAW_PLUS.contains('+'));
    proves(RAW_PLUS, None);
    proves(TWICE_ENCODED, None);
}

#[test]
fn headers_are_accepted() {
    proves("per_page=2", Some(HEADER));
    proves("per_page=2", Some(HEADER_COMMA));
}

/// One more or one changed parameter breaks every signature.
#[test]
fn a_changed_request_is_refused() {
    for query in [PYTHON, JAVASCRIPT, PHP, RUBY_SHA1, TWELVE, UTF8_SHA1] {
        for changed in [format!("{query}&a=1"), format!("{query}&oauth_nonce=b")] {
            let signed = Signed::read(&changed, None).expect("complete").expect("signed");
            let answer = signed.check_signature("cs_1", "GET", &[URL]);
            assert_eq!(answer, Err(Refused::BadSignature), "{changed}");
        }
    }
}
