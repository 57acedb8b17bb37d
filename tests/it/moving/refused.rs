//! What is not copied, and that nothing is left or changed then.

use std::fs;

use super::{
    Store,
    store::{execute, number},
};
use crate::support::{Process, postgres, stopped_at};

/// The one line, and exit code 1.
fn complaint(ran: (i32, String, String)) -> String {
    let (code, said, error) = ran;
    assert_eq!((code, said.as_str()), (1, ""), "{error}");
    let line = error.lines().last().unwrap();
    assert!(line.starts_with("appgrant: "), "{error}");
    line.to_owned()
}

#[tokio::test]
async fn a_target_that_holds_something_is_left_as_it_is() {
    let Some(url) = postgres::migrated_database().await else { return };
    let store = Store::fill().await;
    for (something, table) in [
        ("INSERT INTO meta VALUES ('key_file', 'x')", "meta"),
        ("INSERT INTO login_failures VALUES ('', 1, 1)", "login_failures"),
        ("UPDATE signing_keys SET retired_at = 1", "signing_keys"),
        ("UPDATE audit_head SET seq = 1", "audit_head"),
        ("INSERT INTO key_changes (lookup) VALUES (NULL)", "key_changes"),
        (
            "INSERT INTO users (login, name, role, password_hash, created_at) VALUES ('a', '', '', '', 0)",
            "users",
        ),
    ] {
        let url = postgres::migrated_database().await.unwrap();
        execute(&url, something).await.unwrap();
        let line = complaint(store.copy_to(&url));
        assert!(line.contains(&format!("in the table {table}:")), "{line}");
    }
    // An older store is not even brought up to date.
    execute(
        &url,
        "INSERT INTO login_failures VALUES ('', 1, 1); DROP TABLE imported_keys; \
         DELETE FROM __diesel_schema_migrations WHERE version = '20261125000005'",
    )
    .await
    .unwrap();
    assert!(complaint(store.copy_to(&url)).contains("holds something"));
    let migrated =
        "SELECT count(*) FROM __diesel_schema_migrations WHERE version = '20261125000005'";
    assert_eq!(number(&url, migrated).await, 0);
    let copied = "meta WHERE name = 'copied'";
    assert!(!store.counts().is_empty());
    store.alter(&format!("CREATE TABLE x AS SELECT 1 / (SELECT count(*) = 0 FROM {copied}) AS y"));
}

#[tokio::test]
async fn a_target_that_cannot_take_it_is_named() {
    let Some(url) = postgres::empty_database().await else { return };
    let store = Store::fill().await;
    for not_postgres in ["sqlite:other.db", "mysql://x", ""] {
        let line = complaint(store.copy_to(not_postgres));
        assert!(line.contains("must be a PostgreSQL database"), "{line}");
    }
    assert!(!store.path("other.db").exists());
    let line = complaint(store.copy_to("postgres://me:hunter2@127.0.0.1:1/none"));
    assert!(line.contains("the target: the database cannot be reached"), "{line}");
    assert!(!line.contains("hunter2"), "{line}");

    execute(&url, "CREATE ROLE powerless LOGIN").await.unwrap();
    let line = complaint(store.copy_to(&url.replace("postgres@", "powerless@")));
    assert!(line.contains("the target: ") && line.contains("permission denied"), "{line}");

    let newer = postgres::migrated_database().await.unwrap();
    let version = "INSERT INTO __diesel_schema_migrations VALUES ('99991231000000')";
    execute(&newer, version).await.unwrap();
    let line = complaint(store.copy_to(&newer));
    assert!(line.contains("newer than this program"), "{line}");
}

#[tokio::test]
async fn a_source_that_is_not_what_it_must_be_is_named() {
    let Some(url) = postgres::empty_database().await else { return };
    let store = Store::fill().await;
    let at =
        |settings: &[(&str, &str)]| complaint(store.run_with(settings, &["copy", "--to", &url]));
    let line = at(&[("APPGRANT_DATABASE_URL", "sqlite:missing.db")]);
    assert!(line.contains("APPGRANT_DATABASE_URL") && line.contains("not there"), "{line}");
    assert!(!store.path("missing.db").exists());
    assert!(at(&[("APPGRANT_DATABASE_URL", &url)]).contains("no SQLite file"));
    fs::write(store.path("junk.db"), "no database at all, by no means whatever".repeat(99))
        .unwrap();
    assert!(at(&[("APPGRANT_DATABASE_URL", "sqlite:junk.db")]).contains("APPGRANT_DATABASE_URL"));
    fs::write(store.path("other.key"), format!("{}\n", "ab".repeat(32))).unwrap();
    let line = at(&[("APPGRANT_SECRET_KEY_FILE", "other.key")]);
    assert!(line.contains("APPGRANT_SECRET_KEY_FILE"), "{line}");
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(number(&url, tables).await, 0, "the target was not touched");
}

#[tokio::test]
async fn what_postgresql_cannot_keep_is_named() {
    let Some(url) = postgres::empty_database().await else { return };
    let store = Store::fill().await;
    for (spoil, what, mend) in [
        (
            "UPDATE users SET name = 'a' || char(0) || 'b' WHERE id = 2",
            "users.name holds a text with a NUL",
            "UPDATE users SET name = 'Max' WHERE id = 2",
        ),
        (
            "UPDATE users SET created_at = 'yesterday' WHERE id = 2",
            "users.created_at holds something that is no number",
            "UPDATE users SET created_at = 1 WHERE id = 2",
        ),
        (
            "UPDATE users SET created_at = 1.5 WHERE id = 2",
            "a number is not whole",
            "UPDATE users SET created_at = 1 WHERE id = 2",
        ),
        (
            "UPDATE users SET name = CAST(x'ff' AS TEXT) WHERE id = 2",
            "not UTF-8",
            "UPDATE users SET name = 'Max' WHERE id = 2",
        ),
        (
            "UPDATE consents SET question = 'text'",
            "consents.question holds something that is no bytes",
            "UPDATE consents SET question = x'00'",
        ),
    ] {
        store.alter(spoil);
        let line = complaint(store.copy_to(&url));
        assert!(line.contains(what), "{line}");
        store.alter(mend);
    }
    assert_eq!(number(&url, "SELECT count(*) FROM users").await, 0);
    let (code, _, error) = store.copy_to(&url);
    assert_eq!(code, 0, "{error}");
}

/// What it wrote after the copy would be lost.
#[tokio::test]
async fn while_the_service_runs_nothing_is_copied() {
    let Some(url) = postgres::empty_database().await else { return };
    let store = Store::fill().await;
    let mut process = store.serve(&store.settings().remove(0).1).await;
    let line = complaint(store.copy_to(&url));
    assert!(line.contains("stop `appgrant serve`"), "{line}");
    assert_eq!(process.browser().get("/readyz").await.status, 200, "and it runs on");
    assert_eq!(process.terminate(), Some(0));
    assert_eq!(store.copy_to(&url).0, 0);
}

/// What somebody else wrote meanwhile would be lost, too.
#[tokio::test]
async fn while_it_is_copied_nobody_else_gets_at_the_file() {
    let Some(url) = postgres::migrated_database().await else { return };
    let store = Store::fill().await;
    let copy = ["copy", "--to", &url];
    let mut child = stopped_at("copied-keys", store.folder.path(), &store.settings(), &copy).await;
    for command in [&["user", "list"][..], &["user", "disable", "max"], &["copy", "--to", &url]] {
        let line = complaint(store.run_with(&[], command));
        assert!(line.contains("locked") || line.contains("in use"), "{line}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(store.run_with(&[], &["user", "list"]).0, 0);
}

#[tokio::test]
async fn what_arrives_otherwise_is_noticed_and_taken_back() {
    let Some(url) = postgres::migrated_database().await else { return };
    let store = Store::fill().await;
    for (spoil, mend) in [
        (
            "CREATE RULE spoil AS ON INSERT TO meta DO ALSO UPDATE meta SET value = 'other' WHERE name = 'key_file'",
            "DROP RULE spoil ON meta",
        ),
        (
            "CREATE RULE spoil AS ON INSERT TO login_failures DO INSTEAD NOTHING",
            "DROP RULE spoil ON login_failures",
        ),
    ] {
        execute(&url, spoil).await.unwrap();
        let line = complaint(store.copy_to(&url));
        assert!(line.contains("was not copied right"), "{line}");
        assert_eq!(number(&url, "SELECT count(*) FROM users").await, 0);
        execute(&url, mend).await.unwrap();
    }
    assert_eq!(store.copy_to(&url).0, 0);
}

#[test]
fn without_a_target_it_is_wrong_usage() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(Process::run(folder.path(), &["copy"], "").0, 2);
}
