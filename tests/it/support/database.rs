//! Which database the tests run on, a database for each test's folder, and a look past the service into it.
//!
//! `APPGRANT_TEST_DATABASE` decides for all of `tests/`: `sqlite` (the default) or `postgres`. Whatever
//! runs in one folder (the service in this process, the real program, its commands) shares one database.

use std::{fs, path::Path, sync::LazyLock, thread};

use diesel::{
    Connection, QueryableByName, RunQueryDsl, SqliteConnection, connection::SimpleConnection,
    deserialize::FromSqlRow, pg::Pg, sql_query, sql_types::Untyped, sqlite::Sqlite,
};
use diesel_async::{AsyncPgConnection, async_connection_wrapper::AsyncConnectionWrapper};

use super::{TestApp, postgres};

/// Names the database that all tests run on.
pub const CHOICE: &str = "APPGRANT_TEST_DATABASE";

/// The file's name on SQLite, which is the program's own choice.
pub const FILE: &str = "appgrant.db";

/// A synchronous connection to a server; not on a thread that runs a runtime.
type Server = AsyncConnectionWrapper<AsyncPgConnection>;

/// Whether the tests run on PostgreSQL.
pub fn is_postgres() -> bool {
    static IS_POSTGRES: LazyLock<bool> = LazyLock::new(|| match std::env::var_os(CHOICE) {
        None => false,
        Some(name) if name == "sqlite" => false,
        Some(name) if name == "postgres" => true,
        Some(other) => panic!("{CHOICE} is {other:?}; it must be sqlite or postgres"),
    });
    *IS_POSTGRES
}

/// The address of the folder's database; made, with the schema on PostgreSQL, when first asked for.
pub fn of(folder: &Path) -> String {
    if is_postgres() {
        postgres::of(folder, postgres::Content::Schema)
    } else {
        format!("sqlite:{}", folder.join(FILE).display())
    }
}

/// Gives a folder whose files were copied from another its own copy of that one's database, too.
#[allow(dead_code, reason = "tests/chaos copies its stores")]
pub fn copy(from: &Path, to: &Path) {
    if is_postgres() {
        postgres::of(to, postgres::Content::CopyOf(&of(from)));
    }
}

/// How SQL writes down these bytes.
pub fn bytes(hex: &str) -> String {
    if is_postgres() { format!("'\\x{hex}'::bytea") } else { format!("x'{hex}'") }
}

/// An SQL expression that is other 32 bytes in each row.
pub fn random_bytes() -> &'static str {
    if is_postgres() { "sha256(uuid_send(gen_random_uuid()))" } else { "randomblob(32)" }
}

/// Runs one statement there, as a person with a shell would; gives how many rows it changed.
pub fn execute(address: &str, sql: &str) -> usize {
    at(
        address,
        sql,
        |conn, sql| sql_query(sql).execute(conn),
        |conn, sql| sql_query(sql).execute(conn),
    )
}

/// The rows of a query there.
pub fn rows<T>(address: &str, sql: &str) -> Vec<T>
where
    T: QueryableByName<Sqlite> + QueryableByName<Pg> + Send + 'static,
    T: FromSqlRow<Untyped, Sqlite> + FromSqlRow<Untyped, Pg>,
{
    at(address, sql, |conn, sql| sql_query(sql).load(conn), |conn, sql| sql_query(sql).load(conn))
}

/// The texts in the query's one column, which is named `text`.
pub fn texts(address: &str, sql: &str) -> Vec<String> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Text)]
        text: String,
    }
    rows::<Row>(address, sql).into_iter().map(|row| row.text).collect()
}

/// The statement that drops a table's trigger.
pub fn drop_trigger(trigger: &str, table: &str) -> String {
    let of = if is_postgres() { format!(" ON {table}") } else { String::new() };
    format!("DROP TRIGGER {trigger}{of}")
}

/// Asserts that a secret stands nowhere in the database.
pub fn assert_holds_no(address: &str, secret: &str) {
    let holds = |content: &[u8]| content.windows(secret.len()).any(|it| it == secret.as_bytes());
    let found = content(address);
    assert!(!found.is_empty());
    let places: Vec<_> = found.into_iter().filter(|(_, content)| holds(content)).collect();
    assert!(places.is_empty(), "a secret stands in {:?}", places.iter().map(|place| &place.0));
}

/// All that the database holds: on SQLite the pages of its files, else the rows of its tables.
pub fn content(address: &str) -> Vec<(String, Vec<u8>)> {
    let Some(file) = address.strip_prefix("sqlite:") else { return tables(address) };
    let files = [file.to_owned(), format!("{file}-wal")].into_iter();
    files.filter_map(|file| fs::read(&file).ok().map(|content| (file, content))).collect()
}

fn tables(address: &str) -> Vec<(String, Vec<u8>)> {
    let names = "SELECT tablename::text AS text FROM pg_tables WHERE schemaname = 'public'";
    let content = |table: String| {
        let mut content = Vec::new();
        for row in texts(address, &format!("SELECT t::text AS text FROM {table} t")) {
            content.extend_from_slice(row.as_bytes());
            // Bytes are written down as hexadecimal digits.
            for hex in row.split("\\x").skip(1) {
                let digits = hex.bytes().take_while(u8::is_ascii_hexdigit).count() / 2 * 2;
                content.extend(data_encoding::HEXLOWER.decode(&hex.as_bytes()[..digits]).unwrap());
            }
        }
        (table, content)
    };
    texts(address, names).into_iter().map(content).collect()
}

/// Works on a connection, on a thread of its own, since this one may run a runtime.
fn at<T: Send + 'static>(
    address: &str,
    sql: &str,
    on_sqlite: fn(&mut SqliteConnection, &str) -> diesel::QueryResult<T>,
    on_postgres: fn(&mut Server, &str) -> diesel::QueryResult<T>,
) -> T {
    let (address, sql) = (address.to_owned(), sql.to_owned());
    let work = move || {
        let done = if let Some(file) = address.strip_prefix("sqlite:") {
            let mut conn = SqliteConnection::establish(file).unwrap();
            conn.batch_execute("PRAGMA busy_timeout = 5000").unwrap();
            on_sqlite(&mut conn, &sql)
        } else {
            on_postgres(&mut Server::establish(&address).unwrap(), &sql)
        };
        done.unwrap_or_else(|error| panic!("{sql}: {error}"))
    };
    thread::spawn(work).join().unwrap()
}

impl TestApp {
    /// Runs one statement on its database, as another process; gives how many rows it changed. Awaited
    /// for: this thread's runtime may be the one that has to end the transaction it waits for.
    pub async fn alter(&self, sql: &str) -> usize {
        let (address, sql) = (self.database.clone(), sql.to_owned());
        tokio::task::spawn_blocking(move || execute(&address, &sql)).await.unwrap()
    }
}
