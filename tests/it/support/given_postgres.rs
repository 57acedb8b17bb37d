//! A PostgreSQL server that somebody else runs: `APPGRANT_TEST_POSTGRES_URL`.
//!
//! The tests make databases there, named after this process, and drop each when its test is over. What is left
//! at the end is dropped when tests next start there: a running test process shows itself by a connection of
//! its name, so whatever has no such connection is left over.

use diesel::{QueryableByName, sql_query, sql_types::Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

use super::postgres::runtime;

/// Names the server: `postgres://ROLE:PASSWORD@HOST/DATABASE`.
pub const URL: &str = "APPGRANT_TEST_POSTGRES_URL";

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// What this process' databases are called, up to a number.
pub fn prefix() -> String {
    format!("appgrant_test_{}_", std::process::id())
}

/// Where its databases are, if a server is named.
///
/// # Panics
/// If it cannot be reached, or its role may not make databases.
pub fn server() -> Option<Box<dyn Fn(&str) -> String + Send + Sync>> {
    let given = std::env::var_os(URL)?.into_string().expect("the address is UTF-8");
    let given = url::Url::parse(&given).unwrap_or_else(|error| panic!("{URL} is no URL: {error}"));
    assert!(given.scheme().starts_with("postgres"), "{URL} does not begin with postgres://");
    // This connection says that the process is alive; it is closed when the process ends.
    std::thread::spawn({
        let given = given.to_string();
        move || prepare(&given)
    })
    .join()
    .unwrap();
    Some(Box::new(move |database| {
        let mut url = given.clone();
        url.set_path(database);
        url.to_string()
    }))
}

/// Checks the role, drops what dead processes left, and leaves a connection that tells of this one.
fn prepare(url: &str) {
    let runtime = runtime();
    let conn = runtime.block_on(async {
        let conn = AsyncPgConnection::establish(url).await;
        let mut conn =
            conn.unwrap_or_else(|error| panic!("{URL}: the server cannot be reached: {error}"));
        let refused = "SELECT rolname AS name FROM pg_roles WHERE rolname = current_user \
                       AND NOT rolcreatedb AND NOT rolsuper";
        if let Some(role) = names(&mut conn, refused).await.pop() {
            panic!("{URL}: the role {role} may not make databases; ALTER ROLE {role} CREATEDB");
        }
        for left in names(&mut conn, LEFT_OVER).await {
            // Another process may be dropping it, too.
            let _ = conn.batch_execute(&format!("DROP DATABASE IF EXISTS {left}")).await;
        }
        conn.batch_execute(&format!("SET application_name = '{}'", prefix())).await.unwrap();
        conn
    });
    std::mem::forget((runtime, conn));
}

/// Databases of the tests for which no connection speaks.
const LEFT_OVER: &str = "
    SELECT datname::text AS name FROM pg_database
    WHERE datname ~ '^appgrant_test_[0-9]+_' AND NOT EXISTS (
        SELECT 1 FROM pg_stat_activity
        WHERE application_name = substring(datname from '^appgrant_test_[0-9]+_'))";

async fn names(conn: &mut AsyncPgConnection, query: &str) -> Vec<String> {
    let rows: Vec<Name> = sql_query(query).load(conn).await.unwrap();
    rows.into_iter().map(|row| row.name).collect()
}
