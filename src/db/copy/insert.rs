//! Rows into PostgreSQL, a page in one statement: each column travels as an array.
//!
//! So the number of a statement's parameters is that of the columns, however many rows there are, and each
//! value goes in its own type.

use diesel::{
    QueryableByName,
    pg::Pg,
    query_builder::{BoxedSqlQuery, SqlQuery},
    sql_query,
    sql_types::{Array, BigInt, Binary, Nullable, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::{
    CopyError,
    catalog::{Table, quote, quoted},
    row::{Stored, StoredRow},
};

/// A column of the target.
#[derive(QueryableByName)]
pub struct Column {
    /// Its table.
    #[diesel(sql_type = Text)]
    pub table: String,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// `bigint`, `text` or `bytea`.
    #[diesel(sql_type = Text)]
    pub kind: String,
}

type Insert = BoxedSqlQuery<'static, Pg, SqlQuery>;

/// The columns of all tables that are there; views and what belongs to extensions are none of a store's.
pub async fn columns(conn: &mut AsyncPgConnection) -> Result<Vec<Column>, CopyError> {
    let columns = "SELECT table_name::text AS table, column_name::text AS name, \
                   data_type::text AS kind FROM information_schema.columns \
                   WHERE table_schema = current_schema() AND EXISTS (SELECT FROM pg_class AS c \
                   WHERE c.oid = format('%I.%I', table_schema, table_name)::regclass \
                   AND c.relkind IN ('r', 'p') AND NOT EXISTS (SELECT FROM pg_depend AS d \
                   WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')) \
                   ORDER BY table_name, ordinal_position";
    sql_query(columns).load(conn).await.map_err(CopyError::target)
}

/// Writes rows into a table.
pub async fn rows(
    conn: &mut AsyncPgConnection,
    columns: &[Column],
    table: &Table,
    rows: &[StoredRow],
) -> Result<(), CopyError> {
    let kinds: Vec<_> = table.columns.iter().map(|name| kind(columns, table, name)).collect();
    let arrays: Vec<_> =
        kinds.iter().enumerate().map(|(at, kind)| format!("${}::{kind}[]", at + 1)).collect();
    let statement = format!(
        "INSERT INTO {} ({}) SELECT * FROM unnest({})",
        quote(&table.name),
        quoted(&table.columns),
        arrays.join(", ")
    );
    let mut insert = sql_query(statement).into_boxed::<Pg>();
    for (at, kind) in kinds.into_iter().enumerate() {
        let values = rows.iter().map(|StoredRow(values)| &values[at]);
        insert =
            bind(insert, kind, values).map_err(|what| unfit(table, &table.columns[at], what))?;
    }
    insert.execute(conn).await.map_err(CopyError::target)?;
    Ok(())
}

fn kind<'a>(columns: &'a [Column], table: &Table, name: &str) -> &'a str {
    let found = columns.iter().find(|column| column.table == table.name && column.name == *name);
    found.map_or("", |column| &column.kind)
}

/// Adds a column's values; else says what one of them is that does not fit.
fn bind<'a>(
    insert: Insert,
    kind: &str,
    values: impl Iterator<Item = &'a Stored>,
) -> Result<Insert, &'static str> {
    match kind {
        "bigint" => {
            let numbers = values.map(|value| match value {
                Stored::Null => Ok(None),
                Stored::Integer(number) => Ok(Some(*number)),
                _ => Err("something that is no number"),
            });
            let numbers = numbers.collect::<Result<Vec<_>, _>>()?;
            Ok(insert.bind::<Array<Nullable<BigInt>>, _>(numbers))
        }
        "text" => {
            let texts = values.map(|value| match value {
                Stored::Null => Ok(None),
                Stored::Text(text) if text.contains('\0') => Err("a text with a NUL character"),
                Stored::Text(text) => Ok(Some(text.clone())),
                _ => Err("something that is no text"),
            });
            Ok(insert.bind::<Array<Nullable<Text>>, _>(texts.collect::<Result<Vec<_>, _>>()?))
        }
        "bytea" => {
            let bytes = values.map(|value| match value {
                Stored::Null => Ok(None),
                Stored::Bytes(bytes) => Ok(Some(bytes.clone())),
                _ => Err("something that is no bytes"),
            });
            Ok(insert.bind::<Array<Nullable<Binary>>, _>(bytes.collect::<Result<Vec<_>, _>>()?))
        }
        _ => Err("a type"),
    }
}

fn unfit(table: &Table, column: &str, what: &'static str) -> CopyError {
    CopyError::Unfit { table: table.name.clone(), column: column.to_owned(), what }
}
