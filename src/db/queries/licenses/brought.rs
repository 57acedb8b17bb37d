//! Activations that somebody brings along with a license: very many of one license in few statements.
//!
//! A statement for each would hold SQLite's only writer, or go to a server and back, tens of thousands of times in
//! one transaction. Diesel puts several rows into one statement on both databases, but on SQLite not
//! asynchronously; so the statement is put together here, one text for both.
//! Never: a value in that text, or more rows than both take parameters.

use diesel::{
    QueryResult,
    query_builder::{AstPass, QueryFragment, QueryId},
    sql_types::{BigInt, Text},
};
use diesel_async::RunQueryDsl;

use super::{Backend, Conn};
use crate::{db::DbError, domain::timestamp::Timestamp};

/// How many rows a statement has, of five parameters each; SQLite takes 32 766.
const ROWS: usize = 500;

/// Writes activations of a new license, by their ids and domains.
pub(super) async fn insert(
    conn: &mut Conn,
    now: Timestamp,
    license_id: i64,
    activations: &[(i64, String)],
) -> Result<(), DbError> {
    for some in activations.chunks(ROWS) {
        let row = |(id, domain): &(i64, String)| Row {
            license_id,
            id: *id,
            domain: domain.clone(),
            activated_at: id.saturating_mul(1_000).min(now.as_millis()),
            seen_at: now.as_millis(),
        };
        Insert(some.iter().map(row).collect()).execute(conn).await?;
    }
    Ok(())
}

struct Row {
    license_id: i64,
    id: i64,
    domain: String,
    activated_at: i64,
    seen_at: i64,
}

/// One statement with several rows.
struct Insert(Vec<Row>);

impl QueryId for Insert {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Backend> for Insert {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        out.push_sql("INSERT INTO license_activations ");
        out.push_sql("(domain, license_id, id, activated_at, seen_at) VALUES ");
        for (number, row) in self.0.iter().enumerate() {
            out.push_sql(if number == 0 { "(" } else { ", (" });
            out.push_bind_param::<Text, _>(&row.domain)?;
            for value in [&row.license_id, &row.id, &row.activated_at, &row.seen_at] {
                out.push_sql(", ");
                out.push_bind_param::<BigInt, _>(value)?;
            }
            out.push_sql(")");
        }
        Ok(())
    }
}
