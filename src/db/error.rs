//! What can go wrong with a database, as the layers above need to tell it apart.

use diesel::ConnectionError;
use diesel_async::pooled_connection::deadpool::PoolError;

/// A query that gave no answer. Outcomes that a use case expects ("somebody else was first") are not
/// errors; they have names of their own.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The database's address cannot be used as it stands.
    #[error("the database's address cannot be used: {0}")]
    Address(String),
    /// No connection could be had.
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    /// A query was given up. Whether it was carried out is not known.
    #[error("the database did not answer in time")]
    Silent,
    /// The database refused a query.
    #[error("the database refused a query: {0}")]
    Query(#[from] diesel::result::Error),
    /// A row holds what no version of this program writes.
    #[error("the database holds an impossible value in {0}")]
    Corrupt(&'static str),
    /// The schema is not this version's.
    #[error("{0}")]
    Schema(String),
    /// The task that ran the query ended early (the process is stopping).
    #[error("the query was interrupted")]
    Interrupted,
}

impl DbError {
    /// What is counted apart.
    pub const KINDS: [&'static str; 6] =
        ["unavailable", "query", "corrupt", "schema", "interrupted", "silent"];

    /// Whether nothing was said about the query: the database is away.
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Silent | Self::Interrupted)
    }

    /// That the database is away, for somebody else who waited for the same answer.
    pub fn away_too(&self) -> Self {
        match self {
            Self::Silent => Self::Silent,
            Self::Interrupted => Self::Interrupted,
            other => Self::Unavailable(other.to_string()),
        }
    }

    /// Its place among [`Self::KINDS`].
    pub(super) const fn kind(&self) -> usize {
        match self {
            Self::Unavailable(_) | Self::Address(_) => 0,
            Self::Query(_) => 1,
            Self::Corrupt(_) => 2,
            Self::Schema(_) => 3,
            Self::Interrupted => 4,
            Self::Silent => 5,
        }
    }
}

impl From<PoolError> for DbError {
    fn from(error: PoolError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<ConnectionError> for DbError {
    fn from(error: ConnectionError) -> Self {
        Self::Unavailable(error.to_string())
    }
}
