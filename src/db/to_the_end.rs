//! Lets a query on SQLite come to its end when nobody waits for it any more.
//!
//! Why: diesel-async runs SQLite on threads for blocking work, and when such a future is dropped half-way
//! it waits for its thread with `block_in_place`, which panics on the single-threaded runtimes of the web
//! server. A browser that hangs up, and every time-out, drops futures. So what is not over is dropped on
//! a thread that belongs to no runtime, where waiting is allowed. Whoever dropped it waits for that: the
//! rest of one statement.

use std::{
    pin::Pin,
    task::{Context, Poll},
    thread,
};

/// A future that may be dropped anywhere.
pub struct ToTheEnd<F: Future + Send>(Option<Pin<Box<F>>>);

/// Makes one of a future that may not.
pub fn to_the_end<F: Future + Send>(future: F) -> ToTheEnd<F> {
    ToTheEnd(Some(Box::pin(future)))
}

impl<F: Future + Send> Future for ToTheEnd<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let future = self.0.as_mut().expect("nobody polls what is over");
        let done = future.as_mut().poll(context);
        if done.is_ready() {
            self.0 = None;
        }
        done
    }
}

impl<F: Future + Send> Drop for ToTheEnd<F> {
    fn drop(&mut self) {
        if let Some(unfinished) = self.0.take() {
            // Where no thread can be had it is dropped here.
            let drop_it = move || drop(unfinished);
            thread::scope(|scope| drop(thread::Builder::new().spawn_scoped(scope, drop_it)));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use diesel::{QueryableByName, sql_query, sql_types::BigInt};
    use diesel_async::RunQueryDsl;
    use tokio::time::timeout;

    use crate::db::{DbError, sqlite};

    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        count: i64,
    }

    /// A statement that takes its time.
    async fn counted(conn: &mut sqlite::Conn, to: i64) -> Result<i64, DbError> {
        let numbers = format!(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {to}) \
             SELECT count(*) AS count FROM n"
        );
        Ok(sql_query(numbers).get_result::<Count>(conn).await?.count)
    }

    /// On a runtime of one thread, as the web server's are.
    #[tokio::test]
    async fn a_read_that_nobody_waits_for_ends_and_its_connection_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db").display().to_string();
        let pools = sqlite::Pools::new(&path).unwrap();
        for _ in 0..8 {
            let mut conn = pools.reader().await.unwrap();
            let slow = sqlite::answered(counted(&mut conn, 3_000_000));
            timeout(Duration::from_millis(5), slow).await.unwrap_err();
            assert_eq!(sqlite::answered(counted(&mut conn, 10)).await.unwrap(), 10);
        }
        // A connection that is only being made, too.
        let _ = timeout(Duration::from_micros(1), pools.writer()).await;
        drop(pools.writer().await.unwrap());
    }
}
