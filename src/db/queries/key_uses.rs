//! When each key was last used, from where and by whom.

use diesel::{prelude::*, query_dsl::methods::FilterDsl, upsert::excluded};
use diesel_async::RunQueryDsl;

use super::Conn;
use crate::{
    db::{DbError, outcomes::KeyUse, schema::key_uses},
    domain::timestamp::Timestamp,
};

/// Notes uses; a later one that another process noted stays.
pub async fn note(conn: &mut Conn, uses: Vec<KeyUse>) -> Result<(), DbError> {
    for used in uses {
        let row = (
            key_uses::key_id.eq(used.key_id),
            key_uses::last_at.eq(used.at.as_millis()),
            key_uses::address.eq(used.address.to_string()),
            key_uses::client.eq(used.client),
        );
        let newer = (
            key_uses::last_at.eq(excluded(key_uses::last_at)),
            key_uses::address.eq(excluded(key_uses::address)),
            key_uses::client.eq(excluded(key_uses::client)),
        );
        diesel::insert_into(key_uses::table)
            .values(row)
            .on_conflict(key_uses::key_id)
            .do_update()
            .set(newer)
            .filter(key_uses::last_at.lt(excluded(key_uses::last_at)))
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// The last use of a key that was noted.
pub async fn of(conn: &mut Conn, key_id: i64) -> Result<Option<KeyUse>, DbError> {
    let row: Option<(i64, String, Option<String>)> = key_uses::table
        .find(key_id)
        .select((key_uses::last_at, key_uses::address, key_uses::client))
        .first(conn)
        .await
        .optional()?;
    row.map(|(at, address, client)| {
        let address = address.parse().map_err(|_| DbError::Corrupt("key_uses.address"))?;
        Ok(KeyUse { key_id, at: Timestamp::from_millis(at), address, client })
    })
    .transpose()
}
