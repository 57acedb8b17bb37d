//! A database for one test, and a look past the query functions into its rows.

use std::{ops::Deref, sync::Arc};

use appgrant::db::{Backend, Db};
use diesel::{QueryableByName, sql_query, sql_types::BigInt};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use tempfile::TempDir;
use tokio::task::spawn_blocking;

use crate::support::postgres::{self, Content};

/// A fresh database; used like the [`Db`] it holds.
#[derive(Clone)]
pub struct TestDatabase {
    db: Db,
    pub url: String,
    /// The database goes with it.
    _folder: Arc<TempDir>,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

impl TestDatabase {
    /// A file with the schema.
    pub async fn sqlite() -> Self {
        let made = Self::empty_sqlite();
        made.migrate().await.unwrap();
        made
    }

    /// A database with the schema on the tests' server, if there is one.
    pub async fn postgres() -> Option<Self> {
        Self::on_server(Content::Schema).await
    }

    /// Another fresh database of the same kind, without any table.
    pub async fn empty(&self) -> Self {
        match self.backend() {
            Backend::Sqlite(_) => Self::empty_sqlite(),
            Backend::Postgres(_) => Self::on_server(Content::Nothing).await.unwrap(),
        }
    }

    async fn on_server(content: Content<'static>) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let made = spawn_blocking(move || postgres::try_of(&path, content)).await.unwrap();
        Some(Self::at(made?, folder))
    }

    fn empty_sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("test.db").display());
        Self::at(url, folder)
    }

    /// A database that is there.
    pub fn opened(url: &str) -> Self {
        Self::at(url.to_owned(), tempfile::tempdir().unwrap())
    }

    fn at(url: String, folder: TempDir) -> Self {
        Self { db: Db::open(&url).unwrap(), url, _folder: Arc::new(folder) }
    }

    /// The same database, as another process would open it.
    pub fn open_again(&self) -> Db {
        Db::open(&self.url).unwrap()
    }

    /// How many rows there are: `count("keys WHERE state = 'active'")`.
    pub async fn count(&self, rows: &str) -> i64 {
        let query = sql_query(format!("SELECT count(*) AS count FROM {rows}"));
        let found: Count = match self.backend() {
            Backend::Sqlite(pools) => query.get_result(&mut pools.reader().await.unwrap()).await,
            Backend::Postgres(pools) => query.get_result(&mut pools.reader().await.unwrap()).await,
        }
        .unwrap();
        found.count
    }

    /// Runs a statement that no query function has.
    pub async fn execute(&self, statement: &str) {
        self.try_execute(statement).await.unwrap();
    }

    /// Tries such a statement; gives what the database said against it.
    pub async fn try_execute(&self, statement: &str) -> Result<(), String> {
        let done = match self.backend() {
            Backend::Sqlite(pools) => pools.writer().await.unwrap().batch_execute(statement).await,
            Backend::Postgres(pools) => {
                pools.writer().await.unwrap().batch_execute(statement).await
            }
        };
        done.map_err(|error| error.to_string())
    }
}

impl Deref for TestDatabase {
    type Target = Db;
    fn deref(&self) -> &Db {
        &self.db
    }
}
