//! What the database layer promises, on SQLite and on PostgreSQL: the same test bodies on both.
//!
//! A file holds ordinary functions of a [`TestDatabase`]; `on_each_database!` at its top makes a test
//! of each for each database. Where PostgreSQL is not installed its tests say so and pass; with `CI`
//! set they fail.

use std::{pin::pin, sync::Arc};

use appgrant::db::Db;
use tokio::{sync::Barrier, task::JoinSet};

/// A test for each function and each database, on a database of its own.
macro_rules! on_each_database {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test($crate::db_contract::TestDatabase::sqlite().await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                if let Some(db) = $crate::db_contract::TestDatabase::postgres().await {
                    super::$test(db).await;
                }
            })+
        }
    };
}

/// One query function as one transaction: `write!(db, users::insert(now, &user))`.
macro_rules! write {
    ($db:expr, $table:ident :: $query:ident ( $($arg:expr),* $(,)? )) => {{
        use appgrant::db::{Backend, postgres, sqlite};
        use diesel_async::AsyncConnection as _;
        match $db.backend() {
            Backend::Sqlite(pools) => pools.writer().await.unwrap().immediate_transaction(
                async move |conn| sqlite::$table::$query(conn, $($arg),*).await,
            ).await,
            Backend::Postgres(pools) => pools.writer().await.unwrap().transaction(
                async move |conn| postgres::$table::$query(conn, $($arg),*).await,
            ).await,
        }.unwrap()
    }};
}

/// One query function outside of a transaction.
macro_rules! read {
    ($db:expr, $table:ident :: $query:ident ( $($arg:expr),* $(,)? )) => {{
        use appgrant::db::{Backend, postgres, sqlite};
        match $db.backend() {
            Backend::Sqlite(pools) => {
                sqlite::$table::$query(&mut pools.reader().await.unwrap(), $($arg),*).await
            }
            Backend::Postgres(pools) => {
                postgres::$table::$query(&mut pools.reader().await.unwrap(), $($arg),*).await
            }
        }.unwrap()
    }};
}

mod approvals;
mod audit;
mod authorization_codes;
mod database;
mod deliveries;
mod delivery_ends;
mod idempotency;
mod imported_keys;
mod key_events;
mod key_list;
mod key_owners;
mod key_rules;
mod keys;
mod license_list;
mod license_samples;
mod licenses;
mod listening;
mod login_failures;
mod meta;
pub mod migrations;
mod postgres_locks;
mod postgres_service;
mod refresh_tokens;
mod rotations;
mod samples;
mod sessions;
mod signing_keys;
mod token_purge;
mod token_samples;
mod transactions;
mod users;
mod verify;

use database::TestDatabase;

/// Runs `work` that many times at once, from two processes as far as the database can tell.
async fn at_once<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    db: &TestDatabase,
    count: usize,
    work: impl Fn(Db, usize) -> F,
) -> Vec<T> {
    let processes = [db.open_again(), db.open_again()];
    let start = Arc::new(Barrier::new(count));
    let mut tasks = JoinSet::new();
    for number in 0..count {
        let (start, task) = (Arc::clone(&start), work(processes[number % 2].clone(), number));
        tasks.spawn(async move {
            let task = pin!(task);
            start.wait().await;
            task.await
        });
    }
    tasks.join_all().await
}
