//! Single facts about the installation, by name.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use crate::db::{
    DbError,
    schema::{__diesel_schema_migrations, meta},
};

/// The fact of that name.
pub async fn get(conn: &mut Conn, name: &str) -> Result<Option<String>, DbError> {
    Ok(meta::table.find(name).select(meta::value).first(conn).await.optional()?)
}

/// Writes a fact unless it is there; gives the one that stands then.
pub async fn get_or_put(conn: &mut Conn, name: &str, value: &str) -> Result<String, DbError> {
    diesel::insert_into(meta::table)
        .values((meta::name.eq(name), meta::value.eq(value)))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    Ok(meta::table.find(name).select(meta::value).first(conn).await?)
}

/// Writes a fact, in place of the one that stood there.
pub async fn put(conn: &mut Conn, name: &str, value: &str) -> Result<(), DbError> {
    diesel::insert_into(meta::table)
        .values((meta::name.eq(name), meta::value.eq(value)))
        .on_conflict(meta::name)
        .do_update()
        .set(meta::value.eq(value))
        .execute(conn)
        .await?;
    Ok(())
}

/// Removes a fact if it is exactly this; whether it was.
pub async fn take(conn: &mut Conn, name: &str, value: &str) -> Result<bool, DbError> {
    let exact = meta::table.filter(meta::name.eq(name)).filter(meta::value.eq(value));
    Ok(diesel::delete(exact).execute(conn).await? == 1)
}

/// The versions of the migrations that were applied; an error if none ever was.
pub async fn applied_migrations(conn: &mut Conn) -> Result<BTreeSet<String>, DbError> {
    let versions = __diesel_schema_migrations::table.select(__diesel_schema_migrations::version);
    Ok(versions.limit(10_000).load(conn).await?.into_iter().collect())
}
