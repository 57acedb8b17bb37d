//! When each key was last used, from where and by whom.

use diesel::{prelude::*, query_dsl::methods::FilterDsl, upsert::excluded};
use diesel_async::RunQueryDsl;

use super::{Conn, access_tokens};
use crate::{
    db::{DbError, outcomes::KeyUse, schema::key_uses},
    domain::timestamp::Timestamp,
};

/// Notes uses; a later one that another process noted stays. All keys and then all
/// tokens, each in the order of their numbers, so that two processes do not wait for each other.
pub async fn note(conn: &mut Conn, mut uses: Vec<KeyUse>) -> Result<(), DbError> {
    uses.sort_by_key(|used| (used.key_id, used.at));
    let mut tokens: Vec<_> = uses.iter().filter_map(|u| Some((u.token_id?, u.at))).collect();
    for used in uses {
        let wrote_at = if used.wrote { used.at.as_millis() } else { 0 };
        let row = (
            key_uses::key_id.eq(used.key_id),
            key_uses::last_at.eq(used.at.as_millis()),
            key_uses::address.eq(used.address.to_string()),
            key_uses::client.eq(used.client),
            key_uses::last_write_at.eq(wrote_at),
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
        if used.wrote {
            let older = key_uses::table.find(used.key_id);
            diesel::update(FilterDsl::filter(older, key_uses::last_write_at.lt(wrote_at)))
                .set(key_uses::last_write_at.eq(wrote_at))
                .execute(conn)
                .await?;
        }
    }
    tokens.sort_unstable();
    for (id, at) in tokens {
        access_tokens::touch(conn, id, at).await?;
    }
    Ok(())
}

/// The last use of a key that was noted.
pub async fn of(conn: &mut Conn, key_id: i64) -> Result<Option<KeyUse>, DbError> {
    let row: Option<(i64, String, Option<String>, i64)> = key_uses::table
        .find(key_id)
        .select((key_uses::last_at, key_uses::address, key_uses::client, key_uses::last_write_at))
        .first(conn)
        .await
        .optional()?;
    row.filter(|row| row.0 > 0)
        .map(|(at, address, client, wrote_at)| {
            let address = address.parse().map_err(|_| DbError::Corrupt("key_uses.address"))?;
            let wrote = wrote_at == at;
            Ok(KeyUse {
                key_id,
                at: Timestamp::from_millis(at),
                address,
                client,
                wrote,
                token_id: None,
            })
        })
        .transpose()
}
