//! `appgrant audit …`: exit codes and what is printed. `audit` has what the log holds.

use std::path::Path;

use serde_json::Value;

use crate::support::{PASSWORD, Process, database};

fn run(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    Process::run(folder, arguments, PASSWORD)
}

fn alter(folder: &Path, sql: &str) {
    database::execute(&database::of(folder), sql);
}

#[test]
fn the_head_that_was_noted_shows_what_the_database_alone_cannot() {
    let folder = tempfile::tempdir().unwrap();
    for login in ["ada", "eve", "bob"] {
        let add = ["user", "add", login, "--role", "admin", "--password-stdin"];
        assert_eq!(run(folder.path(), &add).0, 0);
    }
    let (code, said, error) = run(folder.path(), &["audit", "verify"]);
    assert_eq!((code, error.as_str()), (0, ""));
    let head = said.strip_prefix("the chain holds: 3 rows\nhead ").unwrap().trim().to_owned();
    let (_, json, _) = run(folder.path(), &["audit", "verify", "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json, serde_json::json!({ "rows": 3, "head": head }));

    // More rows are no fault.
    assert_eq!(run(folder.path(), &["user", "disable", "bob"]).0, 0);
    assert_eq!(run(folder.path(), &["audit", "verify", "--head", &head]).0, 0);
    let other = format!("2:{}", &head[2..]);
    let (code, said, error) = run(folder.path(), &["audit", "verify", "--head", &other]);
    assert_eq!((code, said.as_str(), error.lines().count()), (1, "", 1));
    assert!(
        error.starts_with("appgrant: the audit log was tampered with: row 2 is not the one"),
        "{error}"
    );
    for wrong in ["3", "3:abc", ":", "x:00", &format!("0:{}", "0".repeat(64))] {
        assert_eq!(run(folder.path(), &["audit", "verify", "--head", wrong]).0, 2, "{wrong}");
    }

    alter(folder.path(), &database::drop_trigger("audit_is_not_changed", "audit"));
    alter(folder.path(), "UPDATE audit SET actor = 'nobody' WHERE seq = 2");
    let (code, said, error) = run(folder.path(), &["audit", "verify"]);
    assert_eq!((code, said.as_str()), (1, ""));
    assert_eq!(
        error,
        "appgrant: the audit log was tampered with: row 2 was altered, or is not in its place\n"
    );
}

#[test]
fn an_export_is_one_object_a_line_and_is_itself_noted() {
    let folder = tempfile::tempdir().unwrap();
    let add = ["user", "add", "ada", "--role", "admin", "--password-stdin"];
    assert_eq!(run(folder.path(), &add).0, 0);
    let export = |arguments: &[&str]| -> Vec<Value> {
        let (code, said, error) = run(folder.path(), &[&["audit", "export"], arguments].concat());
        assert_eq!((code, error.as_str()), (0, ""));
        said.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let rows = export(&[]);
    assert_eq!(rows.len(), 2);
    let mut members: Vec<_> = rows[0].as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    let expected = [
        "actor",
        "actor_id",
        "address",
        "at",
        "details",
        "event",
        "hash",
        "object",
        "outcome",
        "request_id",
        "seq",
    ];
    assert_eq!(members, expected);
    assert_eq!(rows[0]["event"], "user.created");
    assert_eq!(rows[0]["details"], serde_json::json!({ "login": "ada", "role": "admin" }));
    assert_eq!(rows[1]["event"], "audit.exported");
    let (_, said, _) = run(folder.path(), &["audit", "verify"]);
    assert!(said.ends_with(&format!("head 2:{}\n", rows[1]["hash"].as_str().unwrap())), "{said}");
    assert_eq!(export(&["--after", "2"])[0]["seq"], 3, "only what came since");
}

/// As from cron, whose folder is another one.
#[test]
fn no_command_but_those_of_the_first_start_makes_a_store() {
    let folder = tempfile::tempdir().unwrap();
    for command in [
        &["audit", "verify"][..],
        &["license", "list"],
        &["license", "create", "--sku", "pro", "--product", "Pro"],
        &["key", "list"],
        &["token", "list"],
        &["app", "list"],
        &["user", "list"],
        &["signing-key", "rotate"],
    ] {
        let settings = [("APPGRANT_DATABASE_URL", "sqlite:appgrant.db")];
        let (code, said, error) = Process::run_with(folder.path(), &settings, command);
        assert_eq!((code, said.as_str()), (1, ""), "{command:?} {error}");
        assert!(error.contains("names appgrant.db, which is not there"), "{command:?} {error}");
    }
    for file in ["appgrant.db", "appgrant.key"] {
        assert!(!folder.path().join(file).exists(), "{file} was made");
    }
}
