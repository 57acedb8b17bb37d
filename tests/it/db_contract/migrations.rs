//! Migrations: there and back, at once from many processes, and told apart from another version's.

use appgrant::{
    db::{Backend, Db, DbError, outcomes::Recorded},
    domain::failure::Failure,
};
use diesel::{
    Connection, SqliteConnection, backend::Backend as DieselBackend, migration::MigrationSource,
};
use diesel_async::{
    AsyncConnection, AsyncPgConnection, async_connection_wrapper::AsyncConnectionWrapper,
};
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use tokio::{runtime::Handle, task::spawn_blocking};

use crate::moving::Earlier;

use super::{
    TestDatabase, at_once,
    samples::{approve_some, at, claim, make_user, record},
};

on_each_database!(
    a_fresh_database_is_brought_up_to_date_once,
    processes_that_migrate_at_once_do_no_harm,
    every_migration_goes_back_and_forth,
    each_migration_goes_back_and_forth_over_rows,
    deliveries_survive_the_way_back_and_forth,
    an_older_schema_is_told,
    a_newer_schema_is_told,
);

async fn complaint(db: &Db) -> String {
    match db.check().await {
        Err(DbError::Schema(line)) => line,
        other => panic!("no complaint about the schema: {other:?}"),
    }
}

async fn a_fresh_database_is_brought_up_to_date_once(db: TestDatabase) {
    let fresh = db.empty().await;
    assert!(complaint(&fresh).await.contains("older"));
    assert!(!fresh.migrate().await.unwrap().is_empty());
    fresh.check().await.unwrap();
    assert!(fresh.migrate().await.unwrap().is_empty());
    make_user(&fresh, "max").await;
}

async fn processes_that_migrate_at_once_do_no_harm(db: TestDatabase) {
    for _ in 0..5 {
        let fresh = db.empty().await;
        let applied = at_once(&fresh, 4, |db, _| async move {
            let applied = db.migrate().await.unwrap();
            db.check().await.unwrap();
            assert!(!read!(db, users::any()));
            applied
        })
        .await;
        assert_eq!(applied.iter().filter(|names| !names.is_empty()).count(), 1, "{applied:?}");
    }
}

async fn every_migration_goes_back_and_forth(db: TestDatabase) {
    let (url, is_sqlite) = (db.url.clone(), db.is_sqlite());
    spawn_blocking(move || {
        if is_sqlite {
            revert_all(
                &mut SqliteConnection::establish(&url["sqlite:".len()..]).unwrap(),
                "sqlite",
            );
        } else {
            let conn = Handle::current().block_on(AsyncPgConnection::establish(&url)).unwrap();
            revert_all(&mut AsyncConnectionWrapper::<_>::from(conn), "postgres");
        }
    })
    .await
    .unwrap();
    let left = match db.backend() {
        Backend::Sqlite(_) => {
            "sqlite_schema WHERE name NOT LIKE 'sqlite_%' AND tbl_name <> '__diesel_schema_migrations'"
        }
        Backend::Postgres(_) => {
            "pg_tables WHERE schemaname = 'public' AND tablename <> '__diesel_schema_migrations'"
        }
    };
    assert_eq!(db.count(left).await, 0, "something is left of the schema");
    assert!(complaint(&db).await.contains("older"));
    db.migrate().await.unwrap();
    db.check().await.unwrap();
    make_user(&db, "max").await;
}

/// Back to before each migration but the first, which is the beginning, and forth again: what older
/// versions know is there still.
async fn each_migration_goes_back_and_forth_over_rows(db: TestDatabase) {
    for earlier in Earlier::all() {
        let folder = tempfile::tempdir().unwrap();
        let url = if db.is_sqlite() {
            earlier.sqlite(&folder)
        } else {
            earlier.postgres().await.unwrap()
        };
        let db = TestDatabase::opened(&url);
        db.migrate().await.unwrap();
        let known = [
            "users WHERE role <> ''",
            "keys WHERE secret_hash <> ''",
            "grants WHERE user_start = substr(user_id, 1, 100)",
            "deliveries WHERE kind = 'keys' AND attempts > 0",
            "delivery_attempts WHERE delivery_id IN (SELECT id FROM deliveries WHERE kind = 'keys')",
            "consents",
            "key_uses",
        ];
        let mut before = Vec::new();
        for rows in known {
            before.push(db.count(rows).await);
        }
        let mut versions = versions(db.is_sqlite());
        versions.remove(0);
        for version in versions.into_iter().rev() {
            revert(&url, version.clone()).await;
            assert!(complaint(&db).await.contains("older"));
            db.migrate().await.unwrap();
            db.check().await.unwrap();
            for (rows, before) in known.iter().zip(&before).filter(|(_, before)| **before > 0) {
                assert_eq!(db.count(rows).await, *before, "{rows} after {version}");
            }
        }
    }
}

/// The versions of the migrations, oldest first.
fn versions(is_sqlite: bool) -> Vec<String> {
    let side = if is_sqlite { "sqlite" } else { "postgres" };
    let folder = format!("{}/migrations/{side}", env!("CARGO_MANIFEST_DIR"));
    let names = std::fs::read_dir(folder).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let version = |name: String| name.split('_').next().unwrap().replace('-', "");
    let mut versions: Vec<_> = names.map(version).collect();
    versions.sort();
    versions
}

/// Reverts the migrations after that one.
pub async fn revert_after(url: &str, version: &str) {
    let versions = versions(url.starts_with("sqlite:"));
    assert!(versions.iter().any(|it| it == version), "{version} is none of {versions:?}");
    if let Some(next) = versions.into_iter().find(|it| it.as_str() > version) {
        revert(url, next).await;
    }
}

/// Reverts migrations, that one as the last.
async fn revert(url: &str, version: String) {
    let url = url.to_owned();
    spawn_blocking(move || {
        if let Some(path) = url.strip_prefix("sqlite:") {
            let mut conn = SqliteConnection::establish(path).unwrap();
            revert_to_before(&mut conn, "sqlite", &version);
        } else {
            let conn = Handle::current().block_on(AsyncPgConnection::establish(&url)).unwrap();
            let mut conn = AsyncConnectionWrapper::<_>::from(conn);
            revert_to_before(&mut conn, "postgres", &version);
        }
    })
    .await
    .unwrap();
}

/// SQLite makes both tables anew.
async fn deliveries_survive_the_way_back_and_forth(db: TestDatabase) {
    approve_some(&db, 2).await;
    let first = claim(&db, at(0)).await;
    record(&db, at(1), &first, Some(Failure::Status(500))).await;
    let second = claim(&db, at(2)).await;
    revert(&db.url, "20261125000002".to_owned()).await;
    assert_eq!(db.count("deliveries WHERE state = 'waiting' AND failures = 1").await, 1);
    assert_eq!(db.count("delivery_attempts").await, 2);
    let fresh = db.open_again();
    fresh.migrate().await.unwrap();
    assert_eq!(db.count("deliveries WHERE kind = 'keys' AND sealed IS NOT NULL").await, 2);
    assert_eq!(db.count("grants WHERE user_start = '123' AND events_url IS NULL").await, 2);
    assert_eq!(record(&db, at(3), &second, None).await, Recorded::Delivered);
    assert_eq!(claim(&db, at(6)).await.id, first.id, "and goes on where it was");
    let status = read!(db, delivery_status::of_grant(&first.grant_id)).unwrap();
    assert_eq!(status.attempts.len(), 2);
}

fn revert_to_before<DB: DieselBackend>(
    conn: &mut impl MigrationHarness<DB>,
    side: &str,
    version: &str,
) where
    FileBasedMigrations: MigrationSource<DB>,
{
    let folder = format!("{}/migrations/{side}", env!("CARGO_MANIFEST_DIR"));
    let files = FileBasedMigrations::from_path(folder).unwrap();
    while conn.revert_last_migration(files.clone()).unwrap().to_string() != version {}
}

fn revert_all<DB: DieselBackend>(conn: &mut impl MigrationHarness<DB>, side: &str)
where
    FileBasedMigrations: MigrationSource<DB>,
{
    let folder = format!("{}/migrations/{side}", env!("CARGO_MANIFEST_DIR"));
    conn.revert_all_migrations(FileBasedMigrations::from_path(folder).unwrap()).unwrap();
}

async fn an_older_schema_is_told(db: TestDatabase) {
    db.execute("DELETE FROM __diesel_schema_migrations").await;
    let line = complaint(&db).await;
    assert!(line.contains("older") && line.contains("appgrant migrate"), "{line}");
}

async fn a_newer_schema_is_told(db: TestDatabase) {
    db.execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231000000')").await;
    assert!(complaint(&db).await.contains("newer"));
}
