//! `appgrant license …`: what an operator types, reads and scripts against.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::Process;

const READABLE: [(&str, &str); 1] = [("APPGRANT_LICENSE_KEYS", "readable")];

fn run(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    Process::run_with(folder, &[], &[&["license"], arguments].concat())
}

fn done(folder: &Path, arguments: &[&str]) -> String {
    let (code, out, error) = run(folder, arguments);
    assert_eq!((code, error.as_str()), (0, ""), "{arguments:?}");
    out
}

fn json(folder: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&done(folder, &[arguments, &["--json"]].concat())).unwrap()
}

/// The folder of a store where nothing is yet.
fn store() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(Process::run(folder.path(), &["migrate"], "").0, 0);
    folder
}

#[test]
fn a_license_is_made_shown_once_listed_revoked_and_restored() {
    let folder = store();
    let folder = folder.path();
    assert_eq!(
        (done(folder, &["list"]), done(folder, &["list", "--json"])),
        (String::new(), "[]\n".to_owned())
    );
    let create =
        ["create", "--sku", "pro", "--product", "Pro edition", "--customer", "Ada Lovelace"];
    let (code, out, error) = run(folder, &create);
    assert_eq!((code, error.as_str()), (0, "The key is not shown again.\n"));
    let key = out.strip_prefix("license 1\nlicense key  ").unwrap().trim_end().to_owned();
    assert_eq!(key.split_once('-').map(|(code, number)| (code.len(), number)), Some((26, "1")));
    assert_eq!(run(folder, &["create", "--sku", "por"]).0, 1, "there is no such product");
    let more = [
        "create",
        "--sku",
        "pro",
        "--email",
        "grace@customer.example",
        "--expires",
        "2099-01-31",
        "--activation-limit",
        "5",
        "--domain-limit",
        "1",
        "--offline-interval",
        "days",
        "--offline-value",
        "7",
        "--cart-token",
        "c-1",
    ];
    let made = json(folder, &more);
    assert_eq!(made["license_key"].as_str().unwrap().len(), 28);
    assert_eq!(made["number"], 2, "what was refused uses up no number");
    let mut shown = json(folder, &["show", "2"]);
    assert_eq!(shown["activation_limit"], 5);
    shown["license_key"] = made["license_key"].clone();
    for (name, nothing) in
        [("activation_list", Value::Array(Vec::new())), ("has_more_activations", false.into())]
    {
        assert_eq!(shown.as_object_mut().unwrap().remove(name), Some(nothing));
    }
    assert_eq!(shown, made, "nothing but the key differs");
    let listed = json(folder, &["list"]);
    assert_eq!([&listed[0]["id"], &listed[1]["id"]], [2, 1]);
    assert_eq!(done(folder, &["list", "--json"]).lines().count(), 2, "a license a line");
    let line = format!("1\tactive\tpro\t{}…-1\t0\tnever\tAda Lovelace\n", &key[..4]);
    assert_eq!(done(folder, &["list", "--search", "ada"]), line);
    assert_eq!(done(folder, &["list", "--domain", "a.example", "--sku", "pro"]), "");
    let told = done(folder, &["show", "2"]);
    for part in ["offline      7 days", "activations  0 of 5", "expires      2099-02-01T00:00:00Z"]
    {
        assert!(told.contains(part), "{part}: {told}");
    }
    let [revoked, restored] = ["revoked", "restored"]
        .map(|done| format!("license 1 {done}: {}…-1, pro of Ada Lovelace\n", &key[..4]));
    assert_eq!(done(folder, &["revoke", "1", "--reason", "refunded"]), revoked);
    assert_eq!(json(folder, &["list", "--state", "revoked"])[0]["id"], 1);
    assert_eq!(done(folder, &["restore", "1"]), restored);
    for (wrong, complaint) in [
        (&["restore", "1"][..], "this license is not revoked"),
        (&["revoke", "9"], "there is no such license"),
        (&["show", "1", "--key"], "key was not kept"),
        (&["create", "--sku", "none"], "no product with the SKU “none”"),
        (
            &["create", "--sku", "pro", "--expires", "x", "--email", "y"],
            "email: is no e-mail address; expires_at",
        ),
        (&["create", "--sku", "pro", "--product", "Other"], "its name or download is another"),
        (&["list", "--search", ","], "--search needs a word"),
    ] {
        let (code, out, error) = run(folder, wrong);
        assert_eq!((code, out.as_str()), (1, ""), "{wrong:?}");
        assert!(error.contains(complaint) && error.lines().count() == 1, "{wrong:?}: {error}");
    }
    for wrong in [&["list", "--state", "gone"][..], &["list", "--domain", " "], &["create"]] {
        assert_eq!(run(folder, wrong).0, 2, "{wrong:?}");
    }
}

#[test]
fn a_table_is_written_for_its_owner_alone_and_read_elsewhere() {
    let (here, there) = (store(), store());
    let readable = |folder: &Path, arguments: &[&str]| {
        Process::run_with(folder, &READABLE, &[&["license"], arguments].concat())
    };
    let create = ["create", "--sku", "pro", "--product", "Pro", "--json"];
    let (_, out, error) = readable(here.path(), &create);
    assert_eq!(error, "");
    let made: Value = serde_json::from_str(&out).unwrap();
    let key = made["license_key"].as_str().unwrap();
    assert_eq!(readable(here.path(), &["show", "1", "--key"]).1, format!("{key}\n"));
    let file = here.path().join("licenses.csv");
    let name = file.to_str().unwrap();
    assert_eq!(readable(here.path(), &["export", name]), (0, String::new(), String::new()));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let table = fs::read_to_string(&file).unwrap();
    assert!(table.contains(key));
    assert_eq!(readable(here.path(), &["export"]), (0, table.clone(), String::new()));
    let (code, _, error) = readable(here.path(), &["export", name]);
    assert!(code == 1 && error.contains("is there already"), "{error}");
    assert_eq!(fs::read_to_string(&file).unwrap(), table, "what is there stays");

    let dry = done(there.path(), &["import", name, "--dry-run"]);
    let product = "1 product would be made: pro\n";
    assert_eq!(dry, format!("1 row: 1 would be taken, 0 already here, 0 skipped\n{product}"));
    assert_eq!(
        done(there.path(), &["import", name]),
        "1 row: 1 taken, 0 already here, 0 skipped\n1 product made: pro\n"
    );
    let feed = |table: &str, more: &[&str]| {
        let import = [&["license", "import", "-"], more].concat();
        Process::run_fed(there.path(), &[], &import, table)
    };
    let (code, out, _) = feed(&format!("{table}x,y\n"), &["--json"]);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (code, &report["already_here"], &report["skipped_count"]),
        (0, &1.into(), &1.into())
    );
    assert_eq!(report["skipped"][0]["row"], 2);
    let (code, out, error) = feed("license_key,sku\nabc-1,pro\nabc-2,\"", &[]);
    assert_eq!((code, error.as_str()), (0, ""), "{out}");
    let (code, out, error) = feed("no,table\n", &[]);
    assert!(code == 1 && out.starts_with("0 rows"), "{out}");
    assert!(error.contains("- cannot be read: it has no column license_key"), "{error}");
    let (code, _, error) = run(there.path(), &["import", "/nowhere.csv"]);
    assert!(code == 1 && error.contains("/nowhere.csv cannot be read"), "{error}");
    let (code, out, error) = run(there.path(), &["export"]);
    assert!(code == 0 && !out.contains(key) && error.contains("shortened"), "{error}");
}

#[test]
fn the_newest_activations_of_a_license_are_shown() {
    let folder = store();
    let folder = folder.path();
    let feed = |count: i64| {
        let pairs: Vec<_> = (1..=count).map(|n| format!("{}:site{n}.example", 5_000 + n)).collect();
        let row = format!("Cqu62al903ICv40am9nM68Y7o9-{count},pro,{} 4000:", pairs.join(" "));
        let table = format!("license_key,sku,activations\n{row}\n");
        Process::run_fed(folder, &[], &["license", "import", "-"], &table);
    };
    feed(2);
    feed(100);
    let shown = json(folder, &["show", "1"]);
    let ids: Vec<_> = shown["activation_list"].as_array().unwrap().iter().collect();
    assert_eq!(
        (ids.len(), &shown["has_more_activations"], &shown["activations"]),
        (3, &false.into(), &3.into())
    );
    assert_eq!(
        (&ids[0]["activation_id"], &ids[0]["domain"]),
        (&5_002.into(), &"site2.example".into())
    );
    assert_eq!(ids[2]["domain"], Value::Null);
    let told = done(folder, &["show", "1"]);
    assert!(told.contains("activation   5002\tsite2.example\t1970-01-01T01:23:22Z\t"), "{told}");
    assert!(told.contains("activation   4000\t-\t") && !told.contains("older ones"), "{told}");
    let shown = json(folder, &["show", "2"]);
    assert_eq!(shown["activation_list"].as_array().unwrap().len(), 100);
    assert_eq!(
        (&shown["has_more_activations"], &shown["activations"]),
        (&true.into(), &101.into())
    );
    let told = done(folder, &["show", "2"]);
    assert!(
        told.ends_with("and older ones; the license's page and the API have them all\n"),
        "{told}"
    );
    assert_eq!(told.matches("\nactivation  ").count(), 101, "{told}");
}

#[test]
fn keys_that_can_be_guessed_are_taken_and_told() {
    let folder = store();
    let feed = |table: &str, more: &[&str]| {
        let import = [&["license", "import", "-"], more].concat();
        let (code, out, error) = Process::run_fed(folder.path(), &[], &import, table);
        assert_eq!((code, error.as_str()), (0, ""), "{out}");
        out
    };
    let table =
        "license_key,sku\nX-1,pro\nCqu62al903ICv40am9nM68Y7o9-2,pro\nabc-3,\nabcdefgh-4,pro\n";
    let product = "\n1 product would be made: pro\n";
    assert!(feed(table, &["--dry-run"]).contains(product));
    let note = "\n2 keys are short enough to be guessed; replace: rows 1, 4\n";
    for more in [&["--dry-run"][..], &[], &[]] {
        let told = feed(table, more);
        assert!(told.ends_with(note), "before, now, and once more: {told}");
        assert!(!told.contains("X-1") && !told.contains("abcdefgh"), "{told}");
    }
    let report: Value = serde_json::from_str(&feed(table, &["--json"])).unwrap();
    assert_eq!((&report["guessable_count"], &report["already_here"]), (&2.into(), &3.into()));
    assert_eq!(report["guessable"], serde_json::json!([1, 4]));
    let many: Vec<_> = (0..150).map(|n| format!("x{n}-{n},pro\n")).collect();
    let many = many.concat();
    let told = feed(&format!("license_key,sku\n{many}"), &[]);
    assert!(
        told.contains("150 keys are short") && told.ends_with(" 99, 100 and 50 more\n"),
        "{told}"
    );
    assert!(!feed("license_key,sku\nabc-9,\n", &[]).contains("guessed"), "none of them is taken");
}

#[test]
fn the_store_code_is_shown_and_changed() {
    let folder = store();
    let folder = folder.path();
    let old = json(folder, &["settings"]);
    let code = old["store_code"].as_str().unwrap();
    assert!(done(folder, &["settings"]).contains(&format!("store code     {code}\n")));
    let change = ["settings", "--store-code", "another-code", "--overlap-days", "30"];
    let new = json(folder, &change);
    assert_eq!(
        (new["store_code"].as_str(), new["previous_store_code"].as_str()),
        (Some("another-code"), Some(code))
    );
    let fresh = json(folder, &["settings", "--store-code", "new", "--overlap-days", "0"]);
    assert_eq!(fresh["previous_store_code"], Value::Null);
    assert_eq!(fresh["store_code"].as_str().unwrap().len(), 15);
    for (wrong, expected) in [
        (&["settings", "--store-code", "short", "--overlap-days", "1"][..], 1),
        (&["settings", "--store-code", "", "--overlap-days", "1"], 1),
        (&["settings", "--store-code", "long-enough"], 2),
        (&["settings", "--overlap-days", "1"], 2),
        (&["settings", "--store-code", "long-enough", "--overlap-days", "732"], 1),
        (&["settings", "--store-code", "long-enough", "--overlap-days", "-1"], 1),
    ] {
        assert_eq!(run(folder, wrong).0, expected, "{wrong:?}");
    }
    let (_, _, error) = run(folder, &["settings", "--store-code", "short", "--overlap-days", "x"]);
    assert!(error.contains("store_code: a store code has"), "{error}");
    assert!(error.contains("; overlap_days: must be"), "both are told: {error}");
    assert_eq!(json(folder, &["settings"]), fresh, "nothing changed");
}
