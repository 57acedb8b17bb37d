//! `appgrant dev receiver`: what an app developer tries against a store, and reads.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use appgrant::receiver::authority::Authority;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{Answer, DevReceiver, Manager, PASSWORD, Process, TestApp, query};

/// A store that trusts the receiver, and the receiver that believes the store.
async fn both(options: &[&str]) -> (TestApp, DevReceiver, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::open(&folder.path().join("appgrant-dev")).unwrap();
    let trust = authority.certificate.to_str().unwrap();
    let app = TestApp::with(&[("CALLBACK_CA_FILE", trust)]).await;
    let receiver = DevReceiver::start(folder.path(), &app.url, options).await;
    (app, receiver, folder)
}

/// A manager approves an app with that callback.
async fn approve(manager: &Manager, callback_url: &str) -> Answer {
    let request = query(&[
        ("app_name", "My App"),
        ("user_id", "u-1"),
        ("return_url", "http://app.example/return"),
        ("callback_url", callback_url),
        ("scope", "read"),
    ]);
    let page = manager.consent(&request).await;
    manager.approve(&page).await
}

fn arrived(answer: &Answer) -> bool {
    assert_eq!(answer.status, 303, "{}", answer.body);
    answer.location().contains("success=1")
}

#[tokio::test]
async fn each_answer_is_given_and_what_came_is_printed() {
    let (app, receiver, _folder) = both(&["--json"]).await;
    let manager = app.logged_in("max").await;
    let expected = [
        ("200", true, "200"),
        ("204", true, "204"),
        ("500", false, "500"),
        ("302", false, "302"),
        ("slow:1", true, "200 after 1 s"),
        ("redirect", false, "307, a redirect"),
        ("hang-up", false, "nothing, the connection is closed"),
        ("huge", true, "200, up to 1 GiB"),
    ];
    for (number, (path, ends_well, answered)) in expected.into_iter().enumerate() {
        let answer = approve(&manager, &receiver.url(path)).await;
        assert_eq!(arrived(&answer), ends_well, "{path}: {}", answer.location());
        let line = &receiver.lines(number + 1).await[number];
        assert_eq!(line["path"], format!("/{path}"));
        assert_eq!(line["answer"], answered, "{line}");
        assert_eq!(line["attempt"], 1, "{line}");
        assert_eq!(line["signature"], json!({ "is": "holds" }), "{line}");
        assert_eq!(line["body_error"], Value::Null, "{line}");
        assert_eq!(line["members"]["user_id"], "u-1");
        assert_eq!(line["members"]["key_permissions"], "read");
        let secret = line["members"]["consumer_secret"].as_str().unwrap();
        assert!(secret.starts_with("cs_") && secret.chars().count() == 8, "{secret}");
    }
    assert_eq!(receiver.lines(0).await.len(), expected.len(), "no redirect was followed");
}

#[tokio::test]
async fn answers_that_never_end_are_ended_by_the_store() {
    let (app, receiver, _folder) = both(&["--json", "--answer", "never"]).await;
    let manager = app.logged_in("max").await;
    assert!(!arrived(&approve(&manager, &receiver.url("")).await));
    assert!(arrived(&approve(&manager, &receiver.url("drip?app=1")).await));
    let lines = receiver.lines(2).await;
    assert_eq!(lines[0]["answer"], "nothing, the connection stays open");
    assert_eq!(lines[1]["path"], "/drip?app=1");
}

/// Presses Retry now on the page of a connection under way; whether the app has the keys then.
async fn retry(manager: &Manager, page: &Answer) -> bool {
    let path = page.location();
    let page = manager.get(path).await;
    let token = page.attribute("form[action$=retry] input[name=form_token]", "value");
    manager.post(&format!("{path}/retry"), &[("form_token", &token)]).await;
    manager.get(path).await.location().contains("success=1")
}

#[tokio::test]
async fn a_list_is_followed_call_by_call_for_each_webhook_id() {
    let (app, receiver, _folder) = both(&["--json"]).await;
    let manager = app.logged_in("max").await;
    let first = approve(&manager, &receiver.url("500,hang-up,200")).await;
    assert!(!arrived(&first));
    assert!(!retry(&manager, &first).await);
    assert!(retry(&manager, &first).await);
    let another = approve(&manager, &receiver.url("500,200")).await;
    assert!(!arrived(&another));
    assert!(retry(&manager, &another).await);
    let lines = receiver.lines(5).await;
    let told: Vec<_> = lines.iter().map(|line| (&line["attempt"], &line["answer"])).collect();
    let closed = "nothing, the connection is closed";
    for (line, (attempt, answer)) in
        told.iter().zip([(1, "500"), (2, closed), (3, "200"), (1, "500"), (2, "200")])
    {
        assert_eq!(*line, (&json!(attempt), &json!(answer)));
    }
    assert_eq!(lines[0]["webhook_id"], lines[2]["webhook_id"]);
    assert_ne!(lines[0]["webhook_id"], lines[3]["webhook_id"]);
}

#[tokio::test]
async fn a_broken_handshake_fails_the_delivery_and_is_told() {
    let (app, mut receiver, _folder) = both(&["--answer", "tls"]).await;
    let manager = app.logged_in("max").await;
    assert!(!arrived(&approve(&manager, &receiver.url("")).await));
    receiver.wait_for_talk("note: a TLS handshake was broken on purpose").await;
    assert_eq!((receiver.interrupt(), receiver.printed().as_str()), (Some(0), ""));
}

#[tokio::test]
async fn a_store_that_does_not_trust_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let app = TestApp::start().await;
    let receiver = DevReceiver::start(folder.path(), &app.url, &[]).await;
    let manager = app.logged_in("max").await;
    assert!(!arrived(&approve(&manager, &receiver.url("")).await));
    receiver.wait_for_talk("is APPGRANT_CALLBACK_CA_FILE set?").await;
}

#[tokio::test]
async fn whole_secrets_stand_in_the_saved_file_and_nowhere_else() {
    let (app, receiver, folder) = both(&["--save", "bodies.jsonl"]).await;
    let manager = app.logged_in("max").await;
    assert!(arrived(&approve(&manager, &receiver.url("")).await));
    let printed = receiver.wait_for_print("answered         200").await;
    let file = folder.path().join("bodies.jsonl");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let saved: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    let secret = saved["body"]["consumer_secret"].as_str().unwrap();
    let key = saved["body"]["consumer_key"].as_str().unwrap();
    assert_eq!((secret.len(), key.len()), (43, 43));
    assert!(printed.contains(&format!("consumer_secret  {}…", &secret[..7])), "{printed}");
    assert!(printed.contains("signature        holds"), "{printed}");
    let everything = format!("{printed}{}", receiver.talk());
    assert!(!everything.contains(&secret[8..]) && !everything.contains(&key[8..]), "{everything}");
}

/// What the receiver says of a callback somebody made up.
async fn judged(receiver: &DevReceiver, headers: &[(&str, &str)], body: &str) -> Value {
    let before = receiver.printed().lines().count();
    let mut request = receiver.client().post(receiver.url("202")).body(body.to_owned());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    assert_eq!(request.send().await.unwrap().status().as_u16(), 202);
    receiver.lines(before + 1).await.swap_remove(before)
}

#[tokio::test]
async fn a_forged_callback_is_told_from_a_signed_one() {
    let (app, receiver, folder) = both(&["--json", "--save", "bodies.jsonl"]).await;
    let now = std::time::SystemTime::UNIX_EPOCH;
    #[expect(
        clippy::disallowed_methods,
        reason = "the receiver is another process with its own clock"
    )]
    let now = std::time::SystemTime::now().duration_since(now).unwrap().as_secs();
    let forged = format!("v1a,{}=", "A".repeat(85) + "=");
    let (fresh, old, ahead) = (now.to_string(), (now - 400).to_string(), (now + 400).to_string());
    for (timestamp, signature, says) in [
        (fresh.as_str(), forged.as_str(), "no v1a signature fits"),
        (fresh.as_str(), "v1,abc", "holds no v1a signature"),
        (old.as_str(), forged.as_str(), "5 minutes old"),
        (ahead.as_str(), forged.as_str(), "5 minutes ahead"),
        ("yesterday", forged.as_str(), "not a number"),
        ("", "", "not a number"),
    ] {
        let headers = [("webhook-timestamp", timestamp), ("webhook-signature", signature)];
        let line = judged(&receiver, &headers, "{}").await;
        assert_eq!(line["signature"]["is"], "does_not_hold", "{line}");
        assert!(line["signature"]["why"].as_str().unwrap().contains(says), "{says}: {line}");
        assert_eq!(line["attempt"], Value::Null);
    }
    let manager = app.logged_in("max").await;
    assert!(arrived(&approve(&manager, &receiver.url("200")).await));
    let saved = fs::read_to_string(folder.path().join("bodies.jsonl")).unwrap();
    let last: Value = serde_json::from_str(saved.lines().last().unwrap()).unwrap();
    assert_eq!(receiver.lines(7).await[6]["signature"]["is"], "holds");
    assert_eq!(last["body"]["user_id"], "u-1");
}

#[tokio::test]
async fn without_the_stores_keys_nothing_is_claimed() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = DevReceiver::start(folder.path(), "http://127.0.0.1:1", &["--json"]).await;
    let line = judged(&receiver, &[("webhook-id", "msg_x")], "{}").await;
    assert_eq!(line["signature"]["is"], "unknown");
    let why = line["signature"]["why"].as_str().unwrap();
    assert!(why.starts_with("http://127.0.0.1:1/.well-known/jwks.json cannot be read"), "{why}");
    assert_eq!((&line["webhook_id"], &line["attempt"]), (&json!("msg_x"), &json!(1)));
}

#[tokio::test]
async fn rubbish_does_not_stop_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut receiver = DevReceiver::start(folder.path(), "http://127.0.0.1:1", &[]).await;
    let port = receiver.host.split(':').nth(1).unwrap();
    for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0; 5000], &[0x16, 3, 1, 0xff, 0xff, 1]] {
        let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }
    let client = receiver.client();
    let got = client.get(receiver.url("500")).send().await.unwrap();
    assert_eq!(got.status().as_u16(), 405);
    assert!(got.text().await.unwrap().contains("hang-up"));
    for path in ["callback", "%00", "200,", "600", "500/200", &"9".repeat(5000)] {
        let got = client.post(receiver.url(path)).body("{}").send().await.unwrap();
        assert_eq!(got.status().as_u16(), 404, "{path}");
        let text = got.text().await.unwrap();
        assert!(text.contains("is no answer") && text.contains("redirect"), "{text}");
    }
    let large = client.post(receiver.url("200")).body(vec![b'x'; 1 << 20]).send().await;
    assert!(large.is_err() || large.unwrap().status().as_u16() == 413);
    let many = (0..40).map(|_| client.post(receiver.url("")).body("\u{1b}[2J").send());
    for answer in many.map(tokio::spawn).collect::<Vec<_>>() {
        assert_eq!(answer.await.unwrap().unwrap().status().as_u16(), 200);
    }
    let printed = receiver.wait_for_print("not JSON").await;
    assert!(!printed.contains('\u{1b}') && !receiver.talk().contains('\u{1b}'));
    assert_eq!(receiver.interrupt(), Some(0));
}

/// Sends bytes as they are, over TLS, and waits until the receiver has closed.
async fn send_raw(receiver: &DevReceiver, bytes: &[u8]) {
    let mut stream = receiver.connect().await;
    stream.write_all(bytes).await.unwrap();
    let _ = stream.read_to_end(&mut Vec::new()).await;
}

#[tokio::test]
async fn no_path_moves_the_cursor_or_fills_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = DevReceiver::start(folder.path(), "http://127.0.0.1:1", &[]).await;
    send_raw(&receiver, b"POST /\xc2\x9b2J HTTP/1.1\r\nhost: a\r\n\r\n").await;
    receiver.wait_for_talk("“2J” is no answer").await;
    let long = format!("POST /200?{}", "x".repeat(5000));
    let broken = "HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nno size\r\n";
    send_raw(&receiver, format!("{long} {broken}").as_bytes()).await;
    receiver.wait_for_talk("too large, too slow or broken").await;
    let talk = receiver.talk();
    assert!(!talk.contains(|c: char| c.is_control() && c != '\n'), "{talk:?}");
    assert!(talk.lines().all(|line| line.chars().count() < 600), "{talk}");
}

#[tokio::test]
async fn a_lost_key_is_made_anew_with_its_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = DevReceiver::start(folder.path(), "http://127.0.0.1:1", &[]).await;
    assert_eq!(first.interrupt(), Some(0));
    let key = folder.path().join("appgrant-dev/ca.key");
    fs::remove_file(&key).unwrap();
    let mut second = DevReceiver::start(folder.path(), "http://127.0.0.1:1", &[]).await;
    let got = second.client().post(second.url("201")).body("{}").send().await.unwrap();
    assert_eq!((got.status().as_u16(), second.interrupt()), (201, Some(0)));
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let (code, error) = refused(folder.path(), &["--listen", "127.0.0.1:0"]);
    assert!(code == 1 && error.contains("others may read") && error.contains("ca.key"), "{error}");
}

fn refused(folder: &Path, options: &[&str]) -> (i32, String) {
    let arguments: Vec<_> = ["dev", "receiver"].iter().chain(options).copied().collect();
    let (code, out, error) = Process::run(folder, &arguments, PASSWORD);
    assert_eq!(out, "");
    (code, error)
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_a_line() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "x").unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (options, code, says) in [
        (&["--answer", "fast"][..], 2, "“fast” is no answer"),
        (&["--answer", "200,tls"], 2, "“tls” is no answer"),
        (&["--store", "shop.example"], 2, "it must be an http or https address"),
        (&["--listen", "localhost"], 2, "invalid"),
        (&["--listen", "0.0.0.0:0"], 1, "add --anywhere"),
        (&["--listen", &taken], 1, "the receiver cannot start at"),
        (&["--folder", "file"], 1, "file cannot be used"),
        (&["--listen", "127.0.0.1:0", "--save", "no/such/folder"], 1, "cannot start"),
        (&["--listen", "127.0.0.1:0", "--save", "/dev/null"], 1, "it is no ordinary file"),
        (&["--name", "bücher"], 1, "a certificate cannot be made"),
    ] {
        let (exit, error) = refused(folder.path(), options);
        assert_eq!(exit, code, "{options:?}: {error}");
        assert!(error.contains(says), "{options:?}: {error}");
        assert!(code == 2 || error.lines().count() == 1, "{error}");
    }
}

#[tokio::test]
async fn the_authority_is_kept_and_the_settings_it_tells_are_those_the_store_needs() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = DevReceiver::start(folder.path(), "http://127.0.0.1:1/shop", &[]).await;
    let ca = folder.path().join("appgrant-dev/ca.pem").canonicalize().unwrap();
    let kept = fs::read(&ca).unwrap();
    let talk = first.talk();
    for line in [
        format!("APPGRANT_CALLBACK_CA_FILE='{}'", ca.display()),
        "APPGRANT_CALLBACK_ALLOW_NETWORKS=127.0.0.0/8,::1/128".to_owned(),
        "http://127.0.0.1:1/shop/wc-auth/v1/authorize?app_name=Dev%20receiver&".to_owned(),
        format!("https://{}/hang-up", first.host),
    ] {
        assert!(talk.contains(&line), "{line} is not in {talk}");
    }
    let ask = |client: reqwest::Client, url: String| async move {
        client.post(url).body("{}").send().await.unwrap().status().as_u16()
    };
    let client = first.client();
    assert_eq!(ask(client.clone(), first.url("201")).await, 201);
    let port = first.host.split(':').nth(1).unwrap();
    assert_eq!(ask(client.clone(), format!("https://127.0.0.1:{port}/201")).await, 201);
    assert_eq!(first.interrupt(), Some(0));
    let second = DevReceiver::start(folder.path(), "http://127.0.0.1:1", &[]).await;
    assert_eq!(fs::read(&ca).unwrap(), kept);
    assert_eq!(ask(client, second.url("201")).await, 201, "the earlier trust still holds");
}
