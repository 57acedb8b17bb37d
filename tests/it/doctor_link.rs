//! `appgrant doctor URL`: what an app developer reads about a link, held against what a store does.

use appgrant::domain::diagnosis;
use serde_json::Value;

use crate::support::{Process, Receiver, TestApp, encode};

const QUERY: &str = "app_name=My%20App&user_id=123&return_url=https%3A%2F%2Fapp.example%2Fdone&callback_url=https%3A%2F%2Fapp.example%2Fkeys&scope=read";

fn doctor(arguments: &[&str]) -> (i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let arguments: Vec<_> = ["doctor"].iter().chain(arguments).copied().collect();
    Process::run_with(folder.path(), &[], &arguments)
}

#[tokio::test]
async fn an_error_is_what_a_running_store_refuses() {
    let app = TestApp::start().await;
    let browser = app.browser();
    let paths = [
        "/wc-auth/v1/authorize",
        "/wc-auth/v1/authorize/",
        "/wc-auth/v1/Authorize",
        "/wc-auth/v1/login",
        "/wc-auth/v1/%61uthorize",
        "/wc-auth/v1/access_granted",
        "/wc-auth/v1/deny",
        "/wc-auth/v1/authorize/x",
        "/wc-auth/v1/authorise",
        "/wc-auth/v1/",
        "/wc-auth/v2/authorize",
        "/wc-auth/authorize",
        "/WC-auth/v1/authorize",
        "//wc-auth/v1/authorize",
        "/",
    ];
    let queries = [
        QUERY.to_owned(),
        QUERY.replace("123", "0"),
        QUERY.replace("read", "READ"),
        QUERY.replace("user_id=", "user_id[]="),
        QUERY.replace("app_name=My%20App&", ""),
        QUERY.replace("https%3A%2F%2Fapp.example%2Fkeys", "http%3A%2F%2Fapp.example"),
        QUERY.replace("https%3A%2F%2Fapp.example%2Fkeys", "app.example"),
        QUERY.replace("https%3A%2F%2Fapp.example%2Fdone", "https://app.example/?a=1&b=2#c"),
        QUERY.replace("My%20App", "My App\u{e9}"),
        QUERY.replace('&', "&amp;"),
        format!("{QUERY}&utm=1#x"),
        String::new(),
    ];
    let links = paths.iter().map(|path| format!("{path}?{QUERY}"));
    let links = links.chain(queries.iter().map(|query| format!("{}?{query}", paths[0])));
    for link in links.map(|link| format!("{}{link}", app.url)) {
        let answer = browser.get(&link).await;
        let taken = matches!(answer.status, 200 | 302);
        let diagnosis = diagnosis::diagnose(&link, None);
        assert_eq!(diagnosis.errors() == 0, taken, "{link}: {} {diagnosis:#?}", answer.status);
        if let Some(mended) = diagnosis.mended {
            assert_eq!(browser.get(&mended).await.status, 302, "{link} became {mended}");
        }
    }
}

#[tokio::test]
async fn a_link_is_told_in_plain_words_and_ends_with_one_line() {
    let query = QUERY.replace("app.example", "127.0.0.1");
    let link = format!("https://shop.example/wc-auth/authorize?{query}").replace("read", "Read");
    let (code, out, error) = doctor(&[&link]);
    assert_eq!(
        (code, error.as_str()),
        (1, "appgrant: the link has 2 errors; mend them as said above\n")
    );
    for line in [
        "error  The path “/wc-auth/authorize” leads nowhere: /v1 is missing in it.",
        "error  The scope “Read” is none of read, write and read_write.",
        "hint   The link leads to https://shop.example, not to the configured public address.",
        "  app_name      My App\n",
        "  scope         Read  (refused)\n",
        &format!("Mended:\n  https://shop.example/wc-auth/v1/authorize?{query}\n"),
    ] {
        assert!(out.contains(line), "{line:?} is not in {out}");
    }
}

#[tokio::test]
async fn what_is_in_order_ends_well() {
    let query = QUERY.replace("app.example", "127.0.0.1");
    let (code, out, error) = doctor(&[&format!("http://127.0.0.1/wc-auth/v1/authorize?{query}")]);
    assert_eq!((code, error.as_str()), (0, ""), "{out}");
    assert!(out.contains("not to the configured public address"), "{out}");
    let folder = tempfile::tempdir().unwrap();
    let shop = [("APPGRANT_PUBLIC_URL", "http://127.0.0.1")];
    let link = format!("http://127.0.0.1/wc-auth/v1/authorize?{query}");
    let (code, out, _) = Process::run_with(folder.path(), &shop, &["doctor", &link]);
    assert!(code == 0 && out.starts_with("ok     The store takes this link.\n"), "{out}");
}

#[tokio::test]
async fn private_addresses_are_refused_as_the_store_refuses_them() {
    let folder = tempfile::tempdir().unwrap();
    let closed = [("APPGRANT_CALLBACK_ALLOW_NETWORKS", "")];
    for (host, word) in [
        ("127.0.0.1", "address_refused"),
        ("10.1.2.3", "address_refused"),
        ("[::1]", "address_refused"),
        ("0x7f000001", "address_refused"),
        ("localhost", "name_refused"),
    ] {
        let callback = encode(&format!("https://{host}/keys"));
        let query = QUERY.replace("https%3A%2F%2Fapp.example%2Fkeys", &callback);
        let link = format!("https://s.example/wc-auth/v1/authorize?{query}");
        let (code, out, _) =
            Process::run_with(folder.path(), &closed, &["doctor", &link, "--json"]);
        let report: Value = serde_json::from_str(&out).unwrap();
        let findings = report["findings"].as_array().unwrap();
        let found = findings.iter().find(|finding| finding["code"] == word);
        assert_eq!(found.unwrap()["severity"], "error", "{host}: {out}");
        assert_eq!(code, 1, "{out}");
    }
}

/// Probes on a thread of its own, since the app under test runs on this one.
async fn probe(link: String) -> (i32, String) {
    let run = move || {
        let folder = tempfile::tempdir().unwrap();
        let patience = [("APPGRANT_CALLBACK_TIMEOUT_SECONDS", "30")];
        Process::run_with(folder.path(), &patience, &["doctor", "--probe", "--json", &link])
    };
    let (code, out, _) = tokio::task::spawn_blocking(run).await.unwrap();
    (code, out)
}

#[tokio::test]
async fn a_probe_connects_and_sends_nothing() {
    let receiver = Receiver::start().await;
    let callback = encode(&receiver.url());
    let query = QUERY.replace("https%3A%2F%2Fapp.example%2Fkeys", &callback);
    let link = format!("https://s.example/wc-auth/v1/authorize?{query}");
    let (code, out) = probe(link.clone()).await;
    let report: Value = serde_json::from_str(&out).unwrap();
    let steps = report["probe"]["steps"].as_array().unwrap();
    let events: Vec<_> = steps.iter().map(|step| step["event"].as_str().unwrap()).collect();
    assert_eq!((code, events.last()), (0, Some(&"secured")), "{out}");
    assert!(receiver.received().is_empty());
    let nobody = link.replace(&encode(&receiver.host()), &encode("127.0.0.1:1024"));
    let (code, out) = probe(nobody).await;
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (code, &report["findings"][0]["code"]),
        (1, &Value::from("cannot_connect")),
        "{out}"
    );
}

#[tokio::test]
async fn hostile_links_are_shown_harmlessly() {
    let query = QUERY.replace("app.example", "127.0.0.1");
    let huge = format!("https://s.example/wc-auth/v1/authorize?{query}{}", "&x=1".repeat(20_000));
    let title = "%1b]0;pwned%07";
    let wrong = query.replace("read", "Read");
    let in_path = format!("https://s.example/{title}/wc-auth/v1/authorize?{wrong}");
    let in_name = format!(
        "https://s.example/wc-auth/v1/authorize?{title}_url=https%3A%2F%2Fa%2F%3Fa&b=1&{query}"
    );
    let in_value = format!("https://s.example/wc-auth/v1/authorize?{query}%C2%9B2J%E2%80%AE");
    for link in [
        "",
        "\u{1b}[2J",
        "https://\u{1b}]0;x\u{7}/?a=%1b[2J&scope=%1b[31m",
        &huge,
        "?",
        "#",
        &in_path,
        &in_name,
        &in_value,
    ] {
        for json in [&[][..], &["--json"]] {
            let (code, out, error) = doctor(&[&[link], json].concat());
            assert!((0..=1).contains(&code), "{link:?}: {error}");
            let obeyed = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
            assert!(!out.contains(obeyed) && !error.contains(obeyed), "{out:?}");
            assert!(out.len() < 20_000, "{}", out.len());
        }
    }
    let (_, out, _) = doctor(&[&in_path]);
    let mended =
        format!("Mended:\n  https://s.example/%1b]0;pwned%07/wc-auth/v1/authorize?{query}");
    assert!(out.contains(&mended), "{out}");
    let (_, out, _) = doctor(&[&in_value, "--json"]);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["understood"][4]["value"], "read\u{9b}2J\u{202e}", "{out}");
    assert_eq!(doctor(&["--probe"]).0, 2);
    assert_eq!(doctor(&["a", "b"]).0, 2);
}
