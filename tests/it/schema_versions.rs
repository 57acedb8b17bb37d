//! The real program and schemas of other versions: two at once, an older program, a rolling upgrade.

use std::process::Stdio;

use crate::{
    moving::{execute, tables},
    support::{Process, command, postgres},
};

const NEWER: &str = "INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231000000')";
const TAKES_AWAY: &str =
    "INSERT INTO meta (name, value) VALUES ('oldest_schema', '99991231000000')";

/// Every command that touches the database, as far as it needs no running service.
const COMMANDS: [&[&str]; 13] = [
    &["serve"],
    &["migrate"],
    &["user", "list"],
    &["user", "disable", "max"],
    &["key", "list"],
    &["key", "revoke", "1"],
    &["key", "import", "keys.csv", "--owner", "max"],
    &["audit", "verify"],
    &["audit", "export"],
    &["token", "list"],
    &["signing-key", "list"],
    &["signing-key", "rotate"],
    &["copy", "--to", "postgres://127.0.0.1:1/none"],
];

#[tokio::test]
async fn programs_that_migrate_at_once_do_it_once() {
    let Some(url) = postgres::empty_database().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let start = |_| {
        let mut migrate = command(folder.path(), "127.0.0.1:1");
        let migrate = migrate.env("APPGRANT_DATABASE_URL", &url).arg("migrate");
        migrate.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let running: Vec<_> = (0..4).map(start).collect();
    let mut who_did = 0;
    for program in running {
        let done = program.wait_with_output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let said = String::from_utf8(done.stdout).unwrap();
        let did = said.starts_with("applied ");
        assert!(did || said == "the schema is up to date\n", "{said}");
        who_did += usize::from(did);
    }
    assert_eq!(who_did, 1);
}

/// Refused by each command, which changes nothing.
#[tokio::test]
async fn an_older_program_is_refused_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("appgrant.db");
    let url = format!("sqlite:{}", path.display());
    let settings = [("APPGRANT_DATABASE_URL", url.as_str())];
    Process::make_store(folder.path(), &settings);
    crate::moving::alter(&path, NEWER);
    // What a newer version may have done to what this one knows.
    crate::moving::alter(&path, "ALTER TABLE meta RENAME TO facts");
    refused_by_every_command(&folder, &url);
    assert!(tables(&path).contains(&"facts".to_owned()));
}

#[tokio::test]
async fn an_older_program_is_refused_on_postgresql() {
    let Some(url) = postgres::migrated_database().await else { return };
    let folder = tempfile::tempdir().unwrap();
    execute(&url, NEWER).await.unwrap();
    execute(&url, "ALTER TABLE meta RENAME TO facts").await.unwrap();
    refused_by_every_command(&folder, &url);
}

fn refused_by_every_command(folder: &tempfile::TempDir, url: &str) {
    std::fs::write(folder.path().join("keys.csv"), "key_id\n").unwrap();
    for arguments in COMMANDS {
        if url.starts_with("postgres") && arguments[0] == "copy" {
            continue;
        }
        let settings = [("APPGRANT_DATABASE_URL", url)];
        let (code, said, error) = Process::run_with(folder.path(), &settings, arguments);
        assert_eq!((code, said.as_str()), (1, ""), "{arguments:?}: {error}");
        let line = error.lines().last().unwrap();
        let clear = line.starts_with("appgrant: ") && line.contains("newer than this program");
        assert!(clear, "{arguments:?}: {error}");
    }
}

/// A rolling upgrade: the schema is newer already, this program runs on until its turn comes.
#[tokio::test]
async fn a_running_program_stays_ready_on_a_newer_schema_that_it_can_live_with() {
    let Some(url) = postgres::migrated_database().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let settings = [("APPGRANT_DATABASE_URL", url.as_str())];
    let address = crate::support::own_address();
    let process = Process::start(folder.path(), &address, &settings).await;
    let ready = async || {
        let answer = process.browser().get("/readyz").await;
        (answer.status, answer.body)
    };
    assert_eq!(ready().await.0, 200);
    execute(&url, NEWER).await.unwrap();
    assert_eq!(ready().await.0, 200, "its migrations only added");
    execute(&url, TAKES_AWAY).await.unwrap();
    let (status, body) = ready().await;
    assert!(status == 503 && body.contains("newer than this program"), "{status} {body}");
    execute(&url, "UPDATE meta SET value = '20261125000006' WHERE name = 'oldest_schema'")
        .await
        .unwrap();
    assert_eq!(ready().await.0, 200, "what was taken away is nothing that it knows");
    execute(&url, "DELETE FROM __diesel_schema_migrations WHERE version = '20261120000001'")
        .await
        .unwrap();
    assert_eq!(ready().await.0, 503, "an older schema is none it can live with");
}
