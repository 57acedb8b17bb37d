//! The only place that knows diesel: one source text of queries for two databases.
//!
//! How: each file in `queries/` is ordinary diesel on a connection type named `Conn`. The modules
//! `sqlite` and `postgres` each define `Conn` and compile the very same files, so that a query is
//! written once, checked by rustc against both databases, and read without knowing about macros.
//! `read!` and `write!` choose the copy that fits the open [`Db`].
//!
//! Rules: a query function takes `now` and domain types and gives domain types or a named outcome. A
//! change of state is an update guarded by the expected state whose row count is read. A function
//! called by `write!` is one transaction. Never: a network call or a password hash in here.

mod clock;
pub mod copy;
mod delivery_outcomes;
mod error;
mod migrations;
pub mod outcomes;
pub mod pairs;
pub mod postgres;
mod schema;
pub mod sqlite;

pub use error::DbError;

use crate::domain::audit::Entry;

/// Runs one query: `read!(db, keys::by_lookup(&lookup))` gives `Result<_, DbError>`.
macro_rules! read {
    ($db:expr, $table:ident :: $query:ident ( $($arg:expr),* $(,)? )) => {
        match $db.backend() {
            $crate::db::Backend::Sqlite(pools) => match pools.reader().await {
                Ok(mut conn) => $crate::db::sqlite::$table::$query(&mut conn, $($arg),*).await,
                Err(error) => Err(error),
            },
            $crate::db::Backend::Postgres(pools) => match pools.reader().await {
                Ok(mut conn) => $crate::db::postgres::$table::$query(&mut conn, $($arg),*).await,
                Err(error) => Err(error),
            },
        }
    };
}

/// Runs one query function as one transaction: `write!(db, users::insert(now, &user))`.
///
/// It runs on a task of its own, so that a caller who goes away (a browser that hangs up) leaves no
/// half-open transaction behind. So what the arguments name must be owned; it is moved there.
macro_rules! write {
    ($db:expr, $table:ident :: $query:ident ( $($arg:expr),* $(,)? )) => {{
        use diesel_async::AsyncConnection as _;
        let task = match $db.backend().clone() {
            $crate::db::Backend::Sqlite(pools) => tokio::spawn(async move {
                pools.writer().await?.immediate_transaction(
                    async move |conn| $crate::db::sqlite::$table::$query(conn, $($arg),*).await,
                ).await
            }),
            $crate::db::Backend::Postgres(pools) => tokio::spawn(async move {
                pools.writer().await?.transaction(
                    async move |conn| $crate::db::postgres::$table::$query(conn, $($arg),*).await,
                ).await
            }),
        };
        task.await.unwrap_or(Err($crate::db::DbError::Interrupted))
    }};
}

/// The fact in `meta` that says that all keys have their words.
const INDEXED: &str = "key_terms";

/// An open database. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    backend: Backend,
    url: String,
}

/// The two kinds of database; for the macros below.
#[derive(Clone)]
pub enum Backend {
    /// A file.
    Sqlite(sqlite::Pools),
    /// A server.
    Postgres(postgres::Pools),
}

impl Db {
    /// Opens `sqlite:PATH` or `postgres://…`. Connections are made when first needed.
    ///
    /// # Errors
    /// If the URL has neither form.
    pub fn open(url: &str) -> Result<Self, DbError> {
        let backend = match url.strip_prefix("sqlite:") {
            Some(path) => Backend::Sqlite(sqlite::Pools::new(path)?),
            None if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                Backend::Postgres(postgres::Pools::new(url)?)
            }
            None => {
                return Err(DbError::Unavailable("neither sqlite: nor postgres://".into()));
            }
        };
        Ok(Self { backend, url: url.to_owned() })
    }

    /// Opens a database only to look at it: nothing is made, not even a missing file.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_to_look(url: &str) -> Result<Self, DbError> {
        match url.strip_prefix("sqlite:") {
            Some(path) => Self::open(&format!("sqlite:{}", sqlite::read_only(path))),
            None => Self::open(url),
        }
    }

    /// Which database this is.
    pub fn backend(&self) -> &Backend {
        &self.backend
    }

    /// Whether the database is a file of this process' own, which migrates by itself.
    pub fn is_sqlite(&self) -> bool {
        matches!(self.backend, Backend::Sqlite(_))
    }

    /// Brings the schema to this version; returns the names of what was applied.
    ///
    /// # Errors
    /// If the database cannot be reached or a migration fails.
    pub async fn migrate(&self) -> Result<Vec<String>, DbError> {
        let applied = migrations::apply(self).await?;
        self.index_terms().await?;
        Ok(applied)
    }

    /// Gives keys their words that were made before keys had words. Piece by piece, since there may be
    /// many; whoever is stopped in it begins again, which changes nothing.
    async fn index_terms(&self) -> Result<(), DbError> {
        if read!(self, meta::get(INDEXED))?.is_some() {
            return Ok(());
        }
        let mut after = 0;
        while let Some(last) = write!(self, key_terms::index_after(after))? {
            after = last;
        }
        write!(self, meta::put(INDEXED, "1"))
    }

    /// Checks that the database answers and its schema is this version's.
    ///
    /// # Errors
    /// With a line that says what is the matter and what to do.
    pub async fn check(&self) -> Result<(), DbError> {
        migrations::check(self).await
    }
}

/// Runs one query function as one transaction, as `write!` does, and writes down what it did in the
/// same transaction: `audited!(db, journal, users::insert(now, &user), |made| vec![Entry::done(…)])`.
macro_rules! audited {
    (
        $db:expr, $journal:expr, $table:ident :: $query:ident ( $($arg:expr),* $(,)? ),
        $entries:expr $(,)?
    ) => {{
        use diesel_async::AsyncConnection as _;
        let journal: $crate::domain::audit::Journal = $journal;
        let task = match $db.backend().clone() {
            $crate::db::Backend::Sqlite(pools) => tokio::spawn(async move {
                pools.writer().await?.immediate_transaction(async move |conn| {
                    let outcome = $crate::db::sqlite::$table::$query(conn, $($arg),*).await?;
                    let entries = $crate::db::entries_of($entries, &outcome);
                    $crate::db::sqlite::audit::append(conn, &journal, &entries).await?;
                    Ok(outcome)
                }).await
            }),
            $crate::db::Backend::Postgres(pools) => tokio::spawn(async move {
                pools.writer().await?.transaction(async move |conn| {
                    let outcome = $crate::db::postgres::$table::$query(conn, $($arg),*).await?;
                    let entries = $crate::db::entries_of($entries, &outcome);
                    $crate::db::postgres::audit::append(conn, &journal, &entries).await?;
                    Ok(outcome)
                }).await
            }),
        };
        task.await.unwrap_or(Err($crate::db::DbError::Interrupted))
    }};
}

/// What an outcome is worth writing down; here so that closures in [`audited!`] need no types.
pub(crate) fn entries_of<T>(entries: impl FnOnce(&T) -> Vec<Entry>, outcome: &T) -> Vec<Entry> {
    entries(outcome)
}

pub(crate) use {audited, read, write};
