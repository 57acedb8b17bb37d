//! Licenses come as a file and go as one: looked at first, then imported; exported, and imported elsewhere.

use reqwest::Method;

use super::{activated, made};
use crate::{
    admin::send,
    support::{Answer, Manager, TestApp},
};

const PATH: &str = "/admin/licenses/import";

const FILE: &str = "license_key,sku,product,customer,activation_limit
Cqu62al903ICv40am9nM68Y7o9-32,tea-plugin,Tea,Ada Byron,3
Secret0fSomeb0dyElseInTheWrongPlace,tea-plugin,Tea,No Key,1
Dqu62al903ICv40am9nM68Y7o9-33,tea-plugin,Tea,Charles,many
Equ62al903ICv40am9nM68Y7o9-34,tea-plugin,Coffee,Other product,1
Fqu62al903ICv40am9nM68Y7o9-35,tea-plugin,Tea,Grace,
";

/// Sends a file as a browser does, by the form of that page.
async fn upload(browser: &Manager, page: &Answer, act: &str, file: &[u8]) -> Answer {
    let mut fields: Vec<_> = page.fields("#import form").into_iter().collect();
    fields.push(("act".to_owned(), act.to_owned()));
    let body = parts(&fields, file);
    post(browser, body).await
}

async fn post(browser: &Manager, body: Vec<u8>) -> Answer {
    let request = browser.request(Method::POST, PATH);
    let kind = "multipart/form-data; boundary=BOUNDARY";
    browser.send(request.header("content-type", kind).body(body)).await
}

fn parts(fields: &[(String, String)], file: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    let disposition = "Content-Disposition: form-data; name";
    for (name, value) in fields {
        body.extend(format!("--BOUNDARY\r\n{disposition}=\"{name}\"\r\n\r\n{value}\r\n").bytes());
    }
    let head = "filename=\"licenses.csv\"\r\nContent-Type: text/csv";
    body.extend(format!("--BOUNDARY\r\n{disposition}=\"file\"; {head}\r\n\r\n").bytes());
    body.extend(file);
    body.extend(b"\r\n--BOUNDARY--\r\n");
    body
}

async fn count(browser: &Manager) -> usize {
    browser.get("/admin/licenses").await.texts("a.key-name").len()
}

#[tokio::test]
async fn a_file_is_looked_at_first_and_then_imported() {
    let app = TestApp::start().await;
    let max = app.logged_in("max").await;
    let page = max.get(PATH).await;
    assert!(page.texts("#import-now").is_empty(), "nothing was looked at yet");
    let look = upload(&max, &page, "look", FILE.as_bytes()).await;
    assert_eq!(look.status, 200, "{}", look.body);
    assert!(look.text("#report h2").contains("Nothing was imported yet"));
    assert_eq!(count(&max).await, 0);
    for content in ["Secret0f", "Dqu62al903", "No Key", "Coffee"] {
        assert!(!look.body.contains(content), "{content}");
    }
    assert!(look.text("#passed-over").contains("Row 2: license_key"), "{}", look.body);

    let done = upload(&max, &look, "import", FILE.as_bytes()).await;
    assert_eq!(done.text("#report h2"), "2 licenses were imported");
    let told = done.texts("#passed-over li");
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[1].contains("Row 3: activation_limit: must be a number"), "{told:?}");
    assert!(told[2].contains("Row 4: the product of its SKU is here"), "{told:?}");
    assert_eq!(count(&max).await, 2);
    assert_eq!(max.get("/admin/licenses").await.texts("a.key-name"), ["Grace", "Ada Byron"]);
    assert!(max.get("/admin/licenses/1").await.text("#history").contains("imported a license"));

    // Again, it is all here.
    let look = upload(&max, &done, "look", FILE.as_bytes()).await;
    assert!(look.text("#report").contains("0 of 5 rows"), "{}", look.text("#report"));
    assert!(look.texts("#import-now").is_empty());
}

#[tokio::test]
async fn keys_that_can_be_guessed_are_told_and_taken() {
    let app = TestApp::start().await;
    let max = app.logged_in("max").await;
    let file = "license_key,sku\nX-1,tea\nCqu62al903ICv40am9nM68Y7o9-32,tea\nabcdefgh-7,tea\n";
    let look = upload(&max, &max.get(PATH).await, "look", file.as_bytes()).await;
    let told = look.text("#guessable");
    assert!(told.contains("2 keys are short enough") && told.contains("Rows: 1, 3."), "{told}");
    assert!(!look.body.contains("abcdefgh"), "{}", look.body);
    let done = upload(&max, &look, "import", file.as_bytes()).await;
    assert_eq!(done.text("#report h2"), "3 licenses were imported");
    assert_eq!(done.text("#guessable"), told);
    let strong = b"license_key,sku\nDqu62al903ICv40am9nM68Y7o9-33,tea\n";
    assert!(upload(&max, &done, "look", strong).await.texts("#guessable").is_empty());
}

/// Only what was looked at is imported, by whoever looked.
#[tokio::test]
async fn another_file_than_the_one_looked_at_is_looked_at() {
    let app = TestApp::start().await;
    let (max, ada) = (app.logged_in("max").await, app.logged_in("ada").await);
    let look = upload(&max, &max.get(PATH).await, "look", FILE.as_bytes()).await;
    let other = FILE.replace("Grace", "Somebody");
    let answer = upload(&max, &look, "import", other.as_bytes()).await;
    assert!(answer.text("#report .warn").contains("another file"), "{}", answer.body);
    let mut fields: Vec<_> = ada.get(PATH).await.fields("#import form").into_iter().collect();
    fields.retain(|(name, _)| name != "checked");
    let checked = look.attribute("input[name=checked]", "value");
    for checked in [checked.as_str(), "", "x"] {
        let mut fields = fields.clone();
        fields.push(("checked".to_owned(), checked.to_owned()));
        fields.push(("act".to_owned(), "import".to_owned()));
        let answer = post(&ada, parts(&fields, FILE.as_bytes())).await;
        assert!(answer.text("#report h2").contains("Nothing was imported"), "{}", answer.body);
    }
    assert_eq!(count(&max).await, 0);
    let done = upload(&max, &answer, "import", other.as_bytes()).await;
    assert!(done.text("#report h2").contains("2 licenses were imported"), "{}", done.body);
}

#[tokio::test]
async fn broken_and_huge_files_are_told_plainly() {
    let app = TestApp::start().await;
    let max = app.logged_in("max").await;
    let page = max.get(PATH).await;
    let huge_row = [b"license_key,sku\n\"".as_slice(), &vec![b'x'; 2 * 1024 * 1024]].concat();
    for (file, words) in [
        (b"".as_slice(), "Choose a file"),
        (b"name;email\nAda;a@b.example\n", "no column license_key"),
        (b"\x00\xff\xfe\x00", "it is no UTF-8 text"),
        (b"license_key\n", "no column sku"),
        (&huge_row, "a row is longer than 1 MiB"),
    ] {
        let answer = upload(&max, &page, "look", file).await;
        assert_eq!(answer.status, 422, "{words}: {}", answer.body);
        assert!(answer.text("[role=alert]").contains(words), "{words}: {}", answer.body);
        assert!(answer.texts("#import-now").is_empty());
    }
    let header = upload(&max, &page, "look", b"license_key,sku\n").await;
    assert!(header.text("#report").contains("0 of 0 rows"), "{}", header.body);
    let too_large = vec![b'x'; 8 * 1024 * 1024 + 1];
    let answer = upload(&max, &page, "look", &too_large).await;
    assert_eq!(answer.status, 413);
    assert!(answer.text("main").contains("At most 8 MiB"), "{}", answer.body);

    let lines = (0..20_000).map(|n| format!("Cqu62al903ICv40am9nM68Y7o9-{n},x,no name\n"));
    let many = format!("license_key,sku,activation_limit\n{}", lines.collect::<String>());
    let answer = upload(&max, &page, "look", many.as_bytes()).await;
    assert_eq!(answer.texts("#passed-over li").len(), 201, "not all are named");
    assert!(answer.text("#passed-over li:last-child").contains("And 19800 more"));
}

#[tokio::test]
async fn nobody_else_can_make_a_file_be_taken() {
    let app = TestApp::start().await;
    let max = app.logged_in("max").await;
    let page = max.get(PATH).await;
    let broken = [
        Vec::new(),
        b"--BOUNDARY\r\n".to_vec(),
        b"no parts".to_vec(),
        parts(&[], FILE.as_bytes()),
        parts(&[("form_token".to_owned(), "x".to_owned())], FILE.as_bytes()),
        parts(&vec![("x".to_owned(), "y".to_owned()); 100], FILE.as_bytes()),
    ];
    for body in broken {
        let status = post(&max, body.clone()).await.status;
        assert!(matches!(status, 400 | 403), "{status}: {}", String::from_utf8_lossy(&body));
    }
    assert_eq!(send(&max, PATH, &[]).await.status, 403, "an ordinary form");
    let stranger = upload(&app.browser(), &page, "look", FILE.as_bytes()).await;
    assert_eq!(stranger.location(), format!("{}/login", app.url));
    let vera = app.logged_in("vera").await;
    assert_eq!(vera.get(PATH).await.status, 403);
    assert_eq!(upload(&vera, &page, "import", FILE.as_bytes()).await.status, 403);
    assert!(!vera.get("/admin/licenses").await.body.contains(PATH), "no tab leads there");
    assert_eq!(count(&max).await, 0);
}

#[tokio::test]
async fn an_export_has_whole_keys_only_where_they_are_kept_and_reads_back() {
    for (setting, is_kept) in [("hashed", false), ("readable", true)] {
        let app = TestApp::with(&[("LICENSE_KEYS", setting)]).await;
        let max = app.logged_in("max").await;
        let empty = send(&max, "/admin/licenses/export", &[]).await;
        assert!(empty.body.starts_with("license_key,state,sku") && empty.body.lines().count() == 1);
        let key = made(&app, "=Ada, \"quoted\"").await.key;
        activated(&app, key.expose(), "shop.example").await;
        for n in 0..250 {
            made(&app, &format!("Customer {n}")).await;
        }
        assert_eq!(max.get("/admin/licenses/export").await.status, 404, "not by a link");
        let answer = send(&max, "/admin/licenses/export", &[]).await;
        assert_eq!(answer.status, 200);
        let words = ["text/csv; charset=utf-8", "attachment; filename=\"appgrant-licenses.csv\""];
        assert_eq!([answer.header("content-type"), answer.header("content-disposition")], words);
        assert!(answer.header("cache-control").contains("no-store"));
        assert_eq!(answer.body.lines().count(), 252, "in several pieces, with one header");
        assert_eq!(answer.body.contains(key.expose()), is_kept, "{setting}");
        let page = max.get(PATH).await;
        assert_eq!(page.text("#export").contains("Whole license keys stand in it"), is_kept);
        let audit = app.logged_in("ada").await.get("/admin/audit?event=license.exported").await;
        assert_eq!(audit.texts(".log li").len(), 2, "{}", audit.text(".log"));

        let elsewhere = TestApp::start().await;
        let max = elsewhere.logged_in("max").await;
        let look = upload(&max, &max.get(PATH).await, "look", answer.body.as_bytes()).await;
        let done = upload(&max, &look, "import", answer.body.as_bytes()).await;
        if is_kept {
            assert!(done.text("#report h2").contains("251 licenses"), "{}", done.body);
            let page = max.get("/admin/licenses/1").await;
            assert_eq!(page.text("h1"), "=Ada, \"quoted\"");
            assert!(page.text("#activations li").contains("shop.example"));
        } else {
            assert!(look.text("#passed-over").contains("only whole keys"), "{}", look.body);
            assert_eq!(count(&max).await, 0);
        }
    }
}
