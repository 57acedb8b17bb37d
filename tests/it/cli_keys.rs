//! `appgrant key …` and what `user …` does to keys: what an operator types, reads and scripts against.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::Stdio,
};

use serde_json::Value;

use crate::support::{PASSWORD, Process, Question, own_address};

fn run(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let cheap = [("APPGRANT_SECRET_HASH", "m=8,t=1")];
    Process::run_with(folder, &cheap, arguments)
}

/// A folder with an installation: admin `ada`, manager `max`.
fn installation() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (login, role) in [("ada", "admin"), ("max", "manager")] {
        let add = ["user", "add", login, "--role", role, "--password-stdin"];
        assert_eq!(Process::run(folder.path(), &add, PASSWORD).0, 0);
    }
    folder
}

fn create(folder: &Path, user: &str, description: &str) -> Value {
    let create = [
        "key",
        "create",
        "--user",
        user,
        "--description",
        description,
        "--permissions",
        "read_write",
        "--json",
    ];
    let (code, said, error) = run(folder, &create);
    assert_eq!((code, error.as_str()), (0, ""));
    serde_json::from_str(&said).unwrap()
}

fn list(folder: &Path, arguments: &[&str]) -> Vec<Value> {
    let (code, said, error) = run(folder, &[&["key", "list", "--json"], arguments].concat());
    assert_eq!((code, error.as_str()), (0, ""));
    serde_json::from_str(&said).unwrap()
}

fn ids(keys: &[Value]) -> Vec<i64> {
    keys.iter().map(|key| key["id"].as_i64().unwrap()).collect()
}

const ORDERS: &str = "/wp-json/wc/v3/orders";

#[tokio::test]
async fn a_key_is_made_shown_once_used_and_revoked_beside_a_running_service() {
    let folder = installation();
    let process = Process::start(folder.path(), &own_address(), &[]).await;
    let made = create(folder.path(), "max", "Till in the shop");
    let mut members: Vec<_> = made.as_object().unwrap().keys().collect();
    members.sort_unstable();
    assert_eq!(members, ["consumer_key", "consumer_secret", "id"]);
    let pair = |name: &str| made[name].as_str().unwrap().to_owned();
    let asks =
        Question::forwarded("GET", ORDERS).basic(&pair("consumer_key"), &pair("consumer_secret"));
    let said = asks.ask_at(&process.url).await;
    assert_eq!((said.word(), said.header("x-appgrant-owner")), ("allowed", "max"));

    let (code, text, error) = run(
        folder.path(),
        &[
            "key",
            "create",
            "--user",
            "ada",
            "--description",
            "Two",
            "--permissions",
            "read",
            "--expires",
            "2099-01-31",
        ],
    );
    assert_eq!((code, error.as_str()), (0, "The secret is not shown again.\n"));
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines[1].contains("consumer key     ck_") && lines[2].contains("consumer secret  cs_"));

    let shown =
        run(folder.path(), &["key", "list"]).1 + &run(folder.path(), &["key", "show", "1"]).1;
    let listed = run(folder.path(), &["key", "list", "--json"]).1;
    for secret in [pair("consumer_secret"), pair("consumer_key"), "argon2".to_owned()] {
        assert!(!shown.contains(&secret) && !listed.contains(&secret));
    }
    assert!(shown.contains("Till in the shop"), "{shown}");
    assert_eq!(
        run(folder.path(), &["key", "revoke", "1", "--reason", "till was stolen"]),
        (0, "key 1 revoked\n".into(), String::new())
    );
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
    while asks.ask_at(&process.url).await.word() != "revoked" {
        assert!(tokio::time::Instant::now() < deadline, "the service did not hear of it");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let again = run(folder.path(), &["key", "revoke", "1"]);
    assert_eq!((again.0, again.2.as_str()), (1, "appgrant: this key is revoked already\n"));
}

#[test]
fn the_list_has_the_fields_of_the_contract() {
    let folder = installation();
    assert_eq!(run(folder.path(), &["key", "list", "--json"]).1, "[]\n");
    assert_eq!(run(folder.path(), &["key", "list"]).1, "");
    create(folder.path(), "max", "Till in the shop");
    create(folder.path(), "ada", "Ledger");
    run(folder.path(), &["key", "revoke", "1", "--reason", "stolen"]);
    let (_, text, _) = run(folder.path(), &["key", "list", "--json"]);
    let fields = [
        "id",
        "description",
        "ending",
        "permissions",
        "kind",
        "environment",
        "state",
        "owner",
        "owner_id",
        "owner_name",
        "app",
        "created_at",
        "expires_at",
        "last_used",
        "last_write_at",
        "revoked_at",
        "revoke_reason",
    ];
    assert_eq!(text.lines().count(), 2, "a key a line: {text}");
    let keys = list(folder.path(), &[]);
    for field in fields {
        assert!(keys[0].get(field).is_some(), "{field}: {text}");
    }
    assert_eq!(ids(&keys), [2, 1], "newest first");
    assert_eq!(keys[1].as_object().unwrap().len(), fields.len());
    assert_eq!([&keys[1]["owner"], &keys[1]["owner_name"]], ["max", "max"]);
    assert_eq!(keys[1]["owner_id"], 2);
    assert_eq!(keys[1]["revoke_reason"], "stolen");
    let (_, one, _) = run(folder.path(), &["key", "show", "1", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&one).unwrap(), keys[1]);
    for (filter, found) in [
        (&["--state", "revoked"][..], &[1][..]),
        (&["--state", "active"], &[2]),
        (&["--state", "expired"], &[]),
        (&["--user", "max"], &[1]),
        (&["--search", "till sho"], &[1]),
        (&["--search", "nothing"], &[]),
        (&["--app", "app.example"], &[]),
        (&["--user", "ada", "--state", "active", "--search", "ledger"], &[2]),
    ] {
        assert_eq!(ids(&list(folder.path(), filter)), found, "{filter:?}");
    }
}

#[test]
fn what_is_refused_or_wrong_is_one_line() {
    let folder = installation();
    let viewer = ["user", "add", "vera", "--role", "viewer", "--password-stdin"];
    assert_eq!(Process::run(folder.path(), &viewer, PASSWORD).0, 0);
    assert_eq!(run(folder.path(), &["user", "disable", "max"]).0, 0);
    let create = |user: &'static str, description: &'static str, more: &[&'static str]| {
        let first = [
            "key",
            "create",
            "--user",
            user,
            "--permissions",
            "read",
            "--description",
            description,
        ];
        [&first[..], more].concat()
    };
    for (arguments, says) in [
        (create("bob", "X", &[]), "there is no user of that login"),
        (create("max", "X", &[]), "that user is not there, or is disabled"),
        (create("ada", " \u{200b} ", &[]), "say what the key is for, in at most 200 characters"),
        (create("ada", "X", &["--expires", "2020-01-01"]), "that end lies in the past"),
        (create("ada", "X", &["--expires", "soon"]), "an end is a day like 2027-01-31"),
        (vec!["key", "show", "99"], "there is no such key"),
        (vec!["key", "revoke", "99"], "there is no such key"),
        (vec!["key", "list", "--user", "bob"], "there is no user of that login"),
        (vec!["key", "list", "--search", "%"], "--search needs a word"),
    ] {
        let (code, said, error) = run(folder.path(), &arguments);
        assert_eq!(
            (code, said.as_str(), error.lines().count()),
            (1, "", 1),
            "{arguments:?}: {error}"
        );
        assert!(error.starts_with(&format!("appgrant: {says}")), "{error}");
    }
    for arguments in [
        create("ada", "X", &["--permissions", "all"]),
        vec!["key", "create", "--user", "ada"],
        vec!["key", "revoke"],
        vec!["key", "revoke", "one"],
        vec!["key", "list", "--state", "lost"],
        vec!["user", "delete", "max"],
        vec!["user", "delete", "max", "--keys-to", "ada", "--revoke-keys"],
        vec!["user", "disable", "max", "--keys-to", "ada", "--revoke-keys"],
    ] {
        assert_eq!(run(folder.path(), &arguments).0, 2, "{arguments:?}");
    }
    assert!(list(folder.path(), &[]).is_empty());
}

#[test]
fn what_becomes_of_keys_is_said_when_a_user_goes() {
    let folder = installation();
    for description in ["One", "Two"] {
        create(folder.path(), "max", description);
    }
    let (code, said, talk) = run(folder.path(), &["user", "disable", "max"]);
    assert_eq!(code, 0);
    assert_eq!(
        said,
        "user max disabled; sessions ended\n2 keys of max stop working until max is enabled again\n"
    );
    assert!(talk.contains("--keys-to LOGIN") && talk.contains("--revoke-keys"), "{talk}");
    let (code, _, error) = run(folder.path(), &["user", "disable", "max", "--keys-to", "bob"]);
    assert_eq!((code, error.as_str()), (1, "appgrant: there is no user of that login\n"));
    let (code, _, error) = run(folder.path(), &["user", "disable", "max", "--keys-to", "max"]);
    assert_eq!(code, 1, "{error}");
    let (_, said, _) = run(folder.path(), &["user", "disable", "max", "--keys-to", "ada"]);
    assert!(said.ends_with("\n2 keys of max given to ada\n"), "{said}");
    assert_eq!(ids(&list(folder.path(), &["--user", "ada", "--state", "active"])), [2, 1]);

    run(folder.path(), &["user", "enable", "max"]);
    create(folder.path(), "max", "Three");
    let (_, said, _) = run(folder.path(), &["user", "delete", "max", "--revoke-keys"]);
    assert_eq!(said, "user max deleted; sessions ended\n1 key of max revoked\n");
    assert_eq!(ids(&list(folder.path(), &["--state", "revoked"])), [3]);
    let (_, users, _) = run(folder.path(), &["user", "list"]);
    assert!(!users.contains("max"), "{users}");
    let (code, _, error) = run(folder.path(), &["user", "delete", "max", "--revoke-keys"]);
    assert_eq!((code, error.as_str()), (1, "appgrant: there is no user of that login\n"));
    let (code, _, error) = run(folder.path(), &["user", "delete", "ada", "--revoke-keys"]);
    assert_eq!(
        (code, error.as_str()),
        (1, "appgrant: this is the last admin; make another one first\n")
    );
    let (code, _, error) = run(folder.path(), &["user", "disable", "ada"]);
    assert!(code == 0 && error.contains("nobody can administer the store now"), "{error}");
    let (code, _, error) = run(folder.path(), &["user", "delete", "ada", "--revoke-keys"]);
    assert_eq!((code, error.contains("the last admin")), (1, true), "{error}");
    let ended = ids(&list(folder.path(), &["--state", "revoked"]));
    assert_eq!(ended, [3], "who may not go keeps the keys");
    let (_, _, error) = run(folder.path(), &["user", "enable", "ada"]);
    assert!(!error.contains("nobody"), "{error}");
}

/// `appgrant key list | head -1`, with more keys than a pipe holds.
#[test]
fn a_reader_who_goes_early_is_no_fault() {
    let folder = installation();
    let keys: Vec<_> = (0..600).map(|id| crate::import::Exported::new(id, "read")).collect();
    std::fs::write(folder.path().join("keys.tsv"), crate::import::table(&keys)).unwrap();
    assert_eq!(run(folder.path(), &["key", "import", "keys.tsv", "--owner", "ada"]).0, 0);
    for command in [&["key", "list", "--json"][..], &["key", "list"], &["audit", "export"]] {
        let mut child = Process::spawn(folder.path(), command, Stdio::piped());
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        assert!(line.len() > 20, "{line}");
        drop(out);
        assert_eq!(child.wait().unwrap().code(), Some(0), "{command:?}");
    }
    let full = std::fs::File::create("/dev/full").unwrap();
    let (code, error) = Process::run_into(folder.path(), &["key", "list"], full.into());
    assert_eq!((code, error.lines().count()), (1, 1), "{error}");
}
