//! The words keys are found by (`domain::search`): each leads to the keys that have it, in the order of
//! their numbers.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use crate::{
    db::{
        DbError,
        schema::{grants, key_terms, keys},
        word_index::word_index,
    },
    domain::search,
};

/// How many keys get their words in one go.
const BATCH: i64 = 500;

/// What is indexed of a key.
type Indexed = (i64, String, String, Option<String>, Option<String>);

word_index!(key_terms, key_id);

/// The description of a key changes: its words go and come.
pub async fn replace(conn: &mut Conn, key_id: i64, description: &str) -> Result<(), DbError> {
    let Some(old) = indexed(conn, key_id).await? else {
        return Ok(());
    };
    let new = (old.0, description.to_owned(), old.2.clone(), old.3.clone(), old.4.clone());
    exchange_words(conn, key_id, &terms(&old), &terms(&new)).await
}

/// The words of a key, as they should be.
pub(super) async fn of(conn: &mut Conn, key_id: i64) -> Result<BTreeSet<String>, DbError> {
    Ok(indexed(conn, key_id).await?.as_ref().map(terms).unwrap_or_default())
}

/// Something else of the key than its description changed: `old` go, what it has now comes.
pub(super) async fn exchange(
    conn: &mut Conn,
    key_id: i64,
    old: &BTreeSet<String>,
) -> Result<(), DbError> {
    let new = of(conn, key_id).await?;
    exchange_words(conn, key_id, old, &new).await
}

/// Writes the words of the next keys after that number; the last one's number, or nothing at the end.
/// For databases that were made before keys had words.
pub async fn index_after(conn: &mut Conn, after: i64) -> Result<Option<i64>, DbError> {
    let rows: Vec<Indexed> = keys::table
        .left_join(grants::table)
        .filter(keys::id.gt(after))
        .order(keys::id)
        .limit(BATCH)
        .select((
            keys::id,
            keys::description,
            keys::ending,
            grants::app_name.nullable(),
            grants::callback_host.nullable(),
        ))
        .load(conn)
        .await?;
    for row in &rows {
        add(conn, row.0, &terms(row)).await?;
    }
    Ok(rows.last().map(|row| row.0))
}

async fn indexed(conn: &mut Conn, key_id: i64) -> Result<Option<Indexed>, DbError> {
    Ok(keys::table
        .left_join(grants::table)
        .filter(keys::id.eq(key_id))
        .select((
            keys::id,
            keys::description,
            keys::ending,
            grants::app_name.nullable(),
            grants::callback_host.nullable(),
        ))
        .first(conn)
        .await
        .optional()?)
}

fn terms((_, description, ending, app, host): &Indexed) -> BTreeSet<String> {
    search::terms(description, ending, app.as_deref().zip(host.as_deref()))
}
