//! Stores as earlier versions left them (`tests/it/fixtures/`), brought to this version's schema and used.
//!
//! `migrations/README.md` says when and how to add one.

use std::{fs, path::PathBuf, process::Command};

use appgrant::db::Db;
use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    Store,
    store::{execute, number},
};
use crate::db_contract::migrations::revert_after;
use crate::support::{PASSWORD, Process, Question, needed, own_address, postgres};

/// What a released version left behind.
pub struct Earlier {
    folder: PathBuf,
}

impl Earlier {
    /// All of them.
    pub fn all() -> Vec<Self> {
        let fixtures = fs::read_dir(fixtures()).unwrap();
        let all: Vec<_> = fixtures.map(|entry| Self { folder: entry.unwrap().path() }).collect();
        assert!(!all.is_empty());
        all
    }

    /// Makes its SQLite file; gives the address.
    pub fn sqlite(&self, folder: &TempDir) -> String {
        let path = folder.path().join("earlier.db");
        let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        conn.batch_execute(&self.read("sqlite.sql")).unwrap();
        format!("sqlite:{}", path.display())
    }

    /// Makes its PostgreSQL database; gives the address.
    pub async fn postgres(&self) -> Option<String> {
        let url = postgres::empty_database().await?;
        execute(&url, &self.read("postgres.sql")).await.unwrap();
        Some(url)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(name)).unwrap()
    }

    /// Brings it to this version's schema and uses it.
    async fn goes_on(&self, folder: &TempDir, url: &str) {
        let key_file = self.folder.join("appgrant.key").display().to_string();
        let settings =
            [("APPGRANT_DATABASE_URL", url), ("APPGRANT_SECRET_KEY_FILE", key_file.as_str())];
        let run = |arguments: &[&str]| Process::run_with(folder.path(), &settings, arguments);
        let (code, _, error) = run(&["migrate"]);
        assert_eq!(code, 0, "{error}");
        let process = Process::start(folder.path(), &own_address(), &settings).await;
        assert_eq!(process.browser().get("/readyz").await.status, 200);
        let pair: Value = serde_json::from_str(&self.read("pair.json")).unwrap();
        let [key, secret] =
            ["consumer_key", "consumer_secret"].map(|it| pair[it].as_str().unwrap());
        let orders = Question::forwarded("GET", "/wp-json/wc/v3/orders").basic(key, secret);
        assert_eq!(orders.ask_at(&process.url).await.word(), "allowed");
        let login = [("username", "max"), ("password", PASSWORD)];
        assert!(process.browser().post("/login", &login).await.location().ends_with("/admin"));
        let (code, said, error) = run(&["audit", "verify"]);
        assert!(code == 0 && said.starts_with("the chain holds"), "{said}{error}");
        let create =
            ["key", "create", "--user", "max", "--description", "x", "--permissions", "read"];
        assert_eq!(run(&create).0, 0);
    }
}

fn fixtures() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "it", "fixtures"].iter().collect()
}

#[tokio::test]
async fn stores_of_earlier_versions_go_on_on_sqlite() {
    for earlier in Earlier::all() {
        let folder = tempfile::tempdir().unwrap();
        let url = earlier.sqlite(&folder);
        earlier.goes_on(&folder, &url).await;
    }
}

#[tokio::test]
async fn stores_of_earlier_versions_go_on_on_postgresql() {
    for earlier in Earlier::all() {
        let Some(url) = earlier.postgres().await else { return };
        earlier.goes_on(&tempfile::tempdir().unwrap(), &url).await;
    }
}

/// Writes a fixture if `RENEW` is set: a store with something in every table, on both databases, with the
/// schema of the migration that `RENEW` names.
#[tokio::test]
async fn a_release_leaves_a_store_behind() {
    let Some(version) =
        std::env::var_os("RENEW").and_then(|it| it.into_string().ok()).filter(|it| it.len() == 14)
    else {
        return;
    };
    let url = postgres::empty_database().await.expect("PostgreSQL is needed for this");
    let folder = fixtures().join(&version);
    fs::create_dir_all(&folder).unwrap();
    let store = Store::fill().await;
    assert_eq!(store.copy_to(&url).0, 0);
    execute(&url, "INSERT INTO key_changes (lookup) VALUES ('\\x01')").await.unwrap();
    store.alter("DELETE FROM meta WHERE name = 'copied'");
    for url in [&url, &store.settings().remove(0).1] {
        revert_after(url, &version).await;
    }
    let pg_dump = postgres::program("pg_dump").unwrap();
    let dump = |command: &mut Command| {
        let done = command.output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let text = String::from_utf8(done.stdout).unwrap();
        // psql's own commands, which no server knows; and comments that differ each time.
        let lines =
            text.lines().filter(|line| !line.starts_with(['\\']) && !line.starts_with("--"));
        lines.filter(|line| !line.is_empty()).flat_map(|line| [line, "\n"]).collect::<String>()
    };
    let how = ["--inserts", "--no-owner", "--no-privileges", "--dbname", &url];
    fs::write(folder.join("postgres.sql"), dump(Command::new(pg_dump).args(how))).unwrap();
    needed("writing a fixture", Command::new("sqlite3").arg("--version")).unwrap();
    let of = [store.path("test.db").to_str().unwrap(), ".dump"].map(str::to_owned);
    fs::write(folder.join("sqlite.sql"), dump(Command::new("sqlite3").args(of))).unwrap();
    fs::copy(store.path("test.key"), folder.join("appgrant.key")).unwrap();
    let pair = json!({
        "consumer_key": store.new.text("consumer_key"),
        "consumer_secret": store.new.text("consumer_secret"),
    });
    fs::write(folder.join("pair.json"), format!("{pair:#}\n")).unwrap();
}

#[tokio::test]
async fn a_fixture_has_something_in_every_table() {
    for earlier in Earlier::all() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&earlier.sqlite(&folder)).unwrap();
        // Those of its own schema; later ones begin empty.
        let tables = super::store::tables(&folder.path().join("earlier.db"));
        db.migrate().await.unwrap();
        let Some(url) = earlier.postgres().await else { return };
        Db::open(&url).unwrap().migrate().await.unwrap();
        for table in tables {
            let rows = number(&url, &format!("SELECT count(*) FROM {table}")).await;
            assert!(rows > 0, "{table} is empty in {}", earlier.folder.display());
            assert!(super::store::count(&folder.path().join("earlier.db"), &table) > 0, "{table}");
        }
    }
}
