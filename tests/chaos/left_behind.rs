//! What stands in the database, read past the service: a judge does not ask the accused.

use std::path::Path;

use diesel::{
    QueryableByName,
    sql_types::{BigInt, Bool, Text},
};

use crate::support::database;

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
    SELECT 'grants, deliveries, keys and decisions are not equally many' AS text WHERE
        (SELECT count(*) FROM grants) <> (SELECT count(*) FROM deliveries) OR
        (SELECT count(*) FROM grants) <> (SELECT count(*) FROM keys) OR
        (SELECT count(*) FROM grants) <> (SELECT count(DISTINCT grant_id) FROM consents)";

/// The same of a file. A server checks its constraints and pages by itself.
const FAULTS_OF_FILE: &str = "
    SELECT 'foreign key: ' || \"table\" || ' ' || coalesce(rowid, '') AS text
    FROM pragma_foreign_key_check
    UNION ALL SELECT 'file: ' || integrity_check FROM pragma_integrity_check
        WHERE integrity_check <> 'ok'";

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
    database::rows(&database::of(folder), GRANTS)
}

/// What is wrong with the database as a whole.
pub fn faults(folder: &Path) -> Vec<String> {
    let address = database::of(folder);
    let mut faults = database::texts(&address, FAULTS);
    if !database::is_postgres() {
        faults.extend(database::texts(&address, FAULTS_OF_FILE));
    }
    faults
}
