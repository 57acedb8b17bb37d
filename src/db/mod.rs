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

mod change_outcomes;
mod clock;
pub mod copy;
mod delivery_outcomes;
mod error;
pub mod license_outcomes;
mod migrations;
pub mod outcomes;
pub mod pairs;
pub mod postgres;
mod schema;
mod server;
pub mod sqlite;
mod to_the_end;
pub mod token_outcomes;
mod usage;
mod word_index;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

pub use error::DbError;
pub use server::Listener;
pub use usage::Usage;

use crate::domain::audit::Entry;

/// Runs one query: `read!(db, keys::by_lookup(&lookup))` gives `Result<_, DbError>`.
macro_rules! read {
    ($db:expr, $table:ident :: $query:ident ( $($arg:expr),* $(,)? )) => {
        $db.noted(match $db.backend() {
            $crate::db::Backend::Sqlite(pools) => {
                $crate::db::read!(@on sqlite, pools, $table::$query($($arg),*))
            }
            $crate::db::Backend::Postgres(pools) => {
                $crate::db::read!(@on postgres, pools, $table::$query($($arg),*))
            }
        })
    };
    (@on $backend:ident, $pools:expr, $table:ident :: $query:ident ( $($arg:expr),* )) => {
        match $pools.lend().await {
            Ok(mut conn) => {
                let answer = $crate::db::$backend::answered(
                    $crate::db::$backend::$table::$query(&mut conn, $($arg),*),
                ).await;
                $crate::db::$backend::give_back(conn, &answer);
                answer
            }
            Err(error) => Err(error),
        }
    };
}

/// Runs `$body` on a connection named `$conn` as one transaction called `$name` in traces, on a task of
/// its own.
macro_rules! transaction {
    ($db:expr, $name:expr, |$conn:ident, $backend:ident| $body:expr) => {{
        use diesel_async::AsyncConnection as _;
        use tracing::Instrument as _;
        let span = $crate::db::span(&$db, $name);
        let task = match $db.backend().clone() {
            $crate::db::Backend::Sqlite(pools) => {
                use $crate::db::sqlite as $backend;
                tokio::spawn(
                    async move {
                        let mut held = pools.writer().await?;
                        let work = held.immediate_transaction(async move |$conn| $body);
                        let answer = $backend::answered(work).await;
                        $backend::give_back(held, &answer);
                        answer
                    }
                    .instrument(span),
                )
            }
            $crate::db::Backend::Postgres(pools) => {
                use $crate::db::postgres as $backend;
                tokio::spawn(
                    async move {
                        let mut held = pools.lend().await?;
                        let work = held.transaction(async move |$conn| $body);
                        let answer = $backend::answered(work).await;
                        $backend::give_back(held, &answer);
                        answer
                    }
                    .instrument(span),
                )
            }
        };
        $db.noted(task.await.unwrap_or(Err($crate::db::DbError::Interrupted)))
    }};
}

/// What a transaction is called in traces.
macro_rules! name {
    ($table:ident, $query:ident) => {
        concat!(stringify!($table), ".", stringify!($query))
    };
}

/// Runs one query function as one transaction: `write!(db, users::insert(now, &user))`.
///
/// It runs on a task of its own, so that a caller who goes away (a browser that hangs up) leaves no
/// half-open transaction behind. So what the arguments name must be owned; it is moved there.
macro_rules! write {
    ($db:expr, $table:ident :: $query:ident ( $($arg:expr),* $(,)? )) => {
        $crate::db::transaction!($db, $crate::db::name!($table, $query), |conn, backend| {
            backend::$table::$query(conn, $($arg),*).await
        })
    };
}

/// The fact in `meta` that says that all keys have their words.
const INDEXED: &str = "key_terms";

/// An open database. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    backend: Backend,
    /// `sqlite:PATH`; what migrating needs. A server's address is in its pool, with its password.
    file: Option<String>,
    errors: Arc<[AtomicU64; DbError::KINDS.len()]>,
}

/// Connections to a server, unless told otherwise.
const POOL: usize = 8;

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
    /// If the URL has neither form, or names files that cannot be used.
    pub fn open(url: &str) -> Result<Self, DbError> {
        Self::open_pool(url, POOL)
    }

    /// Opens a database with that many connections, if it is a server.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_pool(url: &str, size: usize) -> Result<Self, DbError> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            let backend = Backend::Sqlite(sqlite::Pools::new(path)?);
            return Ok(Self::with(backend, Some(path.to_owned())));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let backend = Backend::Postgres(postgres::Pools::new(url, size)?);
            return Ok(Self::with(backend, None));
        }
        Err(DbError::Address("it begins with neither sqlite: nor postgres://".into()))
    }

    fn with(backend: Backend, file: Option<String>) -> Self {
        Self { backend, file, errors: Arc::default() }
    }

    /// Opens a database only to look at it: nothing is made, not even a missing file.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_to_look(url: &str) -> Result<Self, DbError> {
        match url.strip_prefix("sqlite:") {
            Some(path) => Self::open(&format!("sqlite:{}", sqlite::read_only(path))),
            None => Self::open_pool(url, 2),
        }
    }

    /// The same database, on a server by one connection of its own: for what may not wait behind others.
    ///
    /// # Errors
    /// If there can be no such pool.
    pub fn apart(&self) -> Result<Self, DbError> {
        let backend = match &self.backend {
            Backend::Sqlite(pools) => Backend::Sqlite(pools.clone()),
            Backend::Postgres(pools) => Backend::Postgres(pools.apart()?),
        };
        Ok(Self { backend, file: self.file.clone(), errors: Arc::clone(&self.errors) })
    }

    /// Listens for changes of keys, where the database can tell of them.
    ///
    /// # Errors
    /// If the server cannot be reached.
    pub async fn listen(&self) -> Result<Option<Listener>, DbError> {
        match &self.backend {
            Backend::Sqlite(_) => Ok(None),
            Backend::Postgres(pools) => Listener::start(pools.server()).await.map(Some),
        }
    }

    /// Counts it if it is an error.
    pub(crate) fn noted<T>(&self, result: Result<T, DbError>) -> Result<T, DbError> {
        if let Err(error) = &result {
            self.errors[error.kind()].fetch_add(1, Ordering::Relaxed);
        }
        result
    }

    /// How often queries gave no answer, by what was wrong.
    pub fn errors(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = self.errors.iter().map(|count| count.load(Ordering::Relaxed));
        DbError::KINDS.into_iter().zip(counts)
    }

    /// How the pools are used.
    pub fn usage(&self) -> Vec<Usage> {
        match &self.backend {
            Backend::Sqlite(pools) => pools.usage(),
            Backend::Postgres(pools) => pools.usage(),
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

    /// What kind it is, in the word of OpenTelemetry's conventions.
    pub fn kind(&self) -> &'static str {
        if self.is_sqlite() { "sqlite" } else { "postgresql" }
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

    /// Checks that the database answers, and that a program that runs already may go on: a newer version's
    /// schema is no fault as long as no migration in it says so (`migrations/README.md`).
    ///
    /// # Errors
    /// As [`Self::check`].
    pub async fn check_running(&self) -> Result<(), DbError> {
        migrations::check_running(self).await
    }

    /// Writes what the database holds at this moment into the empty file at `path`; SQLite only.
    ///
    /// # Errors
    /// If the file cannot be written, or the database is none.
    pub async fn write_copy(&self, path: String) -> Result<(), DbError> {
        match &self.backend {
            Backend::Sqlite(pools) => pools.write_copy(path).await,
            Backend::Postgres(_) => Err(DbError::Unavailable("pg_dump copies PostgreSQL".into())),
        }
    }
}

/// Runs one query function as one transaction, as `write!` does, and writes down what it did in the
/// same transaction: `audited!(db, journal, users::insert(now, &user), |made| vec![Entry::done(…)])`.
macro_rules! audited {
    (
        $db:expr, $journal:expr, $table:ident :: $query:ident ( $($arg:expr),* $(,)? ),
        $entries:expr $(,)?
    ) => {{
        let journal: $crate::domain::audit::Journal = $journal;
        $crate::db::transaction!($db, $crate::db::name!($table, $query), |conn, backend| {
            let outcome = backend::$table::$query(conn, $($arg),*).await?;
            let entries = $crate::db::entries_of($entries, &outcome);
            backend::audit::append(conn, &journal, &entries).await?;
            Ok(outcome)
        })
    }};
}

/// What an outcome is worth writing down; here so that closures in [`audited!`] need no types.
pub(crate) fn entries_of<T>(entries: impl FnOnce(&T) -> Vec<Entry>, outcome: &T) -> Vec<Entry> {
    entries(outcome)
}

/// The span of a transaction, for traces.
pub(crate) fn span(db: &Db, name: &'static str) -> tracing::Span {
    tracing::debug_span!(
        "transaction",
        otel.name = name,
        otel.kind = "client",
        db.system.name = db.kind(),
        db.operation.name = name,
    )
}

pub(crate) use {audited, name, read, transaction, write};
