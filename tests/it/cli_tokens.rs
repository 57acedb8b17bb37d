//! `appgrant key tokens|regenerate|end-tokens|rules` and `appgrant app …`, as an operator types them beside
//! a running service.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    access_tokens::{Program, bearer},
    support::{PASSWORD, Process, own_address},
};

/// An installation with the manager `max`, and a command that runs there.
fn installation() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let add = ["user", "add", "max", "--role", "manager", "--password-stdin"];
    assert_eq!(Process::run(folder.path(), &add, PASSWORD).0, 0);
    folder
}

/// What a command says; it must be done.
fn said(folder: &Path, arguments: &[&str]) -> String {
    let (code, said, error) = Process::run(folder, arguments, "");
    assert_eq!(code, 0, "{arguments:?}: {error}");
    said
}

fn told(folder: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&said(folder, &[arguments, &["--json"]].concat())).unwrap()
}

/// Why a command was not carried out.
fn refused(folder: &Path, arguments: &[&str]) -> String {
    let (code, said, error) = Process::run(folder, arguments, "");
    assert_ne!(code, 0, "{arguments:?}: {said}");
    error
}

fn asking(process: &Process, pair: &Value, names: [&str; 2]) -> Program {
    let [id, secret] = names.map(|name| pair[name].as_str().unwrap().to_owned());
    Program { url: process.url.clone(), id, secret }
}

async fn word(process: &Process, token: &str) -> String {
    bearer("GET", token).ask_at(&process.url).await.word().to_owned()
}

/// Asks until another process' change was heard of.
async fn becomes(process: &Process, token: &str, wanted: &str) {
    for _ in 0..100 {
        if word(process, token).await == wanted {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("{wanted} was not heard of within a second");
}

#[tokio::test]
async fn tokens_are_listed_made_anew_and_ended() {
    let folder = installation();
    let path = folder.path();
    let process = Process::start(path, &own_address(), &[]).await;
    let create =
        ["key", "create", "--user", "max", "--description", "Till", "--permissions", "read"];
    let key = told(path, &create);
    assert_eq!(told(path, &["key", "tokens", "1"]), json!([]));
    let program = asking(&process, &key, ["consumer_key", "consumer_secret"]);
    let (access, refresh) = program.pair().await;
    let other = program.token(&[]).await;
    let listed = told(path, &["key", "tokens", "1"]);
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert_eq!(listed[1]["ending"], access[access.len() - 6..]);
    let text = said(path, &["key", "tokens", "1"]);
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.contains("\tlive\tread\tsecret\t") && !text.contains("agat_"), "{text}");

    let id = listed[1]["id"].to_string();
    assert_eq!(
        said(path, &["key", "end-tokens", "1", "--token", &id]),
        format!("token {id} ended\n")
    );
    becomes(&process, &access, "token_revoked").await;
    assert_eq!(program.refresh(&refresh).await.text("error"), "invalid_grant");
    assert_eq!(word(&process, &other).await, "allowed");
    assert!(said(path, &["key", "end-tokens", "1", "--token", &id]).contains("before"));

    let (code, new, talk) = Process::run(path, &["key", "regenerate", "1", "--validity", "90"], "");
    assert_eq!(code, 0, "{talk}");
    assert!(talk.contains("90 seconds") && !talk.contains("agat_"), "{talk}");
    assert_eq!(word(&process, new.trim()).await, "allowed");
    becomes(&process, &other, "token_revoked").await;
    let endless = told(path, &["key", "regenerate", "1", "--validity", "-1"]);
    assert_eq!(endless["expires_in"], json!(null));
    let token = endless["access_token"].as_str().unwrap();
    assert_eq!(word(&process, token).await, "allowed");
    assert_eq!(said(path, &["key", "end-tokens", "1"]), "all tokens of key 1 ended\n");
    becomes(&process, token, "token_revoked").await;
    assert!(refused(path, &["key", "tokens", "77"]).contains("there is no such key"));
    assert!(refused(path, &["key", "regenerate", "1", "--validity", "59"]).contains("60 or more"));
}

#[tokio::test]
async fn rules_are_shown_and_changed() {
    let folder = installation();
    let path = folder.path();
    let create =
        ["key", "create", "--user", "max", "--description", "Till", "--permissions", "read"];
    told(path, &create);
    let rules = |more: &[&str]| told(path, &[&["key", "rules", "1"], more].concat());
    assert_eq!(rules(&[])["environment"], "production");
    let changed = rules(&[
        "--environment",
        "sandbox",
        "--token-seconds",
        "600",
        "--domains",
        "shop.example *.apps.example",
        "--networks",
        "203.0.113.0/24",
    ]);
    let wanted = json!({ "environment": "sandbox", "token_seconds": 600,
        "allowed_domains": ["shop.example", "*.apps.example"],
        "allowed_networks": ["203.0.113.0/24"] });
    assert_eq!(changed, wanted);
    let text = said(path, &["key", "rules", "1"]);
    for line in ["sandbox", "600 seconds", "shop.example, *.apps.example", "203.0.113.0/24"] {
        assert!(text.contains(line), "{text}");
    }
    let changed = rules(&["--token-seconds", "default", "--domains", "ALL", "--networks", "ALL"]);
    assert_eq!(
        (&changed["token_seconds"], &changed["allowed_networks"]),
        (&json!(null), &json!([]))
    );
    assert_eq!(changed["environment"], "sandbox");
    assert_eq!(rules(&["--token-seconds", "-1"])["token_seconds"], -1);
    for (option, value, says) in [
        ("--domains", "http://x", "is no domain"),
        ("--networks", "10.0.0.0/40", "is no network"),
        ("--environment", "staging", "production or sandbox"),
        ("--token-seconds", "0", "60 or more"),
    ] {
        let error = refused(path, &["key", "rules", "1", option, value]);
        assert!(error.contains(says), "{error}");
    }
}

#[tokio::test]
async fn apps_are_registered_listed_and_changed() {
    let folder = installation();
    let path = folder.path();
    let process = Process::start(path, &own_address(), &[]).await;
    let uris =
        ["--redirect-uri", "https://app.example/a", "--redirect-uri", "https://app.example/b"];
    let made = told(path, &registering(&uris));
    let token = asking(&process, &made, ["client_id", "client_secret"]).token(&[]).await;
    assert_eq!(word(&process, &token).await, "allowed");
    let public = told(path, &registering(&["--public", "--redirect-uri", "com.example.app:/x"]));
    assert_eq!(public["client_secret"], json!(null));
    let (_, text, talk) = Process::run(path, &registering(&uris), "");
    assert!(
        text.contains("client_secret  cs_") && talk.contains("not shown again"),
        "{text}{talk}"
    );

    let listed = told(path, &["app", "list"]);
    assert_eq!(listed.as_array().unwrap().len(), 3);
    assert_eq!(
        listed[2]["redirect_uris"],
        json!(["https://app.example/a", "https://app.example/b"])
    );
    assert_eq!(said(path, &["app", "list"]).lines().count(), 3);
    let id = made["id"].to_string();
    let change =
        ["app", "change", &id, "--name", "Tische", "--redirect-uri", "https://app.example/c"];
    assert_eq!(said(path, &change), format!("app {id} changed\n"));
    let shown = told(path, &["app", "show", &id]);
    assert_eq!(
        (&shown["name"], &shown["redirect_uris"]),
        (&json!("Tische"), &json!(["https://app.example/c"]))
    );
    let text = said(path, &["app", "show", &id]);
    assert!(text.contains("Tische") && text.contains("https://app.example/c"), "{text}");
    for (arguments, says) in [
        (&["app", "show", "77"][..], "there is no such key"),
        (&["app", "change", &id], "say what shall change"),
        (&["app", "change", &id, "--redirect-uri", "http://localhost/x"], "127.0.0.1"),
        (&["app", "change", &id, "--name", ""], "name the app"),
    ] {
        let error = refused(path, arguments);
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn the_doctor_says_that_tokens_never_end() {
    let folder = installation();
    let endless = [("APPGRANT_TOKEN_SECONDS", "-1")];
    let (_, said, _) = Process::run_with(folder.path(), &endless, &["doctor"]);
    assert!(said.contains("Tokens never end: APPGRANT_TOKEN_SECONDS."), "{said}");
    let (_, said, _) = Process::run_with(folder.path(), &[], &["doctor"]);
    assert!(!said.contains("never end"), "{said}");
}

/// The words that register an app.
fn registering<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let all = ["app", "register", "--user", "max", "--permissions", "read", "--name", "Möbel"];
    [&all[..], more].concat()
}
