//! Another process at the database's file, such as the command line or a person with a shell.

use diesel::{Connection, RunQueryDsl, SqliteConnection};

use super::TestApp;

impl TestApp {
    /// Runs one statement there; gives how many rows it changed. On a thread of its own: this one's
    /// runtime may be the one that has to end the transaction it waits for.
    pub async fn alter(&self, sql: &str) -> usize {
        let (path, sql) = (self.folder.path().join("test.db"), sql.to_owned());
        let altered = tokio::task::spawn_blocking(move || {
            let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
            diesel::sql_query("PRAGMA busy_timeout = 5000").execute(&mut conn).unwrap();
            diesel::sql_query(sql).execute(&mut conn).unwrap()
        });
        altered.await.unwrap()
    }
}
