//! A row as it is stored, whatever its table: the same on both databases.
//!
//! It is read by what each database says of the value's type, not by what a column was declared as:
//! SQLite keeps a text in a number's column. What neither side should hold is an error, never a guess.

use diesel::{
    deserialize::{self, FromSql, QueryableByName},
    pg::Pg,
    row::{Field, NamedRow, Row},
    sql_types::{BigInt, Binary, Text},
    sqlite::{Sqlite, SqliteType},
};

/// A stored value.
#[derive(Clone, PartialEq, Eq)]
pub enum Stored {
    /// None.
    Null,
    /// A number.
    Integer(i64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// The values of a row, in the order in which they were asked for.
pub struct StoredRow(pub Vec<Stored>);

impl QueryableByName<Sqlite> for StoredRow {
    fn build<'a>(row: &impl NamedRow<'a, Sqlite>) -> deserialize::Result<Self> {
        (0..row.field_count()).map(|at| from_sqlite(row, at)).collect::<Result<_, _>>().map(Self)
    }
}

impl QueryableByName<Pg> for StoredRow {
    fn build<'a>(row: &impl NamedRow<'a, Pg>) -> deserialize::Result<Self> {
        (0..row.field_count()).map(|at| from_postgres(row, at)).collect::<Result<_, _>>().map(Self)
    }
}

fn from_sqlite<'a>(row: &impl Row<'a, Sqlite>, at: usize) -> deserialize::Result<Stored> {
    let field = row.get(at).ok_or("a column is missing")?;
    let Some(value) = field.value() else { return Ok(Stored::Null) };
    match value.value_type() {
        None => Ok(Stored::Null),
        Some(SqliteType::Long | SqliteType::Integer | SqliteType::SmallInt) => {
            <i64 as FromSql<BigInt, Sqlite>>::from_sql(value).map(Stored::Integer)
        }
        // As bytes first: read as text, what is no UTF-8 would be mended in silence.
        Some(SqliteType::Text) => {
            let bytes = <Vec<u8> as FromSql<Binary, Sqlite>>::from_sql(value)?;
            Ok(Stored::Text(String::from_utf8(bytes).map_err(|_| "a text is not UTF-8")?))
        }
        Some(SqliteType::Binary) => {
            <Vec<u8> as FromSql<Binary, Sqlite>>::from_sql(value).map(Stored::Bytes)
        }
        Some(SqliteType::Float | SqliteType::Double) => Err("a number is not whole".into()),
    }
}

fn from_postgres<'a>(row: &impl Row<'a, Pg>, at: usize) -> deserialize::Result<Stored> {
    const INT8: u32 = 20;
    const TEXT: u32 = 25;
    const BYTEA: u32 = 17;
    let field = row.get(at).ok_or("a column is missing")?;
    let Some(value) = field.value() else { return Ok(Stored::Null) };
    match value.get_oid().get() {
        INT8 => <i64 as FromSql<BigInt, Pg>>::from_sql(value).map(Stored::Integer),
        TEXT => <String as FromSql<Text, Pg>>::from_sql(value).map(Stored::Text),
        BYTEA => <Vec<u8> as FromSql<Binary, Pg>>::from_sql(value).map(Stored::Bytes),
        other => Err(format!("a column has the unknown type {other}").into()),
    }
}
