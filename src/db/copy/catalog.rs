//! What tables there are, as the databases themselves say it.

use diesel::{
    QueryableByName, sql_query,
    sql_types::{BigInt, Text},
};
use diesel_async::RunQueryDsl;

use super::{CopyError, LEFT_OUT, source};

/// A table, to be copied.
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its columns, in the order in which rows are read on both sides.
    pub columns: Vec<String>,
    /// The columns whose order a walk through it follows.
    pub walk: Vec<String>,
    /// Tables that must be there before it.
    needs: Vec<String>,
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// The tables of a SQLite file, each after those that it refers to.
pub async fn read(conn: &mut source::Conn) -> Result<Vec<Table>, CopyError> {
    let tables = "SELECT name, wr AS number FROM pragma_table_list \
                  WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    let found: Vec<Found> = sql_query(tables).load(conn).await.map_err(CopyError::source)?;
    let mut tables = Vec::new();
    for Found { name, number: without_row_numbers } in found {
        if !LEFT_OUT.contains(&name.as_str()) {
            tables.push(describe(conn, name, without_row_numbers == 1).await?);
        }
    }
    in_order(tables)
}

async fn describe(
    conn: &mut source::Conn,
    name: String,
    without_row_numbers: bool,
) -> Result<Table, CopyError> {
    let columns = "SELECT name, pk AS number FROM pragma_table_info(?) ORDER BY cid";
    let columns: Vec<Found> =
        sql_query(columns).bind::<Text, _>(&name).load(conn).await.map_err(CopyError::source)?;
    let needs = "SELECT DISTINCT \"table\" AS name, 0 AS number FROM pragma_foreign_key_list(?)";
    let needs: Vec<Found> =
        sql_query(needs).bind::<Text, _>(&name).load(conn).await.map_err(CopyError::source)?;
    let mut key: Vec<_> = columns.iter().filter(|column| column.number > 0).collect();
    key.sort_by_key(|column| column.number);
    let key = key.into_iter().map(|column| column.name.clone()).collect();
    Ok(Table {
        walk: if without_row_numbers { key } else { vec!["rowid".to_owned()] },
        columns: columns.into_iter().map(|column| column.name).collect(),
        needs: needs.into_iter().map(|table| table.name).collect(),
        name,
    })
}

/// Sorts the tables so that each comes after those that it refers to.
fn in_order(mut tables: Vec<Table>) -> Result<Vec<Table>, CopyError> {
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    let mut ordered: Vec<Table> = Vec::new();
    while !tables.is_empty() {
        let is_there = |name: &String| ordered.iter().any(|table| table.name == *name);
        let next = tables.iter().position(|table| table.needs.iter().all(is_there));
        let next = next.ok_or_else(|| CopyError::Unlike(tables[0].name.clone()))?;
        ordered.push(tables.remove(next));
    }
    Ok(ordered)
}

/// Names for a statement.
pub fn quoted<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    let quoted: Vec<_> = names.into_iter().map(|name| quote(name)).collect();
    quoted.join(", ")
}

/// A name for a statement.
pub fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
