//! The signed requests of WooCommerce's clients, and broken ones.

use super::*;

const FIVE: &str = "oauth_consumer_key=ck_1&oauth_nonce=n&oauth_signature=s\
    &oauth_signature_method=HMAC-SHA256&oauth_timestamp=1000";
const SIGNED: &str = "oauth_consumer_key%3Dck_1%26oauth_nonce%3Dn\
    %26oauth_signature_method%3DHMAC-SHA256%26oauth_timestamp%3D1000";

fn signed(query: &str) -> Signed {
    Signed::read(query, None).expect("complete").expect("signed")
}

fn base(parameters: &str) -> String {
    signed(&format!("{parameters}&{FIVE}&{parameters}")).base_string("get", "http://s.test/a")
}

/// Each parameter comes twice, as Python and JS send them.
#[test]
fn base_strings_are_woocommerces() {
    let head = "GET&http%3A%2F%2Fs.test%2Fa&";
    assert_eq!(
        base("search=a+b~%C3%A9&per_page=2"),
        format!("{head}{SIGNED}%26per_page%3D2%26search%3Da%2520b~%25C3%25A9")
    );
    let items: Vec<_> = (0..12).map(|at| format!("i[{at}]={at}")).collect();
    let pairs: Vec<_> = (0..12).map(|at| format!("i%255B{at}%255D%3D{at}")).collect();
    assert_eq!(base(&items.join("&")), format!("{head}{}%26{SIGNED}", pairs.join("%26")));
    assert_eq!(base("oauth_token="), format!("{head}{SIGNED}%26oauth_token%3D"));
}

#[test]
fn a_signature_fits_its_secret_url_and_method_only() {
    for (name, sign) in
        [("HMAC-SHA1", hmac_sha1 as fn(&[u8], &[u8]) -> _), ("HMAC-SHA256", hmac_sha256)]
    {
        let rest = FIVE.replace("HMAC-SHA256", name);
        let text = format!("GET&http%3A%2F%2Fs.test&{}", SIGNED.replace("HMAC-SHA256", name));
        let code = data_encoding::BASE64.encode(&sign(b"cs_1&", text.as_bytes()));
        // A raw `+` is read as a space, and that as a `+`.
        let request = signed(&rest.replace("signature=s", &format!("signature={code}")));
        let check = |secret, method, urls: &[&str]| request.check_signature(secret, method, urls);
        assert_eq!(check("cs_1", "GET", &["http://other.test", "http://s.test"]), Ok(()));
        assert_eq!(check("cs_2", "GET", &["http://s.test"]), Err(Refused::BadSignature));
        assert_eq!(check("cs_1", "POST", &["http://s.test"]), Err(Refused::BadSignature));
        assert_eq!(check("cs_1", "GET", &[]), Err(Refused::BadSignature));
    }
    let request = signed(&FIVE.replace("HMAC-SHA256", "hmac-sha256"));
    assert_eq!(request.check_signature("cs_1", "GET", &[]), Err(Refused::SignatureMethod));
}

#[test]
fn what_is_missing_is_named() {
    let message = |query| Signed::read(query, None).err().map(|error| error.to_string());
    assert_eq!(message("a=1"), None);
    assert!(Signed::read("a=1", None).is_ok_and(|signed| signed.is_none()));
    let one = FIVE.replace("nonce=n", "nonce=0");
    assert_eq!(message(&one).as_deref(), Some("Missing OAuth parameter oauth_nonce"));
    let two = one.replace("oauth_timestamp=1000", "");
    let both = "Missing OAuth parameters oauth_timestamp, oauth_nonce";
    assert_eq!(message(&two).as_deref(), Some(both));
}

#[test]
fn the_header_wins_and_its_realm_is_dropped() {
    let header = r#"OAuth realm="r", oauth_nonce="a%2Bb", oauth_version=1.0"#;
    let request = Signed::read(FIVE, Some(header)).expect("complete").expect("signed");
    assert_eq!(request.nonce(), "a+b");
    let text = request.base_string("GET", "u");
    assert!(text.ends_with("%26oauth_version%3D1.0") && !text.contains("realm"), "{text}");
    let lower = Signed::read(FIVE, Some(&header.replace("OAuth", "oauth")));
    assert_eq!(lower.expect("complete").expect("signed").nonce(), "n");
}

#[test]
fn timestamps_are_near_numbers() {
    let check = |sent: &str| {
        let request = signed(&FIVE.replace("timestamp=1000", &format!("timestamp={sent}")));
        request.check_timestamp(Timestamp::from_millis(1_000_000)).is_ok()
    };
    assert!(check("1000") && check("100") && check("1900") && check("1000.5"));
    assert!(!check("99") && !check("1901") && !check("soon") && !check("NaN") && !check("1e999"));
}
