//! Wrong links, with the finding each must give; and what must hold for any text at all.

use proptest::prelude::*;

use super::*;

const GOOD: &str = "https://shop.example/wc-auth/v1/authorize?app_name=My%20App&user_id=123&return_url=https%3A%2F%2Fapp.example%2Fdone&callback_url=https%3A%2F%2Fapp.example%2Fkeys&scope=read_write";

fn codes(diagnosis: &Diagnosis) -> Vec<(&'static str, bool)> {
    diagnosis.findings.iter().map(|finding| (finding.code, finding.is_error())).collect()
}

/// The good link with one piece of it exchanged.
fn with(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    GOOD.replacen(from, to, 1)
}

fn look(link: &str) -> Diagnosis {
    diagnose(link, None)
}

#[test]
fn a_good_link_gives_no_finding() {
    let diagnosis =
        diagnose(GOOD, Some(&Url::parse("https://shop.example").expect("it stands above")));
    assert_eq!(diagnosis.findings, []);
    assert_eq!(diagnosis.mended, None);
    let understood: Vec<_> =
        diagnosis.understood.iter().map(|u| (u.name, u.value.as_deref())).collect();
    assert_eq!(understood[0], ("app_name", Some("My App")));
    assert_eq!(understood[2], ("return_url", Some("https://app.example/done")));
    assert_eq!(understood.len(), 5);
    assert!(diagnosis.understood.iter().all(|understood| understood.accepted));
}

#[test]
fn an_address_for_events_is_looked_at_as_the_callbacks() {
    for (url, code) in [
        ("http%3A%2F%2Fapp.example", "not_https"),
        ("https%3A%2F%2Fa%40app.example", "user_info"),
        ("https%3A%2F%2Fapp.example%3A22", "bad_port"),
        ("%2Fevents", "relative"),
    ] {
        let diagnosis = look(&format!("{GOOD}&events_url={url}"));
        assert_eq!(codes(&diagnosis), [(code, true)], "{url}");
    }
    let good = look(&format!("{GOOD}&events_url=https%3A%2F%2Fapp.example%2Fevents"));
    assert_eq!(good.findings, []);
    let events = good.understood.last().map(|u| (u.name, u.value.as_deref()));
    assert_eq!(events, Some(("events_url", Some("https://app.example/events"))));
    let mended = look(&format!("{GOOD}&events_url=http%3A%2F%2Fapp.example")).mended;
    let mended = mended.expect("http is mended to https");
    assert!(mended.ends_with("&events_url=https%3A%2F%2Fapp.example"), "{mended}");
}

/// Links with one fault that the store does not forgive, the finding's word, and whether the link as it
/// was meant is known.
#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn every_fault_is_named() {
    let callback = "https%3A%2F%2Fapp.example%2Fkeys";
    let back = "https%3A%2F%2Fapp.example%2Fdone";
    for (link, code, mended) in [
        (String::new(), "no_host", false),
        ("hello world".into(), "not_a_link", false),
        (with("https://shop.example", ""), "no_host", false),
        (with("https://", ""), "no_scheme_in_link", true),
        (with("https://shop.example", "localhost:8080"), "no_scheme_in_link", true),
        (with("https://", "htps://"), "not_web", true),
        (with("https://", "ftp://"), "not_web", false),
        (with("/v1", ""), "path", true),
        (with("/wc-auth/v1/authorize", ""), "path", true),
        (with("/wc-auth/v1/authorize", "/"), "path", true),
        (with("/wc-auth", "//wc-auth"), "path", true),
        (with("/wc-auth", "/WC-Auth"), "path", true),
        (with("/v1", "/V1"), "path", true),
        (with("/v1", "/v2"), "path", true),
        (with("wc-auth", "wc_auth"), "path", true),
        (with("authorize", "authorise"), "path", true),
        (with("authorize", "access_granted"), "path", true),
        (with("/wc-auth", "/auth/wc-auth/x"), "path", true),
        (with("?app_name", "&app_name"), "path", false),
        (with("app_name=My%20App&", ""), "missing", false),
        (with("My%20App", "%E2%80%8B"), "missing", false),
        (with("user_id=123", "user_id="), "missing", false),
        (with("user_id=123", "user_id=0"), "missing", false),
        (with("user_id=123", "user_id=%FF"), "not_text", false),
        (with("user_id=123", "user_id[]=123"), "array", true),
        (with("scope=", "scope[]="), "array", true),
        (with("My%20App", &"a".repeat(4097)), "too_long", false),
        (format!("{GOOD}&state={}", "a".repeat(513)), "too_long", false),
        (with("read_write", "READ"), "scope", true),
        (with("read_write", "read%20"), "scope", true),
        (with("read_write", "read,write"), "scope", true),
        (with("read_write", "read+write"), "scope", true),
        (with("read_write", "read%255Fwrite"), "scope", true),
        (with("read_write", "admin"), "scope", false),
        (with(callback, "http%3A%2F%2Fapp.example%2Fkeys"), "not_https", true),
        (with(callback, "myapp%3A%2F%2Fkeys"), "not_https", false),
        (with(callback, "https%3A%2F%2Fme%3Apw%40app.example"), "user_info", false),
        (with(callback, "https%3A%2F%2Fapp.example%3A22%2F"), "bad_port", false),
        (with(callback, "https%25253A%25252F%25252Fapp.example%25252Fkeys"), "encoded_twice", true),
        (with(callback, "%2Fkeys"), "relative", false),
        (with(callback, "%2F%2Fapp.example%2Fkeys"), "relative", true),
        (with(callback, "https%3A%2F%2Fmy_app.example%2F"), "host", false),
        (with(callback, "https%3A%2F%2F"), "not_a_url", false),
        (with(callback, "https%3A%5C%5Capp.example%5Ckeys"), "backslash", true),
        (with(callback, "https://app.example/a+b"), "plus", true),
        (with(callback, "https%3A%2F%2Fapp.example%2Fa%20b"), "space", true),
        (with(callback, "https%3A%2F%2Fapp.example%2Fa%0Ab"), "space", false),
        (with(callback, "https%3A%2F%2Fapp.example%2Fa%07b"), "control", false),
        (with(back, "javascript%3A%2F%2Fx"), "scheme", false),
        (with(back, "file%3A%2F%2F%2Fetc%2Fpasswd"), "scheme", false),
        (
            with(back, &format!("https%3A%2F%2Fapp.example%2F{}", "a".repeat(4090))),
            "too_long",
            false,
        ),
        (with("&callback_url", "#x&callback_url"), "fragment", true),
        (with("&user_id", "?user_id"), "question_mark", true),
        (GOOD.replace('&', "&amp;"), "html_escaped", true),
        (with("callback_url", "callbackUrl"), "misspelt", true),
        (with("return_url", "retrun_url"), "misspelt", true),
        (with("app_name=My%20App&user_id=123", "app_name%3DMy%2520App"), "missing", false),
    ] {
        let diagnosis = look(&link);
        assert!(codes(&diagnosis).contains(&(code, true)), "{code}: {link}\n{diagnosis:#?}");
        assert_eq!(diagnosis.mended.is_some(), mended, "{link}\n{diagnosis:#?}");
    }
    let (address, query) = GOOD.split_once('?').expect("it stands above");
    let encoded = format!("{address}?{}", percent_encoded(query));
    assert!(codes(&look(&encoded)).contains(&("query_encoded", true)));
    assert_eq!(look(&encoded).mended.as_deref(), Some(GOOD));
}

/// Links the store takes, but somebody should look at them.
#[test]
fn what_works_by_luck_is_a_hint() {
    let back = "https%3A%2F%2Fapp.example%2Fdone";
    for (link, code, mended) in [
        (with("My%20App", "My%2520App"), "encoded_twice", true),
        (with("user_id=123", "user_id=a%2540b"), "encoded_twice", true),
        (with("user_id=123", "user_id=a+b"), "plus", false),
        (format!("{GOOD}&state=a+b"), "plus", false),
        (with(back, "https%253A%252F%252Fapp.example%252Fdone"), "encoded_twice", true),
        (with(back, "app.example%2Fdone"), "no_scheme", true),
        (with(back, "https%3A%2F%2Fhttps%3A%2F%2Fapp.example%2Fdone"), "doubled_scheme", true),
        (with(back, "https%3A%2Fapp.example%2Fdone"), "doubled_scheme", true),
        (with(back, "https%3A%2F%2Fother.example%2Fdone"), "other_domain", false),
        (with(back, "https://app.example/done?a=1&b=2"), "ampersand", true),
        (with(back, "https://app.example/done?a=1&user_id=7"), "ampersand", true),
        (with("%2Fkeys", "%2Fkeys%23x"), "callback_fragment", false),
        (format!("{GOOD}#top"), "fragment", true),
        (format!("{GOOD}&utm_source=x"), "unknown", true),
        (format!("{GOOD}&scope=read"), "twice", true),
        (with("authorize?", "authorize/?"), "path_spelling", true),
        (with("authorize?", "Authorize?"), "path_spelling", true),
        (with("authorize?", "login?"), "path_spelling", true),
        (with("My%20App", "My App"), "unencoded", true),
        (with("My%20App", "Café"), "unencoded", true),
        (with("My%20App", "My\n%20App"), "unencoded", true),
    ] {
        let diagnosis = look(&link);
        assert!(codes(&diagnosis).contains(&(code, false)), "{code}: {link}\n{diagnosis:#?}");
        assert_eq!(diagnosis.errors(), 0, "{link}\n{diagnosis:#?}");
        assert_eq!(diagnosis.mended.is_some(), mended, "{link}\n{diagnosis:#?}");
    }
}

#[test]
fn a_mended_link_says_what_was_meant() {
    let back = "https%3A%2F%2Fapp.example%2Fdone";
    let meant = with(back, "https%3A%2F%2Fapp.example%2Fdone%3Fa%3D1%26b%3D2%23x");
    for (link, mended) in [
        (with(back, "https://app.example/done?a=1&b=2#x"), meant.as_str()),
        (with("read_write", "Read+Write"), GOOD),
        (GOOD.replace('&', "&amp;"), GOOD),
        (with("My%20App", "My%2520App"), GOOD),
        (with(back, "https%25253A%25252F%25252Fapp.example%25252Fdone"), GOOD),
        (with("https%3A%2F%2Fapp.example%2Fkeys", "http://app.example/keys"), GOOD),
        (with("/wc-auth/v1/authorize", "/wc-auth/authorize/"), GOOD),
        (with("https://", ""), GOOD),
        (format!(" {GOOD} ").replace("user_id=", "userId="), GOOD),
    ] {
        assert_eq!(look(&link).mended.as_deref(), Some(mended), "{link}");
    }
}

#[test]
fn the_configured_store_is_known() {
    let store = Url::parse("https://shop.example/auth").expect("it stands above");
    let below = with("/wc-auth", "/auth/wc-auth");
    let cases = [
        (below.clone(), None),
        (GOOD.to_owned(), Some("other_prefix")),
        (with("/wc-auth", "/shop/wc-auth"), Some("other_prefix")),
        (with("shop.example", "other.example"), Some("other_store")),
        (with("https:", "http:"), Some("other_store")),
        (with("/wc-auth/v1", ""), Some("path")),
        (with("https://shop.example", ""), Some("no_host")),
    ];
    for (link, code) in cases {
        let diagnosis = diagnose(&link, Some(&store));
        assert_eq!(diagnosis.findings.first().map(|finding| finding.code), code, "{link}");
        if matches!(code, Some("other_prefix" | "path" | "no_host")) {
            assert_eq!(diagnosis.mended.as_deref(), Some(below.as_str()), "{link}");
        }
    }
}

#[test]
fn a_huge_link_is_looked_at_in_no_time() {
    for piece in ["&a=1", "&user_id=", "?", "#", "%25", "&amp;", "&return_url=https://a.b/?x", "é"]
    {
        let diagnosis = look(&format!("{GOOD}{}", piece.repeat(20_000)));
        for finding in &diagnosis.findings {
            assert!(finding.what.chars().count() < 700, "{}", finding.what);
        }
    }
}

/// Pieces of links, good and bad, in any order.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "app_name=",
        "user_id=",
        "return_url=",
        "callback_url=",
        "scope=",
        "state=",
        "&",
        "&",
        "&",
        "?",
        "#",
        "[]",
        "=",
        "+",
        "%20",
        "%25",
        "%2520",
        "%00",
        "%ff",
        "amp;",
        "https://",
        "http://",
        "https%3A%2F%2F",
        "https%253A%252F%252F",
        "app.example",
        "//",
        "/",
        "\\",
        ":22",
        "u@",
        "read",
        "write",
        "READ",
        "_",
        "0",
        "1",
        "é",
        " ",
        "\n",
        "\u{200b}",
        "javascript:",
        "callbackUrl=",
    ]);
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

/// What must hold whatever was written.
fn agrees_with_the_store(link: &str) -> Result<(), TestCaseError> {
    let diagnosis = look(link);
    let read = AuthorizeRequest::read(&Link::read(link).parameters());
    let about_query = |finding: &&Finding| finding.about != Subject::Address && finding.is_error();
    let errors = diagnosis.findings.iter().filter(about_query).count();
    prop_assert_eq!(errors > 0, read.is_err(), "{}: {:?} {:#?}", link, read, diagnosis);
    if let Some(mended) = &diagnosis.mended {
        let again = look(mended);
        prop_assert_eq!(again.errors(), 0, "{} became {}: {:#?}", link, mended, again);
        prop_assert!(AuthorizeRequest::read(&Link::read(mended).parameters()).is_ok());
    }
    for finding in &diagnosis.findings {
        prop_assert!(finding.what.ends_with('.') && finding.mend.len() > 5, "{:?}", finding);
    }
    harmless(&diagnosis)
}

/// Nothing but the values themselves, which are told as the store reads them, moves a cursor.
fn harmless(diagnosis: &Diagnosis) -> Result<(), TestCaseError> {
    let said = diagnosis.findings.iter().flat_map(|finding| [&finding.what, &finding.mend]);
    for text in said.chain(&diagnosis.mended) {
        prop_assert!(!text.contains(char::is_control), "{:?}", text);
    }
    Ok(())
}

fn path_of(link: &str) -> String {
    Url::parse(link).expect("it begins with a good address").path().to_owned()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn an_error_is_a_refusal_and_a_refusal_an_error(link in ".{0,200}") {
        agrees_with_the_store(&link)?;
    }

    #[test]
    fn also_for_what_resembles_a_link(query in pieces()) {
        agrees_with_the_store(&format!("https://shop.example/wc-auth/v1/authorize?{query}"))?;
    }

    #[test]
    fn also_for_a_good_link_with_something_in_it(at in 0..GOOD.len(), piece in pieces()) {
        agrees_with_the_store(&format!("{}{piece}{}", &GOOD[..at], &GOOD[at..]))?;
    }

    #[test]
    fn names_and_paths_do_not_reach_the_terminal(path in any::<String>(), name in any::<String>()) {
        let [path, name] = [path, name].map(|text| percent_encoded(&text));
        let query = GOOD.split_once('?').expect("it stands above").1;
        let torn = format!("{name}_url=https%3A%2F%2Fa%2F%3Fa&b=1&{query}");
        for path in [format!("/{path}/wc-auth/v1/authorize"), format!("/{path}/wc-auth/authorize")] {
            let link = format!("https://shop.example{path}?{torn}");
            agrees_with_the_store(&link)?;
        }
    }

    #[test]
    fn a_mended_link_keeps_the_path_before_the_route(
        path in "(/([a-z]|%(1b|07|3[Ff]|23|25|26|20|C3%A9|9b|ff|2[Ff]|5c)|é|;|@){1,8}){0,3}",
    ) {
        for route in ["/wc-auth/v1/authorize", "/wc-auth/v1/authorize/", "/wc-auth/authorise"] {
            let link = with("/wc-auth/v1/authorize", &format!("{path}{route}"));
            let mended = look(&link.replace("scope=read_write", "scope=Read")).mended;
            let mended = mended.expect("each fault of it can be mended");
            let before = path_of(&link).strip_suffix(route).map(str::to_owned);
            let after = path_of(&mended).strip_suffix("/wc-auth/v1/authorize").map(str::to_owned);
            prop_assert_eq!(after, before, "{}", link);
            prop_assert_eq!(Url::parse(&mended).expect("a link").query_pairs().count(), 5);
        }
    }

    #[test]
    fn also_for_any_values(name in any::<String>(), user in any::<String>(), back in any::<String>(),
                           to in any::<String>(), scope in "[a-z_, ]{0,12}") {
        let [name, user, back, to, scope] =
            [name, user, back, to, scope].map(|value| percent_encoded(&value));
        agrees_with_the_store(&format!(
            "https://shop.example/wc-auth/v1/authorize?app_name={name}&user_id={user}&return_url={back}&callback_url={to}&scope={scope}"))?;
    }
}
