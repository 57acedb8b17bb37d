//! Why a store was not moved, in words for the person who moves it.

use super::DbError;

/// A copy that was not made. Nothing is left in the target, except where the text says so.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The file cannot be read as it must be.
    #[error("the store that is copied: {0}")]
    Source(DbError),
    /// The target does not take the rows.
    #[error("the target: {0}; nothing was copied, and the command can be given again")]
    Target(DbError),
    /// Somebody else has the file open.
    #[error(
        "another process has the database open: stop `appgrant serve`, and whatever else uses the file, and try again"
    )]
    InUse,
    /// The target is no PostgreSQL database.
    #[error("the target must be a PostgreSQL database, postgres://…")]
    NotPostgres,
    /// The target holds something.
    #[error(
        "the target holds something already, in the table {0}: nothing was copied; name an empty database"
    )]
    Occupied(String),
    /// The two schemas are not the same.
    #[error("the table {0} is not the same in the store and in the target: nothing was copied")]
    Unlike(String),
    /// A value that the target cannot keep.
    #[error("{table}.{column} holds {what}, which PostgreSQL cannot keep: nothing was copied")]
    Unfit {
        /// Where it stands.
        table: String,
        /// Where it stands.
        column: String,
        /// What it is.
        what: &'static str,
    },
    /// What was read back is not what was written.
    #[error(
        "the table {table} was not copied right ({ours} rows in the store, {theirs} in the target, or other values): everything was taken back"
    )]
    Differs {
        /// The table.
        table: String,
        /// Rows in the source.
        ours: u64,
        /// Rows in the target.
        theirs: u64,
    },
    /// The target went away while it committed.
    #[error(
        "the target did not confirm the last step: {0}; give the command again: it says whether the target holds the store"
    )]
    Unconfirmed(DbError),
    /// The copy stands, the mark does not.
    #[error(
        "the copy is complete, but the old store could not be marked as copied ({0}): do not serve it any more"
    )]
    Unmarked(DbError),
}

impl CopyError {
    pub(super) fn source(error: diesel::result::Error) -> Self {
        Self::Source(error.into())
    }

    pub(super) fn target(error: diesel::result::Error) -> Self {
        Self::Target(error.into())
    }
}
