//! What stands in the database, read past the service: a judge does not ask the accused.

use std::path::Path;

use diesel::{
    QueryableByName, RunQueryDsl, SqliteConnection,
    connection::{Connection, SimpleConnection},
    sql_query,
    sql_types::{BigInt, Bool, Nullable, Text},
};

/// One grant with its delivery and the delivery's key.
#[derive(Clone, QueryableByName)]
pub struct Grant {
    #[diesel(sql_type = Text)]
    pub id: String,
    /// The app's number, which it sent as its `user_id`.
    #[diesel(sql_type = Text)]
    pub app: String,
    #[diesel(sql_type = Text)]
    pub approved_by: String,
    #[diesel(sql_type = Text)]
    pub delivery_id: String,
    #[diesel(sql_type = Text)]
    pub state: String,
    #[diesel(sql_type = Bool)]
    pub is_sealed: bool,
    #[diesel(sql_type = BigInt)]
    pub key_id: i64,
    #[diesel(sql_type = Text)]
    pub key_state: String,
    #[diesel(sql_type = Bool)]
    pub is_opened: bool,
}

pub const GRANTS: &str = "
    SELECT grants.id, grants.user_id AS app, users.login AS approved_by,
           deliveries.id AS delivery_id, deliveries.state, deliveries.sealed IS NOT NULL AS is_sealed,
           keys.id AS key_id, keys.state AS key_state, keys.opened_at IS NOT NULL AS is_opened
    FROM grants JOIN users ON users.id = grants.approved_by
    JOIN deliveries ON deliveries.grant_id = grants.id
    JOIN keys ON keys.id = deliveries.key_id AND keys.grant_id = grants.id
    ORDER BY grants.id";

/// Each line is something that must not be there.
const FAULTS: &str = "
    SELECT 'grants, deliveries, keys and decisions are not equally many' AS line WHERE
        (SELECT count(*) FROM grants) <> (SELECT count(*) FROM deliveries) OR
        (SELECT count(*) FROM grants) <> (SELECT count(*) FROM keys) OR
        (SELECT count(*) FROM grants) <> (SELECT count(DISTINCT grant_id) FROM consents)
    UNION ALL SELECT 'foreign key: ' || \"table\" || ' ' || rowid FROM pragma_foreign_key_check
    UNION ALL SELECT 'file: ' || integrity_check FROM pragma_integrity_check
        WHERE integrity_check <> 'ok'";

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Nullable<Text>)]
    line: Option<String>,
}

impl Grant {
    /// Whether its delivery is not over.
    pub fn is_live(&self) -> bool {
        matches!(self.state.as_str(), "waiting" | "sending")
    }

    /// The path of its page.
    pub fn page(&self) -> String {
        format!("/connections/{}", self.id)
    }
}

/// All grants, oldest first.
pub fn grants(folder: &Path) -> Vec<Grant> {
    sql_query(GRANTS).load(&mut open(folder)).unwrap()
}

/// What is wrong with the database as a whole.
pub fn faults(folder: &Path) -> Vec<String> {
    let lines: Vec<Line> = sql_query(FAULTS).load(&mut open(folder)).unwrap();
    lines.into_iter().map(|line| line.line.unwrap_or_default()).collect()
}

fn open(folder: &Path) -> SqliteConnection {
    let file = folder.join("appgrant.db");
    let mut conn = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    conn.batch_execute("PRAGMA busy_timeout = 5000").unwrap();
    conn
}
