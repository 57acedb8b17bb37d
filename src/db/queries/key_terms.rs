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
    },
    domain::search,
};

/// How many keys get their words in one go.
const BATCH: i64 = 500;

/// What is indexed of a key.
type Indexed = (i64, String, String, Option<String>, Option<String>);

/// Writes a key's words.
pub async fn add(conn: &mut Conn, key_id: i64, terms: &BTreeSet<String>) -> Result<(), DbError> {
    for term in terms {
        let row = (key_terms::term.eq(term), key_terms::key_id.eq(key_id));
        let insert = diesel::insert_into(key_terms::table).values(row).on_conflict_do_nothing();
        insert.execute(conn).await?;
    }
    Ok(())
}

/// The description of a key changes: its words go and come.
pub async fn replace(conn: &mut Conn, key_id: i64, description: &str) -> Result<(), DbError> {
    let Some(old) = indexed(conn, key_id).await? else {
        return Ok(());
    };
    let new = (old.0, description.to_owned(), old.2.clone(), old.3.clone(), old.4.clone());
    let (old, new) = (terms(&old), terms(&new));
    for term in old.difference(&new) {
        diesel::delete(key_terms::table.find((term, key_id))).execute(conn).await?;
    }
    add(conn, key_id, &new).await
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
    for term in old.difference(&new) {
        diesel::delete(key_terms::table.find((term, key_id))).execute(conn).await?;
    }
    add(conn, key_id, &new).await
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

/// The first words with that beginning, after `after` and `most` at most: a look into the index for each.
pub async fn beginning_with(
    conn: &mut Conn,
    beginning: &str,
    after: Option<&str>,
    most: usize,
) -> Result<Vec<String>, DbError> {
    let end = search::after_all_with(beginning);
    let mut found: Vec<String> = Vec::new();
    while found.len() < most {
        let words = key_terms::table
            .filter(key_terms::term.lt(&end))
            .order(key_terms::term)
            .select(key_terms::term)
            .into_boxed();
        // One lower bound, never two: an index is entered at one of them, perhaps the lower.
        let words = match found.last().map(String::as_str).or(after) {
            Some(last) => words.filter(key_terms::term.gt(last.to_owned())),
            None => words.filter(key_terms::term.ge(beginning)),
        };
        match words.first(conn).await.optional()? {
            Some(word) => found.push(word),
            None => break,
        }
    }
    Ok(found)
}

/// The keys with a word, the highest numbers below `below` first.
pub async fn keys_with(
    conn: &mut Conn,
    term: &str,
    below: i64,
    most: i64,
) -> Result<Vec<i64>, DbError> {
    Ok(key_terms::table
        .filter(key_terms::term.eq(term))
        .filter(key_terms::key_id.lt(below))
        .order(key_terms::key_id.desc())
        .limit(most)
        .select(key_terms::key_id)
        .load(conn)
        .await?)
}
