//! Transactions: a caller that goes away in the middle of one leaves nothing behind.

use std::future::pending;

use appgrant::db::{self, Backend, DbError, outcomes::UserInsert};
use diesel_async::AsyncConnection;
use tokio::sync::Notify;

use super::{
    TestDatabase,
    samples::{at, make_user, new_user},
};

on_each_database!(a_transaction_left_in_its_middle_is_undone);

async fn a_transaction_left_in_its_middle_is_undone(db: TestDatabase) {
    let written = Notify::new();
    tokio::select! {
        () = write_and_wait_for_ever(&db, &written) => {}
        () = written.notified() => {}
    }
    assert_eq!(read!(db, users::list()).len(), 0);
    make_user(&db, "max").await;
    assert_eq!(read!(db, users::list()).len(), 1);
}

async fn write_and_wait_for_ever(database: &TestDatabase, written: &Notify) {
    let new = new_user("max");
    let ended: Result<UserInsert, DbError> = match database.backend() {
        Backend::Sqlite(pools) => {
            let mut conn = pools.writer().await.unwrap();
            let write = async |conn: &mut db::sqlite::Conn| {
                db::sqlite::users::insert(conn, at(0), &new).await?;
                written.notify_one();
                pending().await
            };
            conn.immediate_transaction(write).await
        }
        Backend::Postgres(pools) => {
            let mut conn = pools.writer().await.unwrap();
            let conn: &mut db::postgres::Conn = &mut conn;
            let write = async |conn: &mut db::postgres::Conn| {
                db::postgres::users::insert(conn, at(0), &new).await?;
                written.notify_one();
                pending().await
            };
            conn.transaction(write).await
        }
    };
    panic!("it ended: {ended:?}");
}
