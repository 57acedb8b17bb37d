//! No plain secret anywhere but in the callback: the database and its journal, the log at its most
//! talkative, pages and errors are searched for what was delivered.

use std::fs;

use crate::support::{PASSWORD, Process, Reaction, Receiver, database, own_address, query};

#[tokio::test]
async fn a_delivered_secret_is_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let add = ["user", "add", "max", "--role", "manager", "--password-stdin"];
    assert_eq!(Process::run(folder.path(), &add, PASSWORD).0, 0);
    let receiver = Receiver::start().await;
    receiver.will([Reaction::Status(500)]);
    let settings = [("APPGRANT_LOG", "trace"), ("APPGRANT_CALLBACK_TIMEOUT_SECONDS", "5")];
    let mut process = Process::start(folder.path(), &own_address(), &settings).await;
    let browser = process.browser();
    let login = browser.post("/login", &[("username", "max"), ("password", PASSWORD)]).await;
    let cookie = login.header("set-cookie").split(['=', ';']).nth(1).unwrap().to_owned();

    let request = query(&[
        ("app_name", "My App"),
        ("user_id", "123"),
        ("return_url", "http://app.example/"),
        ("callback_url", &receiver.url()),
        ("scope", "read"),
    ]);
    let page = browser.consent(&request).await;
    let mut pages = vec![page.body.clone()];
    let waiting = browser.approve(&page).await.location().to_owned();
    let shown = browser.get(&waiting).await;
    let token = shown.attribute("input[name=form_token]", "value");
    let during = files(folder.path());
    browser.post(&format!("{waiting}/retry"), &[("form_token", &token)]).await;
    let received = receiver.wait_for(2).await;
    pages.push(shown.body);

    let again = format!("/wc-auth/v1/authorize?{request}");
    for path in [&waiting, &again, "/wc-auth/v1/access_granted", "/connections/x", "/setup?token=x"]
    {
        pages.push(browser.get(path).await.body);
    }
    assert_eq!(process.terminate(), Some(0));

    let secret = received[0].text("consumer_secret");
    let key = received[0].text("consumer_key");
    let basic = data_encoding::BASE64.encode(format!("{key}:{secret}").as_bytes());
    let bare = secret.strip_prefix("cs_").unwrap();
    let raw = data_encoding::HEXLOWER.decode(bare.as_bytes()).unwrap();
    let needles: [(&str, &[u8]); 7] = [
        ("the secret", bare.as_bytes()),
        ("the secret's bytes", &raw),
        ("the secret in Base64", basic.as_bytes()),
        ("the key", key.as_bytes()),
        ("the password", PASSWORD.as_bytes()),
        ("the password as a form sends it", b"correct+horse"),
        ("the session", cookie.as_bytes()),
    ];
    let places = during.into_iter().chain(files(folder.path()));
    let places: Vec<_> = places
        .chain(pages.into_iter().map(|page| ("a page".to_owned(), page.into_bytes())))
        .collect();
    let journal = |name: &str| name.ends_with("-wal") || database::is_postgres();
    assert!(places.iter().any(|(name, _)| journal(name)), "the journal was among them");
    assert!(process.log().contains("TRACE"), "the log was at its most talkative");
    let found = places.iter().any(|(_, content)| content.windows(6).any(|w| w == b"My App"));
    assert!(found, "what is not secret is found by this search");
    for (place, content) in &places {
        for (what, needle) in needles {
            let found = content.windows(needle.len()).any(|window| window == needle);
            assert!(!found, "{what} stands in {place}");
        }
    }
}

/// Keys, secrets, tokens and passwords made, pasted and typed on the screens under `/admin`.
#[tokio::test]
async fn what_the_screens_show_once_is_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let add = ["user", "add", "max", "--role", "manager", "--password-stdin"];
    assert_eq!(Process::run(folder.path(), &add, PASSWORD).0, 0);
    let settings = [("APPGRANT_LOG", "trace")];
    let mut process = Process::start(folder.path(), &own_address(), &settings).await;
    let browser = process.browser();
    browser.post("/login", &[("username", "max"), ("password", PASSWORD)]).await;
    let mut fields = browser.get("/admin/keys/new").await.fields("main form");
    fields.insert("description".to_owned(), "My till".to_owned());
    fields.insert("permissions".to_owned(), "read".to_owned());
    let made = browser.press("/admin/keys/new", &fields).await;
    let (key, secret) = (made.text("#consumer-key"), made.text("#consumer-secret"));
    let account = browser.get("/admin/account").await;
    let mut fields = account.fields("form[action$=tokens]");
    fields.insert("token_name".to_owned(), "Sync".to_owned());
    let token = browser.press("/admin/account/tokens", &fields).await.text("#token");
    assert!(!key.is_empty() && !secret.is_empty() && !token.is_empty());

    let form_token = fields["form_token"].as_str();
    let mut pages = Vec::new();
    for typed in [&key, &secret, &token] {
        let fields = [("form_token", form_token), ("q", typed.as_str())];
        let answer = browser.post("/admin/keys/search", &fields).await;
        pages.push(answer.location().to_owned());
    }
    let new = "an entirely new one";
    let change = [
        ("form_token", form_token),
        ("current", PASSWORD),
        ("password", new),
        ("password_again", new),
    ];
    assert!(
        browser.post("/admin/account/password", &change).await.location().ends_with("own_password")
    );
    for path in ["/admin", "/admin/keys", "/admin/keys/1", "/admin/account", "/admin/audit"] {
        pages.push(browser.get(path).await.body);
    }
    assert_eq!(process.terminate(), Some(0));
    assert!(process.log().contains("TRACE"), "the log was at its most talkative");
    let mut places = files(folder.path());
    places.extend(pages.into_iter().map(|page| ("a page".to_owned(), page.into_bytes())));
    assert!(places.iter().any(|(_, content)| content.windows(7).any(|w| w == b"My till")));
    let needles = [&key[3..], &secret[3..], &token[4..], new, "an+entirely+new", PASSWORD];
    for (place, content) in &places {
        for needle in needles {
            let found = content.windows(needle.len()).any(|window| window == needle.as_bytes());
            assert!(!found, "{needle} stands in {place}");
        }
    }
}

/// Every file in the folder, and what the database holds where it is none of them.
fn files(folder: &std::path::Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.display().to_string(), fs::read(path).unwrap()))
        .collect();
    if database::is_postgres() {
        files.extend(database::content(&database::of(folder)));
    }
    files
}
