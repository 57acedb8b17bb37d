//! The SQLite side: a file that is this process' alone while it is read.
//!
//! `locking_mode = EXCLUSIVE` before the first look takes the file as a whole, also from those who have it
//! open and do nothing (<https://www.sqlite.org/wal.html#noshm>). So a `serve` that runs is noticed, and
//! none can start: what it wrote after the copy would be lost. The lock ends with the process.

use diesel::{
    ConnectionError, QueryableByName, SqliteConnection, sql_query,
    sql_types::{BigInt, Binary, Text},
};
use diesel_async::{
    AsyncConnection, RunQueryDsl, SimpleAsyncConnection,
    sync_connection_wrapper::SyncConnectionWrapper,
};

use super::{
    COPIED, CopyError, DbError, PAGE,
    catalog::{self, Table, quote, quoted},
    row::{Stored, StoredRow},
};
use crate::domain::timestamp::Timestamp;

/// A connection to the file.
pub type Conn = SyncConnectionWrapper<SqliteConnection>;

/// As for every other connection (`db/sqlite.rs`), and the whole file.
const SETTINGS: &str = "PRAGMA busy_timeout = 2000; PRAGMA synchronous = FULL; \
                        PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; \
                        PRAGMA locking_mode = EXCLUSIVE;";

/// The file, locked.
pub struct Source(Conn);

/// A walk through a table, a page at a time.
pub struct Pages<'a> {
    conn: &'a mut Conn,
    table: &'a Table,
    after: Vec<Stored>,
    is_over: bool,
}

/// The greatest number that a table gave.
#[derive(QueryableByName)]
pub struct Numbered {
    /// The table.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The number.
    #[diesel(sql_type = BigInt)]
    pub last: i64,
}

impl Source {
    /// Opens the file and takes it.
    pub async fn open(path: &str) -> Result<Self, CopyError> {
        let unreachable = |error: ConnectionError| DbError::Unavailable(error.to_string());
        let mut conn =
            Conn::establish(path).await.map_err(|error| CopyError::Source(unreachable(error)))?;
        let begin = format!("{SETTINGS} BEGIN IMMEDIATE;");
        conn.batch_execute(&begin).await.map_err(in_use)?;
        // Of an earlier copy, to which somebody went back; it is no fact of the new store.
        let forget = sql_query("DELETE FROM meta WHERE name = ?").bind::<Text, _>(COPIED);
        forget.execute(&mut conn).await.map_err(CopyError::source)?;
        Ok(Self(conn))
    }

    /// What is to be copied.
    pub async fn tables(&mut self) -> Result<Vec<Table>, CopyError> {
        catalog::read(&mut self.0).await
    }

    /// The greatest number that each table gave, also to rows that are gone.
    pub async fn numbers(&mut self) -> Result<Vec<Numbered>, CopyError> {
        let numbers = sql_query("SELECT name, seq AS last FROM sqlite_sequence");
        numbers.load(&mut self.0).await.map_err(CopyError::source)
    }

    /// Begins a walk through a table.
    pub fn pages<'a>(&'a mut self, table: &'a Table) -> Pages<'a> {
        Pages { conn: &mut self.0, table, after: Vec::new(), is_over: false }
    }

    /// Writes down that the store is elsewhere now, and gives the file back.
    pub async fn mark(mut self, now: Timestamp) -> Result<(), CopyError> {
        let unmarked = |error: diesel::result::Error| CopyError::Unmarked(error.into());
        let mark = sql_query("INSERT INTO meta (name, value) VALUES (?, ?)")
            .bind::<Text, _>(COPIED)
            .bind::<Text, _>(now.to_millis_text());
        mark.execute(&mut self.0).await.map_err(unmarked)?;
        self.0.batch_execute("COMMIT").await.map_err(unmarked)
    }
}

impl Pages<'_> {
    /// The next rows; nothing at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<StoredRow>>, CopyError> {
        if self.is_over {
            return Ok(None);
        }
        let mut query = sql_query(self.statement()).into_boxed();
        for value in std::mem::take(&mut self.after) {
            query = match value {
                Stored::Integer(value) => query.bind::<BigInt, _>(value),
                Stored::Text(text) => query.bind::<Text, _>(text),
                Stored::Bytes(bytes) => query.bind::<Binary, _>(bytes),
                Stored::Null => return Err(CopyError::Unlike(self.table.name.clone())),
            };
        }
        let mut rows: Vec<StoredRow> = query.load(self.conn).await.map_err(CopyError::source)?;
        self.is_over = rows.len() < PAGE;
        let width = self.table.columns.len();
        for StoredRow(values) in &mut rows {
            self.after = values.split_off(width);
        }
        Ok(Some(rows).filter(|rows| !rows.is_empty()))
    }

    /// The columns, then where the walk is.
    fn statement(&self) -> String {
        let Table { name, columns, walk, .. } = self.table;
        let (columns, name, order) = (quoted(columns), quote(name), quoted(walk));
        let from = if self.after.is_empty() {
            String::new()
        } else {
            format!("WHERE ({order}) > ({})", vec!["?"; walk.len()].join(", "))
        };
        format!("SELECT {columns}, {order} FROM {name} {from} ORDER BY {order} LIMIT {PAGE}")
    }
}

fn in_use(error: diesel::result::Error) -> CopyError {
    if error.to_string().contains("locked") {
        return CopyError::InUse;
    }
    CopyError::source(error)
}
