//! The command line: what an operator types, reads and scripts against (contract §2 and §3).

use std::{fs, os::unix::fs::PermissionsExt};

use appgrant::{
    cli::startup::{self, World},
    config::{Settings, Values},
};

use crate::support::{PASSWORD, Process, TestApp, database, own_address, postgres};

fn run(folder: &tempfile::TempDir, arguments: &[&str]) -> (i32, String, String) {
    Process::run(folder.path(), arguments, PASSWORD)
}

#[tokio::test]
async fn a_fresh_start_needs_nothing_prepared() {
    let folder = tempfile::tempdir().unwrap();
    let address = own_address();
    let mut process = Process::start(folder.path(), &address, &[]).await;
    process.wait_for_log("make the first admin at ").await;
    let log = process.log();
    let link =
        log.split("make the first admin at ").nth(1).unwrap().split_whitespace().next().unwrap();
    assert!(link.starts_with(&format!("http://{address}/setup?token=")), "{link}");
    assert_eq!(process.browser().get(link).await.status, 200);
    assert_eq!(process.browser().get("/healthz").await.status, 200);
    assert_eq!(process.browser().get("/readyz").await.body, r#"{"status":"ok"}"#);
    assert_eq!(process.terminate(), Some(0));
    let database = (!database::is_postgres()).then_some(database::FILE);
    for file in database.into_iter().chain(["appgrant.key"]) {
        let mode = fs::metadata(folder.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[tokio::test]
async fn users_are_made_listed_changed_and_shut_out() {
    let folder = tempfile::tempdir().unwrap();
    let add = [
        "user",
        "add",
        "Ada",
        "--role",
        "admin",
        "--name",
        "Ada L.",
        "--email",
        "ada@shop.example",
        "--password-stdin",
    ];
    assert_eq!(run(&folder, &add), (0, "user Ada added (admin)\n".into(), String::new()));
    let (code, _, error) = run(&folder, &add);
    assert_eq!(
        (code, error.as_str()),
        (1, "appgrant: that login or e-mail address is already taken\n")
    );
    let (_, list, _) = run(&folder, &["user", "list", "--json"]);
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list[0]["login"], "ada");
    assert_eq!(list[0]["role"], "admin");
    assert!(list[0].get("password_hash").is_none());
    assert_eq!(run(&folder, &["user", "disable", "ada"]).0, 0);
    assert!(run(&folder, &["user", "list"]).1.contains("disabled"));
    assert_eq!(run(&folder, &["user", "enable", "ada"]).0, 0);
    assert_eq!(run(&folder, &["user", "passwd", "ada", "--password-stdin"]).0, 0);
    for arguments in
        [&["user", "disable", "bob"][..], &["user", "passwd", "bob", "--password-stdin"]]
    {
        let (code, _, error) = run(&folder, arguments);
        assert_eq!((code, error.as_str()), (1, "appgrant: there is no user of that login\n"));
    }
    let (code, _, error) =
        Process::run(folder.path(), &["user", "passwd", "ada", "--password-stdin"], "short\n");
    assert_eq!(code, 1);
    assert_eq!(error, "appgrant: the password is too short: at least 10 characters are needed\n");
}

#[tokio::test]
async fn wrong_usage_exits_with_two() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &[][..],
        &["fly"],
        &["user", "add", "x"],
        &["user", "add", "x", "--role", "king", "--password-stdin"],
        &["user", "add", "x", "--role", "admin"],
        &["serve", "--fast"],
    ] {
        let (code, _, error) = run(&folder, arguments);
        assert_eq!(code, 2, "{arguments:?}: {error}");
        assert!(!error.is_empty());
    }
    assert_eq!(run(&folder, &["--version"]).1, format!("appgrant {}\n", env!("CARGO_PKG_VERSION")));
}

#[tokio::test]
async fn migrate_says_what_it_did() {
    let folder = tempfile::tempdir().unwrap();
    if database::is_postgres() {
        postgres::of(folder.path(), postgres::Content::Nothing);
        let (code, _, error) = run(&folder, &["user", "list"]);
        assert_eq!((code, error.lines().count()), (1, 1), "{error}");
        assert!(error.contains("run `appgrant migrate`"), "{error}");
    }
    assert!(run(&folder, &["migrate"]).1.starts_with("applied "));
    assert_eq!(run(&folder, &["migrate"]).1, "the schema is up to date\n");
    assert_eq!(run(&folder, &["user", "list"]).0, 0);
}

#[tokio::test]
async fn config_shows_each_setting_and_its_source() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("appgrant.toml");
    fs::write(&file, "store_name = 'Tea'\ndatabase_url = 'postgres://u:hunter2@h/db'").unwrap();
    let run = |address: &str, arguments: &[&str]| {
        Process::run_without_database(folder.path(), address, arguments)
    };
    let (code, text, _) = run("127.0.0.1:8081", &["config"]);
    assert_eq!(code, 0);
    assert!(text.contains("APPGRANT_STORE_NAME = \"Tea\"  (in appgrant.toml)"), "{text}");
    assert!(
        text.contains("APPGRANT_LISTEN = \"127.0.0.1:8081\"  (from the environment)"),
        "{text}"
    );
    assert!(text.contains("APPGRANT_LOG = \"info\"  (by default)"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
    let (_, json, _) = run(&own_address(), &["config", "--json"]);
    assert!(serde_json::from_str::<serde_json::Value>(&json).unwrap().is_array());
}

#[tokio::test]
async fn every_wrong_setting_stops_the_start_with_its_one_line() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("large.svg"), vec![b' '; 300_000]).unwrap();
    fs::write(folder.path().join("rubbish.key"), "rubbish").unwrap();
    fs::write(folder.path().join("rubbish.db"), vec![b'x'; 5000]).unwrap();
    for (line, says) in [
        ("lisen = '1'", "lisen (in wrong.toml) is not a setting; did you mean listen?"),
        ("log = 'appgrant=loud'", "APPGRANT_LOG cannot be understood"),
        ("store_logo = 'none.svg'", "APPGRANT_STORE_LOGO names a file that cannot be read"),
        (
            "store_logo = 'wrong.toml'",
            "APPGRANT_STORE_LOGO must name an SVG, PNG, JPEG or WebP file",
        ),
        ("store_logo = 'large.svg'", "APPGRANT_STORE_LOGO names a file of more than 256 KiB"),
        (
            "secret_key_file = 'rubbish.key'",
            "APPGRANT_SECRET_KEY_FILE names rubbish.key, which cannot be used",
        ),
        (
            "secret_key_file = 'no/such/folder/x'",
            "APPGRANT_SECRET_KEY_FILE names no/such/folder/x, which cannot be used",
        ),
        (
            "database_url = 'sqlite:no/such/folder/x.db'",
            "APPGRANT_DATABASE_URL names a file that cannot be made",
        ),
        ("database_url = 'sqlite:rubbish.db'", "APPGRANT_DATABASE_URL cannot be used"),
        ("database_url = 'postgres://nobody@127.0.0.1:1/x'", "the database cannot be reached"),
        (
            "accent_color = 'red'",
            "accent_color (in wrong.toml) is “red”; it must be a colour as #rrggbb",
        ),
    ] {
        fs::write(folder.path().join("wrong.toml"), line).unwrap();
        let serve = ["--config", "wrong.toml", "serve"];
        let (code, out, error) =
            Process::run_without_database(folder.path(), &own_address(), &serve);
        assert_eq!((code, out.as_str(), error.lines().count()), (1, "", 1), "{line}: {error}");
        assert!(error.starts_with(&format!("appgrant: {says}")), "{line}: {error}");
    }
    let (code, _, error) = run(&folder, &["--config", "none.toml", "serve"]);
    assert_eq!(code, 1);
    assert!(error.starts_with("appgrant: the settings file none.toml cannot be read"), "{error}");
}

#[tokio::test]
async fn roots_that_are_none_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("no.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        .unwrap();
    fs::write(path("empty.pem"), "rubbish").unwrap();
    for (file, says) in [
        ("none.pem", "which cannot be read"),
        ("no.pem", "cannot be used"),
        ("empty.pem", "cannot be used: it holds no certificate"),
    ] {
        let environment = [
            ("DATABASE_URL", format!("sqlite:{}", path("test.db"))),
            ("SECRET_KEY_FILE", path("test.key")),
            ("CALLBACK_CA_FILE", path(file)),
        ]
        .map(|(name, value)| (format!("APPGRANT_{name}"), value));
        let settings = Settings::read(&Values::gather(environment, None).unwrap()).unwrap();
        let error = startup::services(&settings, &World::real()).await.err().unwrap().to_string();
        assert!(error.starts_with("APPGRANT_CALLBACK_CA_FILE") && error.contains(says), "{error}");
    }
}

#[tokio::test]
async fn a_busy_address_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, _, error) = Process::run_at(folder.path(), &address, &["serve"], "");
    assert_eq!(code, 1);
    assert!(
        error.starts_with(&format!(
            "appgrant: APPGRANT_LISTEN is {address}, where nothing can listen"
        )),
        "{error}"
    );
}

#[tokio::test]
async fn another_key_file_than_the_databases_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    Process::make_store(folder.path(), &[]);
    let (key, kept) = (folder.path().join("appgrant.key"), folder.path().join("kept"));
    fs::rename(&key, &kept).unwrap();
    let (code, _, error) = run(&folder, &["user", "list"]);
    assert_eq!(code, 1);
    assert!(
        error.contains("is not the key file this database was made with; put the right one back"),
        "{error}"
    );
    assert!(!key.exists(), "the fresh one is not left behind");
    fs::rename(&kept, &key).unwrap();
    assert_eq!(run(&folder, &["user", "list"]).0, 0);
}

#[tokio::test]
async fn the_logo_and_the_colour_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let logo = folder.path().join("logo.svg");
    fs::write(&logo, "<svg xmlns='http://www.w3.org/2000/svg'/>").unwrap();
    let app =
        TestApp::with(&[("STORE_LOGO", logo.to_str().unwrap()), ("ACCENT_COLOR", "#ffcc00")]).await;
    let page = app.browser().get("/login").await;
    assert_eq!(page.attribute("#wc-logo", "alt"), "Ada’s Tea");
    let image = app.browser().get(&page.attribute("#wc-logo", "src")).await;
    assert_eq!(image.header("content-type"), "image/svg+xml");
    assert!(image.header("content-security-policy").contains("sandbox"));
    let theme = page.attribute("link[rel=stylesheet]:last-of-type", "href");
    assert_eq!(
        app.browser().get(&theme).await.body,
        ":root { --accent: #ffcc00; --on-accent: #000000; }\n"
    );
    assert_eq!(app.browser().get("/static/../Cargo.toml").await.status, 404);
}

#[tokio::test]
async fn a_full_disk_is_told_and_a_reader_that_went_is_none_of_our_business() {
    let folder = tempfile::tempdir().unwrap();
    let full = fs::File::create("/dev/full").unwrap();
    let (code, error) = Process::run_into(folder.path(), &["config"], full.into());
    assert_eq!((code, error.lines().count()), (1, 1), "{error}");
    assert!(error.starts_with("appgrant: standard output cannot be written"), "{error}");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    assert_eq!(Process::run_into(folder.path(), &["config"], writer.into()), (0, String::new()));
}
