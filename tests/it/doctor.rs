//! `appgrant doctor`: what an operator reads about an installation, which looking must not change.

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt, path::Path};

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use serde_json::Value;

use crate::support::{Process, database, own_address, postgres};

/// The checks by name, and the exit code.
fn doctor(folder: &Path, settings: &[(&str, &str)]) -> (i32, BTreeMap<String, Value>) {
    let (code, out, error) = Process::run_with(folder, settings, &["doctor", "--json"]);
    let checks: Vec<Value> = serde_json::from_str(&out).unwrap();
    let failed = checks.iter().any(|check| check["status"] == "failed");
    assert_eq!((code, error.lines().count()), (i32::from(failed), usize::from(failed)), "{error}");
    let name = |check: &Value| check["check"].as_str().unwrap().to_owned();
    (code, checks.into_iter().map(|check| (name(&check), check)).collect())
}

fn assert_says(checks: &BTreeMap<String, Value>, check: &str, status: &str, says: &str) {
    let found = &checks.get(check).unwrap_or_else(|| panic!("no {check} in {checks:#?}"));
    assert_eq!(found["status"], status, "{found}");
    let text = format!("{} {}", found["what"], found["mend"]);
    assert!(text.contains(says), "{says:?} is not in {text}");
}

/// Every file and what it holds.
fn content(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: std::path::PathBuf| {
        (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap())
    };
    files.map(read).collect()
}

#[tokio::test]
async fn looking_makes_nothing_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (code, checks) = doctor(folder.path(), &[]);
    assert_eq!(code, 0);
    let made =
        if database::is_postgres() { "its schema is right" } else { "the first start makes it" };
    assert_says(&checks, "database", "ok", made);
    assert_says(&checks, "key_file", "ok", "the first start makes it");
    assert_eq!(content(folder.path()).into_keys().collect::<Vec<_>>(), ["ca.pem"]);

    Process::make_store(folder.path(), &[]);
    let before = content(folder.path());
    let (code, checks) = doctor(folder.path(), &[]);
    assert_eq!(code, 0);
    assert_says(&checks, "database", "ok", "its schema is right");
    assert_says(&checks, "key_file", "ok", "can be used");
    assert_says(&checks, "clock", "ok", "Z");
    assert_says(&checks, "settings", "ok", "");
    assert_eq!(content(folder.path()), before);
}

#[tokio::test]
async fn it_may_be_asked_while_the_service_runs_and_after_it_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = Process::start(folder.path(), &own_address(), &[]).await;
    let (code, checks) = doctor(folder.path(), &[]);
    assert_eq!(code, 0, "{checks:#?}");
    assert_says(&checks, "database", "ok", "its schema is right");
    assert_eq!(process.browser().get("/readyz").await.status, 200);
    process.kill();
    let before = content(folder.path());
    assert_says(&doctor(folder.path(), &[]).1, "database", "ok", "its schema is right");
    let after = content(folder.path());
    for file in ["appgrant.db", "appgrant.db-wal"] {
        assert!(after.contains_key(file) || database::is_postgres());
        assert_eq!(after.get(file), before.get(file));
    }
}

#[tokio::test]
async fn each_fault_of_an_installation_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    fs::write(file("rubbish"), vec![b'x'; 5000]).unwrap();
    fs::write(file("empty.db"), "").unwrap();
    let mode = |name: &str, mode| {
        fs::set_permissions(file(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    mode("empty.db", 0o644);
    for (setting, value, check, status, says) in [
        ("DATABASE_URL", "sqlite:rubbish", "database", "failed", "not a database"),
        ("DATABASE_URL", "sqlite:no/such/x.db", "database", "failed", "its folder is not there"),
        ("DATABASE_URL", "sqlite:empty.db", "database", "warning", "older than this program"),
        ("DATABASE_URL", "sqlite:empty.db", "database_file", "warning", "chmod 600"),
        (
            "DATABASE_URL",
            "postgres://u:hunter2@127.0.0.1:1/x",
            "database",
            "failed",
            "cannot be reached",
        ),
        ("SECRET_KEY_FILE", "rubbish", "key_file", "failed", "does not hold a master key"),
        ("PUBLIC_URL", "http://shop.example", "public_url", "warning", "without TLS"),
        ("PUBLIC_URL", "https://shop.example", "public_url", "ok", "https://shop.example"),
        ("PUBLIC_URL", "shop.example", "settings", "failed", "it must be an http or https address"),
        ("LISTNE", "x", "settings", "failed", "did you mean APPGRANT_LISTEN?"),
        ("STORE_LOGO", "none.svg", "settings", "failed", "APPGRANT_STORE_LOGO names a file"),
        ("LOG", "appgrant=loud", "settings", "failed", "APPGRANT_LOG cannot be understood"),
        ("CALLBACK_CA_FILE", "rubbish", "callback_ca_file", "failed", "no certificate"),
        ("CALLBACK_CA_FILE", "none.pem", "callback_ca_file", "failed", "cannot be used"),
        ("CALLBACK_CA_FILE", "ca.pem", "callback_ca_file", "warning", "adds 1"),
        ("CALLBACK_ALLOW_NETWORKS", "10.0.0.0/8", "allow_networks", "warning", "10.0.0.0/8"),
        ("CALLBACK_ALLOW_NETWORKS", "", "allow_networks", "ok", "public addresses only"),
        ("TRUSTED_PROXIES", "0.0.0.0/0", "trusted_proxies", "warning", "Every client"),
    ] {
        let (_, checks) = doctor(folder.path(), &[(&format!("APPGRANT_{setting}"), value)]);
        assert_says(&checks, check, status, says);
        let all = serde_json::to_string(&checks).unwrap();
        assert!(!all.contains("hunter2") && !all.contains("xxxx"), "{all}");
    }
    assert_eq!(fs::read(file("empty.db")).unwrap(), b"");
}

#[tokio::test]
async fn a_key_file_that_does_not_fit_is_told() {
    let folder = tempfile::tempdir().unwrap();
    Process::make_store(folder.path(), &[]);
    let file = |name: &str| folder.path().join(name);
    fs::set_permissions(file("appgrant.key"), fs::Permissions::from_mode(0o644)).unwrap();
    assert_says(&doctor(folder.path(), &[]).1, "key_file", "warning", "chmod 600");
    fs::rename(file("appgrant.key"), file("kept")).unwrap();
    assert_says(&doctor(folder.path(), &[]).1, "key_file", "failed", "Restore it from the backup");
    assert!(!file("appgrant.key").exists());
    let other = format!("appgrant-master-key-1:{}\n", "ab".repeat(32));
    fs::write(file("appgrant.key"), &other).unwrap();
    let (code, checks) = doctor(folder.path(), &[]);
    assert_eq!(code, 1);
    assert_says(&checks, "key_file", "failed", "not the key file this database was made with");
    assert!(!serde_json::to_string(&checks).unwrap().contains("abab"));
}

#[tokio::test]
async fn a_postgres_database_is_looked_at_and_its_clock_compared() {
    let (Some(ready), Some(empty)) =
        (postgres::migrated_database().await, postgres::empty_database().await)
    else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (code, checks) = doctor(folder.path(), &[("APPGRANT_DATABASE_URL", &ready)]);
    assert_eq!(code, 0, "{checks:#?}");
    assert_says(&checks, "database", "ok", "its schema is right");
    assert_says(&checks, "clock", "ok", "as the database’s");
    for _ in 0..2 {
        let (code, checks) = doctor(folder.path(), &[("APPGRANT_DATABASE_URL", &empty)]);
        assert_eq!(code, 1);
        assert_says(&checks, "database", "failed", "run `appgrant migrate`");
    }
}

#[tokio::test]
async fn people_read_one_line_a_check() {
    let folder = tempfile::tempdir().unwrap();
    let (code, out, error) = Process::run_with(folder.path(), &[], &["doctor"]);
    assert_eq!((code, error.as_str()), (0, ""));
    let database =
        if database::is_postgres() { "postgres" } else { "appgrant.db is not there yet" };
    assert!(out.contains(&format!("\nok       database          {database}")), "{out}");
    assert!(out.contains("\nwarning  allow_networks    Callbacks may reach 127.0.0.0/8"), "{out}");
    fs::write(folder.path().join("appgrant.key"), "x").unwrap();
    let (code, _, error) = Process::run_with(folder.path(), &[], &["doctor"]);
    let line = "appgrant: the service cannot work as it is; failed: key_file\n";
    assert_eq!((code, error.as_str()), (1, line));
}

/// A certificate that ends so many days from now, and its key.
fn certificate(folder: &Path, days: i64) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["shop.example".to_owned()]).unwrap();
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let end = now.checked_add_signed(days * 86_400).unwrap();
    params.not_after = date_time_ymd(1970, 1, 1) + std::time::Duration::from_secs(end);
    fs::write(folder.join("tls.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
    fs::write(folder.join("tls.key"), key.serialize_pem()).unwrap();
}

#[test]
fn a_certificate_of_our_own_is_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let settings =
        [("APPGRANT_TLS_CERTIFICATE_FILE", "tls.pem"), ("APPGRANT_TLS_KEY_FILE", "tls.key")];
    let says = |status, says| {
        assert_says(&doctor(folder.path(), &settings).1, "tls_certificate", status, says);
    };
    assert!(!doctor(folder.path(), &[]).1.contains_key("tls_certificate"), "a proxy ends TLS");
    says("failed", "APPGRANT_TLS_KEY_FILE");
    for (days, status, words) in
        [(60, "ok", "tls.pem ends on"), (10, "warning", "Renew it"), (-1, "failed", "ended on")]
    {
        certificate(folder.path(), days);
        says(status, words);
    }
    let other = KeyPair::generate().unwrap().serialize_pem();
    fs::write(folder.path().join("tls.key"), &other).unwrap();
    says("failed", "not the certificate's");
    fs::write(folder.path().join("tls.pem"), "rubbish").unwrap();
    says("failed", "it holds no certificate");
    let all = serde_json::to_string(&doctor(folder.path(), &settings).1).unwrap();
    assert!(!all.contains(other.lines().nth(1).unwrap()), "the key stays untold");
}
