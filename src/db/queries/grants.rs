//! Lists of grants, newest first. Their ids begin with their time (UUID 7).

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use crate::{
    db::{
        DbError,
        outcomes::{GrantPage, GrantView},
        schema::{grants, keys, users},
    },
    domain::{text, timestamp::Timestamp},
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = grants)]
struct GrantRow {
    id: String,
    app_name: String,
    user_id: String,
    callback_url: String,
    callback_host: String,
    scope: String,
    approved_by: i64,
    created_at: i64,
}

/// A part of the list: of one callback host or of all, before the id `before` if one is given.
pub async fn page(
    conn: &mut Conn,
    callback_host: Option<&str>,
    before: Option<&str>,
    limit: usize,
) -> Result<GrantPage, DbError> {
    let mut rows = grants::table
        .inner_join(users::table.on(users::id.eq(grants::approved_by)))
        .left_join(keys::table)
        .select((GrantRow::as_select(), users::login, keys::id.nullable()))
        .order(grants::id.desc())
        .limit(i64::try_from(limit).unwrap_or(i64::MAX - 1) + 1)
        .into_boxed();
    if let Some(host) = callback_host {
        rows = rows.filter(grants::callback_host.eq(host));
    }
    if let Some(before) = before {
        rows = rows.filter(grants::id.lt(before));
    }
    let mut found: Vec<(GrantRow, String, Option<i64>)> = rows.load(conn).await?;
    let is_full = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| is_full).map(|found| found.0.id.clone());
    Ok(GrantPage { grants: found.into_iter().map(view).collect(), next })
}

/// The grant of that id.
pub async fn find(conn: &mut Conn, id: &str) -> Result<Option<GrantView>, DbError> {
    let found: Option<(GrantRow, String, Option<i64>)> = grants::table
        .inner_join(users::table.on(users::id.eq(grants::approved_by)))
        .left_join(keys::table)
        .filter(grants::id.eq(id))
        .select((GrantRow::as_select(), users::login, keys::id.nullable()))
        .first(conn)
        .await
        .optional()?;
    Ok(found.map(view))
}

fn view((row, login, key_id): (GrantRow, String, Option<i64>)) -> GrantView {
    GrantView {
        id: row.id,
        app_name: text::shown_name(&row.app_name),
        user_id: row.user_id,
        callback_url: row.callback_url,
        callback_host: row.callback_host,
        scope: row.scope,
        approved_by: (row.approved_by, login),
        created_at: Timestamp::from_millis(row.created_at),
        key_id,
    }
}
