//! What an operator types and reads: formats, reports, dry runs, owners, and what cannot be read.

use std::{fs, path::Path};

use serde_json::Value;

use super::{
    Exported,
    export::{HEADER, NONCES},
    table,
};
use crate::support::{PASSWORD, Process};

/// A folder with an installation: admin `ada`, managers `max` and `moritz`.
fn installation() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (login, role) in [("ada", "admin"), ("max", "manager"), ("moritz", "manager")] {
        let add = ["user", "add", login, "--role", role, "--password-stdin"];
        assert_eq!(Process::run(folder.path(), &add, PASSWORD).0, 0);
    }
    folder
}

fn run(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    Process::run_with(folder, &[("APPGRANT_SECRET_HASH", "m=8,t=1")], arguments)
}

fn list(folder: &Path) -> Vec<Value> {
    let (code, list, _) = run(folder, &["key", "list", "--json"]);
    assert_eq!(code, 0);
    serde_json::from_str::<Vec<Value>>(&list).unwrap()
}

/// An export as a store has it: NULLs, nonces, a key twice, and rows that somebody spoiled.
fn lived_in() -> String {
    let [one, two, three] = [1, 2, 3].map(|id| Exported::new(id, "read_write"));
    let fifth = Exported::new(5, "read").hash();
    [
        table(&[one.clone(), two.clone()]),
        two.row().replacen("2\t", "22\t", 1),
        three
            .row()
            .replace("Shipper 3 - API (2025-11-20 20:45:03)", "NULL")
            .replace(NONCES, "NULL"),
        format!("4\t1\tX\tread\tnot a hash\t{}\tNULL\tNULL\tNULL\n", one.secret),
        format!("5\t1\tX\tread\t{fifth}\tplain\tNULL\tNULL\tNULL\n"),
        Exported::new(6, "admin").row(),
        format!("7\t1\t{}\n", "x".repeat(300)),
        Exported::new(8, "read").row().replace("Shipper 8", &"ß".repeat(201)),
        Exported::new(9, "read").row().replace("2025-11-20 18:00:00", "0000-00-00 00:00:00"),
    ]
    .concat()
}

const REPORT: &str = "\
row 3 (key_id 22) skipped: an earlier row has the same consumer_key
row 5 (key_id 4) skipped: consumer_key is not 64 hexadecimal digits
row 6 (key_id 5) skipped: consumer_secret is not cs_ and 40 (or 32) hexadecimal digits
row 7 (key_id 6) skipped: permissions is not read, write or read_write
row 8 (key_id -) skipped: it has not as many columns as the first line
row 9 (key_id 8) skipped: description has more than 200 characters
";

#[test]
fn a_lived_in_table_is_taken_and_each_skipped_row_told() {
    let folder = installation();
    fs::write(folder.path().join("keys.tsv"), lived_in()).unwrap();
    let import = ["key", "import", "keys.tsv", "--owner", "max", "--timezone", "Europe/Berlin"];
    let dry: Vec<_> = import.into_iter().chain(["--dry-run"]).collect();
    let log = || run(folder.path(), &["audit", "verify"]).1;
    let before = log();
    for _ in 0..2 {
        let (code, said, error) = run(folder.path(), &dry);
        let last = "10 rows: 4 would be taken, 0 already here, 6 skipped\n";
        assert_eq!((code, said, error.as_str()), (0, format!("{REPORT}{last}"), ""));
        assert!(list(folder.path()).is_empty() && log() == before, "nothing was written");
    }
    for last in [
        "10 rows: 4 taken, 0 already here, 6 skipped\n",
        "10 rows: nothing to take, 4 already here, 6 skipped\n",
    ] {
        let (code, said, error) = run(folder.path(), &import);
        assert_eq!((code, said, error.as_str()), (0, format!("{REPORT}{last}"), ""));
    }
    let keys = list(folder.path());
    let of = |member: &str| -> Vec<String> {
        keys.iter().rev().map(|key| key[member].as_str().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(of("ending"), ["0000001", "0000002", "0000003", "0000009"], "in the file's order");
    let descriptions = of("description");
    assert_eq!(descriptions[0], "Shipper 1 - API (2025-11-20 20:45:03)");
    assert_eq!(descriptions[2], "WooCommerce key 3");
    assert_eq!(keys[3]["last_used"]["at"], "2025-11-20T17:00:00Z", "the site's time");
    assert_eq!(keys[3]["last_used"]["address"], Value::Null, "not known");
    assert_eq!(keys[0]["last_used"], Value::Null);
    for key in &keys {
        assert_eq!((&key["owner"], &key["state"]), (&"max".into(), &"active".into()));
        assert_eq!((&key["app"], &key["expires_at"]), (&Value::Null, &Value::Null));
    }
    let (_, exported, _) = run(folder.path(), &["audit", "export"]);
    let imported: Vec<Value> = exported
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|row| row["event"] == "key.imported")
        .collect();
    assert_eq!(imported.len(), 4, "one row a key");
    assert_eq!(imported[0]["object"], serde_json::json!({ "kind": "key", "id": "1" }));
    assert_eq!(imported[0]["details"]["woocommerce_key_id"], "1");
    assert_eq!(imported[0]["actor"], "command line");
}

#[test]
fn no_secret_and_no_hash_of_woocommerces_is_left_anywhere() {
    let folder = installation();
    let keys = [1, 2, 3].map(|id| Exported::new(id, "read"));
    let mut said = String::new();
    for (oauth1, key) in [("false", &keys[0]), ("true", &keys[1])] {
        let spoiled = keys[2].row().replace("\tread\t", "\tking\t");
        let text = table(std::slice::from_ref(key)) + &spoiled;
        let settings = [("APPGRANT_OAUTH1", oauth1), ("APPGRANT_SECRET_HASH", "m=8,t=1")];
        fs::write(folder.path().join("keys.tsv"), text).unwrap();
        for json in [&[][..], &["--json"]] {
            let import = [&["key", "import", "keys.tsv", "--owner", "ada"], json].concat();
            let (code, out, error) = Process::run_with(folder.path(), &settings, &import);
            assert_eq!(code, 0, "{error}");
            said += &(out + &error);
        }
    }
    fs::remove_file(folder.path().join("keys.tsv")).unwrap();
    said += &run(folder.path(), &["key", "list", "--json"]).1;
    said += &run(folder.path(), &["audit", "export"]).1;
    let mut everything = said.into_bytes();
    for file in fs::read_dir(folder.path()).unwrap() {
        everything.extend(fs::read(file.unwrap().path()).unwrap());
    }
    let holds = |text: &str| everything.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(holds("Shipper 2"), "this would find it");
    for key in &keys {
        let bytes = data_encoding::HEXLOWER.decode(key.hash().as_bytes()).unwrap();
        assert!(!holds(&key.secret) && !holds(&key.secret[3..]) && !holds(&key.hash()));
        assert!(!everything.windows(32).any(|part| part == bytes), "the hash as bytes");
    }
}

#[test]
fn users_are_mapped_and_unknown_ones_told_before_anything_is_written() {
    let folder = installation();
    let user = |id: usize, user: &str| {
        Exported::new(id, "read").row().replacen("\t1\t", &format!("\t{user}\t"), 1)
    };
    let text = format!("{HEADER}{}{}{}", user(1, "7"), user(2, "8"), user(3, "9"));
    fs::write(folder.path().join("keys.tsv"), text).unwrap();
    let map = |text: &str| fs::write(folder.path().join("map.csv"), text).unwrap();
    let import = |owner: &str| {
        let import = ["key", "import", "keys.tsv", "--owner", owner, "--users", "map.csv"];
        run(folder.path(), &import)
    };
    assert_eq!(run(folder.path(), &["user", "disable", "moritz"]).0, 0);
    for (owner, text, says) in [
        ("bob", "7,eve\n8,max", "there is no user of the login bob, eve; make it first"),
        ("max", "7,moritz", "the user moritz is disabled; enable it first"),
        ("max", "7", "map.csv: line 1 is not a WordPress user id (or login), a comma and a login"),
        ("max", "7,max\n7,ada", "map.csv: line 2 names a WordPress user that was named before"),
        ("max", "7,\u{1b}[2Jx", "there is no user of the login"),
    ] {
        map(text);
        let (code, said, error) = import(owner);
        assert_eq!((code, said.as_str(), error.lines().count()), (1, "", 1), "{error}");
        assert!(error.starts_with(&format!("appgrant: {says}")), "{error}");
        assert!(!error.contains('\u{1b}') && list(folder.path()).is_empty(), "{error:?}");
    }
    assert_eq!(run(folder.path(), &["user", "enable", "moritz"]).0, 0);
    map("\u{feff}wp_user_id,login\r\n7,moritz\r\n 8 , Ada \r\n");
    assert_eq!(import("max").0, 0);
    let owners: Vec<_> = list(folder.path()).iter().rev().map(|key| key["owner"].clone()).collect();
    assert_eq!(owners, ["moritz", "ada", "max"]);
}

#[test]
fn standard_input_and_json_are_taken_too() {
    let folder = installation();
    let keys = [1, 2].map(|id| Exported::new(id, "read"));
    let row = |key: &Exported| {
        serde_json::json!({
            "key_id": key.id.to_string(), "user_id": "1", "description": null,
            "permissions": "read", "consumer_key": key.hash(), "consumer_secret": key.secret,
            "nonces": NONCES, "truncated_key": &key.key[36..], "last_access": null,
        })
    };
    let json = serde_json::json!([
        { "type": "header", "comment": "Export to JSON plugin for PHPMyAdmin" },
        { "type": "table", "name": "wp_woocommerce_api_keys", "data": [row(&keys[0]), row(&keys[1])] },
    ]);
    let import = ["key", "import", "-", "--owner", "max", "--json"];
    let (code, said, error) = Process::run(folder.path(), &import, &json.to_string());
    assert_eq!((code, error.as_str()), (0, ""));
    let said: Value = serde_json::from_str(&said).unwrap();
    let expected = serde_json::json!({
        "skipped": [], "rows": 2, "taken": 2, "already_here": 0, "dry_run": false,
    });
    assert_eq!(said, expected);
    let spoiled =
        format!("[{},{},{{", row(&keys[0]), serde_json::json!({ "key_id": 3, "permissions": "x" }));
    let (code, said, error) = Process::run(folder.path(), &import, &spoiled);
    assert_eq!(code, 1);
    assert!(
        error.starts_with("appgrant: - cannot be read: after row 2 it is no JSON any more:"),
        "{error}"
    );
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["skipped"][0]["reason"], "consumer_key is not 64 hexadecimal digits");
    assert_eq!((&said["rows"], &said["already_here"]), (&2.into(), &1.into()));
}

#[test]
fn what_cannot_be_read_or_meant_is_one_line() {
    let folder = installation();
    fs::write(folder.path().join("empty"), "").unwrap();
    fs::write(folder.path().join("dump.sql"), "INSERT INTO wp_woocommerce_api_keys VALUES (1);")
        .unwrap();
    fs::create_dir(folder.path().join("folder")).unwrap();
    for (file, says) in [
        ("none", "none cannot be read: No such file"),
        ("folder", "folder cannot be read: "),
        ("empty", "empty cannot be read: it is empty"),
        (
            "dump.sql",
            "dump.sql cannot be read: it has no column consumer_key, consumer_secret, perm",
        ),
    ] {
        let (code, _, error) = run(folder.path(), &["key", "import", file, "--owner", "max"]);
        assert_eq!((code, error.lines().count()), (1, 1), "{error}");
        assert!(error.starts_with(&format!("appgrant: {says}")), "{error}");
    }
    for wrong in [
        &["key", "import"][..],
        &["key", "import", "empty"],
        &["key", "import", "empty", "--owner", "max", "--timezone", "Atlantis"],
    ] {
        assert_eq!(run(folder.path(), wrong).0, 2, "{wrong:?}");
    }
}
