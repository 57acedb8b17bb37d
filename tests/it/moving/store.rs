//! A store with something in every table, made the way stores come by it where that is short, else by hand.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use diesel::{
    Connection, QueryableByName, RunQueryDsl, SqliteConnection,
    connection::SimpleConnection,
    sql_query,
    sql_types::{BigInt, Text},
};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use tempfile::TempDir;

use crate::support::{
    PASSWORD, Process, Question, Reaction, Received, Receiver, TestApp, approve_in_vain, granted,
    own_address, request,
};

/// What no test needs, but every store has one day. Nasty values among them.
const RARE: &str = "
INSERT INTO users (login, email, name, role, password_hash, created_at, disabled_at)
VALUES ('ünï', NULL, 'שלום 🫖 \"quoted'' \\back', 'viewer', '$x', -1, -9223372036854775808);
UPDATE sqlite_sequence SET seq = 50 WHERE name = 'keys';
INSERT INTO login_failures VALUES (x'00ff00', 9223372036854775807, -5);
INSERT INTO oauth_nonces VALUES (1, 'nonce-🫖', 4000000000000);
INSERT INTO replacements SELECT grant_id, 2, 2 FROM keys WHERE id = 1;
INSERT INTO key_warnings VALUES (1, 4000000000000, 14);
INSERT INTO imported_keys VALUES (x'0102', 1);
INSERT OR IGNORE INTO key_secrets VALUES (1, x'00');
INSERT INTO idempotency_keys VALUES (x'aa', x'bb', NULL, 1), (x'ab', x'', zeroblob(3000), 2);
INSERT INTO api_tokens (lookup, name, ending, user_id, created_at)
VALUES (x'cc', '', '1234567', 2, 1);
INSERT INTO key_rules VALUES (1, 1, -1, '', '127.0.0.0/8 ::1', 7);
INSERT INTO oauth_clients VALUES (2, 'Möbel 🫖', 0, 'https://app.example/back', 1);
INSERT INTO connections VALUES (2, 1, 1);
INSERT INTO access_tokens VALUES (9, x'a1', 'ending', 2, 1, 9, 'read', 'secret', 1, NULL, 0, 2);
INSERT INTO token_families VALUES (9, 2, NULL, 'read', -1, 1, 2, 'it’s over');
INSERT INTO token_purges VALUES (9, 2, 5);
INSERT INTO refresh_tokens VALUES (x'b1', 9, 1, NULL, 2, NULL), (x'b2', 9, 1, 2, NULL, x'b1');
UPDATE license_settings SET previous_code = 'old-store-code', previous_until = 9, origins = '*', page_url = 'https://shop.example/?k={key}';
INSERT INTO license_products VALUES ('sku 🫖', 'Pröduct', 'v1', 'https://shop.example/v1.zip', 1, 3);
INSERT INTO licenses VALUES (9, x'd1', x'd2', 'Abcd', 32, 'sku 🫖', 'Ünï', 'a@b.example', '', 5, NULL, 2, 'days 7', 1, NULL, 4);
INSERT INTO license_terms VALUES ('ünï', 9);
INSERT INTO license_uses VALUES (9, 7, 1519628117, 2, 1);
INSERT INTO license_activations VALUES (9, 1519628117, 'shop.example', 1, 2, '::1', 'curl 🫖'), (9, 1519628116, '', 1, 2, NULL, NULL);
INSERT INTO license_tokens VALUES (x'e1', 9, 1, NULL);
INSERT INTO authorization_codes
VALUES (x'c1', 'page', 2, 2, 'https://app.example/back', 1, 'hash', 'read', NULL, 1, 2, NULL, 9);
";

/// A stopped store on SQLite.
pub struct Store {
    pub folder: TempDir,
    /// An app's pair before its key got a new one; still within the overlap.
    pub old: Received,
    /// The pair of that key now.
    pub new: Received,
    /// An app that did not take its keys at first.
    pub late: Receiver,
    /// The cookie of a manager who is logged in.
    pub cookie: String,
}

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

impl Store {
    pub async fn fill() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let (database, key) = (format!("sqlite:{}", path("test.db")), path("test.key"));
        let settings = [
            ("DATABASE_URL", database.as_str()),
            ("SECRET_KEY_FILE", key.as_str()),
            ("OAUTH1", "true"),
        ];
        let app = TestApp::with(&settings).await;
        let manager = app.logged_in("max").await;
        let receiver = Receiver::start().await;
        manager.approve(&manager.consent(&request(&receiver.url())).await).await;
        let old = receiver.wait_for(1).await.remove(0);
        let rotate = manager.get("/admin/keys/1/rotate").await;
        let mut fields = rotate.fields("form[action$='/admin/keys/1/rotate']");
        fields.insert("overlap".to_owned(), "24".to_owned());
        manager.press("/admin/keys/1/rotate", &fields).await;
        let new = receiver.wait_for(2).await.remove(1);
        granted(&app, "read").await;
        let late = Receiver::start().await;
        late.will([Reaction::Status(500)]);
        approve_in_vain(&manager, &late.url()).await;
        let orders = Question::forwarded("GET", "/wp-json/wc/v3/orders").keys(&old);
        assert_eq!(orders.ask(&app).await.word(), "allowed");
        let login = [("username", "max"), ("password", PASSWORD)];
        let cookie = app.browser().post("/login", &login).await.header("set-cookie").to_owned();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        app.stop().await;
        let store = Self { folder, old, new, late, cookie };
        store.alter(RARE);
        store
    }

    /// The settings of this store.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let path = |name: &str| self.path(name).to_str().unwrap().to_owned();
        vec![
            ("APPGRANT_DATABASE_URL", format!("sqlite:{}", path("test.db"))),
            ("APPGRANT_SECRET_KEY_FILE", path("test.key")),
            ("APPGRANT_OAUTH1", "true".to_owned()),
        ]
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a command on this store, with these settings besides.
    pub fn run_with(&self, more: &[(&str, &str)], arguments: &[&str]) -> (i32, String, String) {
        let settings = self.settings();
        let mut all: Vec<_> =
            settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        all.extend(more);
        Process::run_with(self.folder.path(), &all, arguments)
    }

    /// Moves it.
    pub fn copy_to(&self, url: &str) -> (i32, String, String) {
        self.run_with(&[], &["copy", "--to", url])
    }

    /// Starts the service of this store's key file, on that database.
    pub async fn serve(&self, database_url: &str) -> Process {
        let mut settings = self.settings();
        settings.push(("APPGRANT_DATABASE_URL", database_url.to_owned()));
        let settings: Vec<_> =
            settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Process::start(self.folder.path(), &own_address(), &settings).await
    }

    pub fn alter(&self, sql: &str) {
        alter(&self.path("test.db"), sql);
    }

    /// The rows of each table.
    pub fn counts(&self) -> BTreeMap<String, i64> {
        let path = self.path("test.db");
        tables(&path).into_iter().map(|name| (name.clone(), count(&path, &name))).collect()
    }
}

/// Statements on a SQLite file.
pub fn alter(path: &Path, sql: &str) {
    let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    // A service that was just stopped may be closing its connections still.
    conn.batch_execute("PRAGMA busy_timeout = 5000;").unwrap();
    conn.batch_execute(sql).unwrap();
}

/// The tables of a SQLite file.
pub fn tables(path: &Path) -> Vec<String> {
    let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'";
    let tables: Vec<Named> = sql_query(tables).load(&mut conn).unwrap();
    tables.into_iter().map(|table| table.name).collect()
}

/// How many rows a table of a SQLite file has.
pub fn count(path: &Path, table: &str) -> i64 {
    let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    let count = sql_query(format!("SELECT count(*) AS count FROM {table}"));
    count.get_result::<Count>(&mut conn).unwrap().count
}

/// One number from the target.
pub async fn number(url: &str, query: &str) -> i64 {
    let mut conn = AsyncPgConnection::establish(url).await.unwrap();
    let query = sql_query(format!("SELECT ({query})::bigint AS count"));
    diesel_async::RunQueryDsl::get_result::<Count>(query, &mut conn).await.unwrap().count
}

/// Statements on the target.
pub async fn execute(url: &str, statements: &str) -> Result<(), String> {
    let mut conn = AsyncPgConnection::establish(url).await.unwrap();
    conn.batch_execute(statements).await.map_err(|error| error.to_string())
}
