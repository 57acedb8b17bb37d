//! Bringing a schema to this version, and telling when it is another one.
//!
//! diesel's migration runner is synchronous; it runs on a thread for blocking work, on a connection of
//! its own. What is missing is applied in one transaction that no other process can be in at the same
//! time: each looks for itself what is missing, so two at once would apply it twice.

use std::{collections::BTreeSet, thread::sleep, time::Duration};

use diesel::{
    Connection, SqliteConnection, backend::Backend as DieselBackend, connection::SimpleConnection,
    migration::MigrationSource, pg::Pg, sqlite::Sqlite,
};
use diesel_async::{AsyncPgConnection, async_connection_wrapper::AsyncConnectionWrapper};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use tokio::task::spawn_blocking;

use super::{Backend, Db, DbError, postgres::Pools};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// The advisory lock of whoever migrates a PostgreSQL database: "appgrant" in ASCII.
const LOCK: i64 = i64::from_be_bytes(*b"appgrant");

/// The table that migrating makes first; the databases name it when it is not there.
const MIGRATIONS: &str = "__diesel_schema_migrations";

/// Applies what is missing; gives the names of what was applied.
pub async fn apply(db: &Db) -> Result<Vec<String>, DbError> {
    let (file, backend) = (db.file.clone().unwrap_or_default(), db.backend.clone());
    run(move || match backend {
        Backend::Sqlite(_) => {
            let mut conn = sqlite(&file)?;
            use_write_ahead_log(&mut conn)?;
            conn.immediate_transaction(|conn| run_pending(conn, SQLITE))
        }
        Backend::Postgres(pools) => Connection::transaction(&mut postgres(&pools)?, |conn| {
            conn.batch_execute(&format!("SELECT pg_advisory_xact_lock({LOCK})"))?;
            run_pending(conn, POSTGRES)
        }),
    })
    .await
}

/// Checks that exactly what this program knows was applied.
pub async fn check(db: &Db) -> Result<(), DbError> {
    let known = match db.backend() {
        Backend::Sqlite(_) => versions::<Sqlite>(SQLITE)?,
        Backend::Postgres(_) => versions::<Pg>(POSTGRES)?,
    };
    let applied = match super::read!(db, meta::applied_migrations()) {
        Ok(applied) => applied,
        Err(DbError::Query(error)) if error.to_string().contains(MIGRATIONS) => BTreeSet::new(),
        Err(error) => return Err(error),
    };
    if !known.is_subset(&applied) {
        let line = "the database's schema is older than this program: run `appgrant migrate`";
        return Err(DbError::Schema(line.into()));
    }
    if applied != known {
        let line = "the database's schema is newer than this program: install the newer version";
        return Err(DbError::Schema(line.into()));
    }
    Ok(())
}

fn versions<DB: DieselBackend>(source: EmbeddedMigrations) -> Result<BTreeSet<String>, DbError>
where
    EmbeddedMigrations: MigrationSource<DB>,
{
    let migrations = MigrationSource::<DB>::migrations(&source).map_err(failed)?;
    Ok(migrations.iter().map(|migration| migration.name().version().to_string()).collect())
}

async fn run<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DbError> + Send + 'static,
) -> Result<T, DbError> {
    spawn_blocking(work).await.unwrap_or(Err(DbError::Interrupted))
}

fn sqlite(path: &str) -> Result<SqliteConnection, DbError> {
    let mut conn = SqliteConnection::establish(path)?;
    conn.batch_execute("PRAGMA busy_timeout = 5000;")?;
    Ok(conn)
}

/// Switches the file to write-ahead logging, which it remembers. SQLite does not wait here for other
/// connections, whatever its `busy_timeout` is; so this does.
fn use_write_ahead_log(conn: &mut SqliteConnection) -> Result<(), DbError> {
    for _ in 0..200 {
        if conn.batch_execute("PRAGMA journal_mode = WAL;").is_ok() {
            return Ok(());
        }
        sleep(Duration::from_millis(20));
    }
    Ok(conn.batch_execute("PRAGMA journal_mode = WAL;")?)
}

fn postgres(pools: &Pools) -> Result<AsyncConnectionWrapper<AsyncPgConnection>, DbError> {
    let connect = pools.server().connect_unlimited();
    Ok(AsyncConnectionWrapper::from(tokio::runtime::Handle::current().block_on(connect)?))
}

fn failed(error: Box<dyn std::error::Error + Send + Sync>) -> DbError {
    DbError::Schema(format!("a migration failed: {error}"))
}

fn run_pending<DB, C>(conn: &mut C, source: EmbeddedMigrations) -> Result<Vec<String>, DbError>
where
    DB: DieselBackend,
    C: MigrationHarness<DB>,
{
    let applied = conn.run_pending_migrations(source).map_err(failed)?;
    Ok(applied.iter().map(ToString::to_string).collect())
}
