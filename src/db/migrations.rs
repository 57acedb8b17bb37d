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

/// How long a migration waits for a table. While it waits, everybody behind it waits too: a dump of the
/// database must not stop the whole service.
const PATIENCE: &str = "SET LOCAL lock_timeout = '10s'";

/// The table that migrating makes first; the databases name it when it is not there.
const MIGRATIONS: &str = "__diesel_schema_migrations";

/// Applies what is missing; gives the names of what was applied.
pub async fn apply(db: &Db) -> Result<Vec<String>, DbError> {
    let (file, backend) = (db.file.clone().unwrap_or_default(), db.backend.clone());
    run(move || match backend {
        Backend::Sqlite(_) => {
            let mut conn = sqlite(&file)?;
            conn.immediate_transaction(|conn| run_pending(conn, SQLITE))
        }
        Backend::Postgres(pools) => Connection::transaction(&mut postgres(&pools)?, |conn| {
            conn.batch_execute(&format!("SELECT pg_advisory_xact_lock({LOCK})"))?;
            conn.batch_execute(PATIENCE)?;
            run_pending(conn, POSTGRES)
        }),
    })
    .await
}

/// The fact in `meta` that tells the oldest program that works on this schema: the version of the newest
/// migration that it has to know. A migration that takes away what older programs use sets it.
const OLDEST: &str = "oldest_schema";

const OLDER: &str = "the database's schema is older than this program: run `appgrant migrate`";
const NEWER: &str = "the database's schema is newer than this program: install the newer version";

/// Checks that exactly what this program knows was applied.
pub async fn check(db: &Db) -> Result<(), DbError> {
    let known = known(db)?;
    let applied = applied(db, &known).await?;
    if applied == known { Ok(()) } else { Err(newer()) }
}

/// Checks that what this program knows was applied, and nothing that older programs cannot live with.
pub async fn check_running(db: &Db) -> Result<(), DbError> {
    let known = known(db)?;
    if applied(db, &known).await? == known {
        return Ok(());
    }
    let oldest = super::read!(db, meta::get(OLDEST))?;
    match (oldest, known.last()) {
        (Some(oldest), Some(ours)) if oldest > *ours => Err(newer()),
        _ => Ok(()),
    }
}

fn known(db: &Db) -> Result<BTreeSet<String>, DbError> {
    match db.backend() {
        Backend::Sqlite(_) => versions::<Sqlite>(&SQLITE),
        Backend::Postgres(_) => versions::<Pg>(&POSTGRES),
    }
}

/// What was applied: all that is known, and perhaps more.
async fn applied(db: &Db, known: &BTreeSet<String>) -> Result<BTreeSet<String>, DbError> {
    let applied = match super::read!(db, meta::applied_migrations()) {
        Ok(applied) => applied,
        Err(DbError::Query(error)) if error.to_string().contains(MIGRATIONS) => BTreeSet::new(),
        Err(error) => return Err(error),
    };
    if known.is_subset(&applied) { Ok(applied) } else { Err(DbError::Schema(OLDER.into())) }
}

fn newer() -> DbError {
    DbError::Schema(NEWER.into())
}

fn versions<DB: DieselBackend>(source: &EmbeddedMigrations) -> Result<BTreeSet<String>, DbError>
where
    EmbeddedMigrations: MigrationSource<DB>,
{
    let migrations = MigrationSource::<DB>::migrations(source).map_err(failed)?;
    Ok(migrations.iter().map(|migration| migration.name().version().to_string()).collect())
}

async fn run<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DbError> + Send + 'static,
) -> Result<T, DbError> {
    spawn_blocking(work).await.unwrap_or(Err(DbError::Interrupted))
}

fn sqlite(path: &str) -> Result<SqliteConnection, DbError> {
    let mut conn = SqliteConnection::establish(path)?;
    use_write_ahead_log(&mut conn)?;
    conn.batch_execute("PRAGMA busy_timeout = 5000;")?;
    Ok(conn)
}

/// Switches the file to write-ahead logging, which it remembers. SQLite may not wait here for other
/// connections, whatever its `busy_timeout` is; so this does, before that is set: a file that is taken as a
/// whole (`copy/source.rs`) would make each try wait for so long.
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
    EmbeddedMigrations: MigrationSource<DB>,
{
    let known = versions::<DB>(&source)?;
    let applied = conn.applied_migrations().map_err(failed)?;
    if applied.iter().any(|version| !known.contains(&version.to_string())) {
        return Err(newer());
    }
    let applied = conn.run_pending_migrations(source).map_err(failed)?;
    Ok(applied.iter().map(ToString::to_string).collect())
}
