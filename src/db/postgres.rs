//! PostgreSQL: the connections, and the queries compiled for them.
//!
//! Pure Rust, no libpq. Transactions run at the default isolation (read committed); what must not be
//! lost is a guarded update whose row count is read.

use std::{
    ops::{Deref, DerefMut},
    time::Duration,
};

use diesel_async::{
    AsyncPgConnection,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
        deadpool::{Object, Pool},
    },
};
use tokio::time::timeout;

use super::{
    DbError, Usage,
    server::{ANSWER, Server},
};

#[path = "queries/access_tokens.rs"]
pub mod access_tokens;
#[path = "queries/api_tokens.rs"]
pub mod api_tokens;
#[path = "queries/approvals.rs"]
pub mod approvals;
#[path = "queries/audit.rs"]
pub mod audit;
#[path = "queries/authorization_codes.rs"]
pub mod authorization_codes;
#[path = "queries/deliveries.rs"]
pub mod deliveries;
#[path = "queries/delivery_ends.rs"]
pub mod delivery_ends;
#[path = "queries/delivery_list.rs"]
pub mod delivery_list;
#[path = "queries/delivery_status.rs"]
pub mod delivery_status;
#[path = "queries/form_uses.rs"]
pub mod form_uses;
#[path = "queries/grants.rs"]
pub mod grants;
#[path = "queries/idempotency.rs"]
pub mod idempotency;
#[path = "queries/imported_keys.rs"]
pub mod imported_keys;
#[path = "queries/key_changes.rs"]
pub mod key_changes;
#[path = "queries/key_edits.rs"]
pub mod key_edits;
#[path = "queries/key_events.rs"]
pub mod key_events;
#[path = "queries/key_list.rs"]
pub mod key_list;
#[path = "queries/key_rules.rs"]
pub mod key_rules;
#[path = "queries/key_terms.rs"]
pub mod key_terms;
#[path = "queries/key_uses.rs"]
pub mod key_uses;
#[path = "queries/key_views.rs"]
pub mod key_views;
#[path = "queries/key_warnings.rs"]
pub mod key_warnings;
#[path = "queries/keys.rs"]
pub mod keys;
#[path = "queries/licenses/activations.rs"]
pub mod license_activations;
#[path = "queries/licenses/brought.rs"]
pub mod license_brought;
#[path = "queries/licenses/edits.rs"]
pub mod license_edits;
#[path = "queries/licenses/list.rs"]
pub mod license_list;
#[path = "queries/licenses/products.rs"]
pub mod license_products;
#[path = "queries/licenses/settings.rs"]
pub mod license_settings;
#[path = "queries/licenses/terms.rs"]
pub mod license_terms;
#[path = "queries/licenses/tokens.rs"]
pub mod license_tokens;
#[path = "queries/licenses/licenses.rs"]
pub mod licenses;
#[path = "queries/login_failures.rs"]
pub mod login_failures;
#[path = "queries/meta.rs"]
pub mod meta;
#[path = "queries/oauth.rs"]
pub mod oauth;
#[path = "queries/oauth_clients.rs"]
pub mod oauth_clients;
#[path = "queries/other_pairs.rs"]
pub mod other_pairs;
#[path = "queries/refresh_tokens.rs"]
pub mod refresh_tokens;
#[path = "queries/replacements.rs"]
pub mod replacements;
#[path = "queries/rotations.rs"]
pub mod rotations;
#[path = "queries/sessions.rs"]
pub mod sessions;
#[path = "queries/signing_keys.rs"]
pub mod signing_keys;
#[path = "queries/token_purges.rs"]
pub mod token_purges;
#[path = "queries/users.rs"]
pub mod users;

/// The connection that the queries of this module run on.
pub type Conn = AsyncPgConnection;

/// What diesel calls this kind of database.
pub type Backend = diesel::pg::Pg;

/// The server's clock, in milliseconds since 1970.
pub const CLOCK: &str = "(extract(epoch from clock_timestamp()) * 1000)::bigint";

/// The oldest transaction that still runs and may have written.
pub const OLDEST_TRANSACTION: &str = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint";

/// The transaction that begins next.
pub const NEXT_TRANSACTION: &str = "pg_snapshot_xmax(pg_current_snapshot())::text::bigint";

/// How long a query waits for a free connection.
const WAIT: Duration = Duration::from_secs(5);

/// The pool of a server.
#[derive(Clone)]
pub struct Pools {
    name: &'static str,
    server: Server,
    pool: Pool<Conn>,
}

/// A connection for one query. Dropped before [`give_back`], it is closed: whoever asked went away, and the
/// server may still be at it.
pub struct Lent(Option<Object<Conn>>);

impl Deref for Lent {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        self.0.as_ref().expect("it is there until it is given back")
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut Conn {
        self.0.as_mut().expect("it is there until it is given back")
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(conn) = self.0.take() {
            drop(Object::take(conn));
        }
    }
}

impl Pools {
    /// A pool for the database at `url`; connects on first use.
    pub fn new(url: &str, size: usize) -> Result<Self, DbError> {
        Self::of("server", Server::new(url)?, size)
    }

    /// A pool of one connection to the same server, which nothing else is at.
    pub fn apart(&self) -> Result<Self, DbError> {
        Self::of("hearing", self.server.clone(), 1)
    }

    fn of(name: &'static str, server: Server, size: usize) -> Result<Self, DbError> {
        let mut config = ManagerConfig::default();
        // A connection that was closed is noticed without a question to the server.
        config.recycling_method = RecyclingMethod::Fast;
        let dialled = server.clone();
        config.custom_setup = Box::new(move |_| {
            let server = dialled.clone();
            Box::pin(async move { server.connect().await })
        });
        // The address is in `server`; the pool would only show it.
        let pool = Pool::builder(AsyncDieselConnectionManager::new_with_config("", config))
            .max_size(size)
            .wait_timeout(Some(WAIT))
            .runtime(deadpool::Runtime::Tokio1)
            .build()
            .map_err(|error| DbError::Unavailable(error.to_string()))?;
        Ok(Self { name, server, pool })
    }

    /// A connection for one read.
    pub async fn reader(&self) -> Result<Object<Conn>, DbError> {
        Usage::of(self.name, &self.pool.status()).admit()?;
        Ok(self.pool.get().await?)
    }

    /// A connection for one query that may be given up.
    pub async fn lend(&self) -> Result<Lent, DbError> {
        Ok(Lent(Some(self.reader().await?)))
    }

    /// A connection for one write.
    pub async fn writer(&self) -> Result<Object<Conn>, DbError> {
        self.reader().await
    }

    /// The server behind the pool.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// How the pool is used.
    pub fn usage(&self) -> Vec<Usage> {
        vec![Usage::of(self.name, &self.pool.status())]
    }
}

/// Waits for a query, but not for ever: a server that is stopped, or cut off, keeps its connections and
/// says nothing.
pub async fn answered<T>(query: impl Future<Output = Result<T, DbError>>) -> Result<T, DbError> {
    timeout(ANSWER, query).await.unwrap_or(Err(DbError::Silent))
}

/// Gives a connection back to its pool; one that was silent is closed.
pub fn give_back<T>(mut conn: Lent, answer: &Result<T, DbError>) {
    if !matches!(answer, Err(DbError::Silent)) {
        drop(conn.0.take());
    }
}
