//! The PostgreSQL side: one transaction on a connection of its own.
//!
//! Its tables are locked against other writers, and their own triggers rest, since the rows that those
//! would write are copied too; foreign keys are checked all the while. Both are the transaction's: whatever
//! ends it without a commit puts everything back.

use diesel::{
    QueryableByName, sql_query,
    sql_types::{BigInt, Bool, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

use super::{
    CopyError, DbError, LEFT_OUT, PAGE,
    catalog::{Table, quote, quoted},
    insert::{self, Column},
    row::StoredRow,
    source::Numbered,
};
use crate::db::{Backend, Db};

/// Begins the transaction. The server's own limits are for requests, not for this.
const BEGIN: &str = "BEGIN; SET LOCAL lock_timeout = '10s'; SET LOCAL statement_timeout = 0; \
                     SET LOCAL idle_in_transaction_session_timeout = 0;";

/// What migrating writes by itself into an empty database, as what is not it.
const NOT_BY_MIGRATING: [(&str, &str); 3] = [
    ("meta", "name <> 'key_terms'"),
    ("signing_keys", "generation <> 1 OR retired_at IS NOT NULL"),
    ("audit_head", "seq <> 0"),
];

/// The target.
pub struct Target {
    conn: AsyncPgConnection,
    columns: Vec<Column>,
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Bool)]
    found: bool,
}

#[derive(QueryableByName)]
struct Sequence {
    #[diesel(sql_type = Text)]
    table: String,
    #[diesel(sql_type = Text)]
    column: String,
}

impl Target {
    /// Connects, and looks what tables there are.
    pub async fn open(db: &Db) -> Result<Self, CopyError> {
        let Backend::Postgres(pools) = db.backend() else { return Err(CopyError::NotPostgres) };
        let conn = pools.server().connect_unlimited().await;
        let mut conn =
            conn.map_err(|error| CopyError::Target(DbError::Unavailable(error.to_string())))?;
        let columns = insert::columns(&mut conn).await?;
        Ok(Self { conn, columns })
    }

    /// Whether none of the tables that are there holds anything.
    pub async fn is_free(&mut self) -> Result<(), CopyError> {
        let mut tables: Vec<_> = self.columns.iter().map(|column| column.table.clone()).collect();
        tables.dedup();
        for table in tables {
            let made = NOT_BY_MIGRATING.iter().find(|(name, _)| *name == table);
            let rows = made.map_or("true", |(_, rows)| rows);
            let found =
                format!("SELECT EXISTS (SELECT FROM {} WHERE {rows}) AS found", quote(&table));
            let Found { found } =
                sql_query(found).get_result(&mut self.conn).await.map_err(CopyError::target)?;
            if found && !is_migrations_own(&table) {
                return Err(CopyError::Occupied(table));
            }
        }
        Ok(())
    }

    /// Begins the transaction, in which these tables are free and nobody else writes.
    pub async fn begin(&mut self, tables: &[Table]) -> Result<(), CopyError> {
        self.run(BEGIN).await?;
        for Table { name, columns, .. } in tables {
            let mut ours: Vec<_> = columns.iter().collect();
            let theirs = self.columns.iter().filter(|column| column.table == *name);
            let mut theirs: Vec<_> = theirs.map(|column| &column.name).collect();
            ours.sort();
            theirs.sort();
            if ours != theirs {
                return Err(CopyError::Unlike(name.clone()));
            }
            self.run(&format!("ALTER TABLE {} DISABLE TRIGGER USER", quote(name))).await?;
        }
        self.is_free().await?;
        for (table, _) in NOT_BY_MIGRATING {
            self.run(&format!("DELETE FROM {}", quote(table))).await?;
        }
        Ok(())
    }

    /// Writes rows.
    pub async fn insert(&mut self, table: &Table, rows: &[StoredRow]) -> Result<(), CopyError> {
        insert::rows(&mut self.conn, &self.columns, table, rows).await
    }

    /// Makes the tables give greater numbers than these.
    pub async fn continue_numbers(&mut self, numbers: &[Numbered]) -> Result<(), CopyError> {
        let sequences = "SELECT table_name::text AS table, column_name::text AS column \
                         FROM information_schema.columns WHERE table_schema = current_schema() \
                         AND pg_get_serial_sequence(quote_ident(table_name), column_name) IS NOT NULL";
        let sequences: Vec<Sequence> =
            sql_query(sequences).load(&mut self.conn).await.map_err(CopyError::target)?;
        for Sequence { table, column } in sequences {
            let given = numbers.iter().find(|number| number.name == table).map_or(0, |n| n.last);
            let (named, numbered) = (quote(&table), quote(&column));
            let go_on = format!(
                "SELECT setval(pg_get_serial_sequence($1, $2), last) IS NOT NULL AS found FROM \
                 (SELECT greatest($3, (SELECT max({numbered}) FROM {named})) AS last) AS given \
                 WHERE last > 0"
            );
            let go_on = sql_query(go_on)
                .bind::<Text, _>(named)
                .bind::<Text, _>(column)
                .bind::<BigInt, _>(given);
            go_on.load::<Found>(&mut self.conn).await.map_err(CopyError::target)?;
        }
        Ok(())
    }

    /// Begins to read a table.
    pub async fn look_through(&mut self, table: &Table) -> Result<(), CopyError> {
        let rows = format!("SELECT {} FROM {}", quoted(&table.columns), quote(&table.name));
        self.run(&format!("DECLARE look NO SCROLL CURSOR FOR {rows}")).await
    }

    /// The next rows of it; nothing at the end.
    pub async fn next_page(&mut self) -> Result<Option<Vec<StoredRow>>, CopyError> {
        let next = sql_query(format!("FETCH {PAGE} FROM look"));
        let rows: Vec<_> = next.load(&mut self.conn).await.map_err(CopyError::target)?;
        if rows.is_empty() {
            self.run("CLOSE look").await?;
        }
        Ok(Some(rows).filter(|rows| !rows.is_empty()))
    }

    /// Wakes the triggers.
    pub async fn trigger_again(&mut self, tables: &[Table]) -> Result<(), CopyError> {
        for table in tables {
            self.run(&format!("ALTER TABLE {} ENABLE TRIGGER USER", quote(&table.name))).await?;
        }
        Ok(())
    }

    /// Makes it stand.
    pub async fn commit(mut self) -> Result<(), CopyError> {
        let commit = self.conn.batch_execute("COMMIT").await;
        commit.map_err(|error| CopyError::Unconfirmed(error.into()))
    }

    async fn run(&mut self, statement: &str) -> Result<(), CopyError> {
        self.conn.batch_execute(statement).await.map_err(CopyError::target)
    }
}

/// Whether rows in it say only what was done to the schema.
fn is_migrations_own(table: &str) -> bool {
    LEFT_OUT.contains(&table) && table.starts_with("__diesel")
}
