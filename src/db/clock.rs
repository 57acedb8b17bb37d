//! What time the database server thinks it is.

use diesel::{dsl::sql, sql_types::BigInt};
use diesel_async::RunQueryDsl;

use super::{Backend, Db, DbError, postgres};
use crate::domain::timestamp::Timestamp;

impl Db {
    /// The server's clock; nothing on SQLite, which has none of its own.
    ///
    /// # Errors
    /// If the server gives no answer.
    pub async fn clock(&self) -> Result<Option<Timestamp>, DbError> {
        let Backend::Postgres(pools) = self.backend() else {
            return Ok(None);
        };
        let now = sql::<BigInt>(postgres::CLOCK);
        let mut conn = pools.lend().await?;
        let asked = async { Ok(diesel::select(now).get_result(&mut *conn).await?) };
        let millis = postgres::answered(asked).await;
        postgres::give_back(conn, &millis);
        millis.map(|millis| Some(Timestamp::from_millis(millis)))
    }
}
