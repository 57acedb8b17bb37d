//! SQLite: the connections, and the queries compiled for them.
//!
//! A pool of readers and one writer. Every write is an IMMEDIATE transaction: a deferred one that
//! reads first and writes later fails with "database is locked" as soon as there is a second process.

use std::time::Duration;

use diesel::{ConnectionError, SqliteConnection};
use diesel_async::{
    AsyncConnection, RunQueryDsl, SimpleAsyncConnection,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
        deadpool::{BuildError, Object, Pool},
    },
    sync_connection_wrapper::SyncConnectionWrapper,
};

use super::{DbError, Usage, to_the_end::to_the_end};

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
pub type Conn = SyncConnectionWrapper<SqliteConnection>;

/// What diesel calls this kind of database.
pub type Backend = diesel::sqlite::Sqlite;

/// The clock, in milliseconds since 1970.
pub const CLOCK: &str = "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)";

/// Writes come one after the other: whoever sees a change sees all before it.
pub const OLDEST_TRANSACTION: &str = "1";

/// As above.
pub const NEXT_TRANSACTION: &str = "1";

/// Set on every connection. `secure_delete` overwrites what is wiped; `synchronous=FULL` makes an
/// approval survive a power cut, not only a crash. The write-ahead log is a property of the file, which
/// `migrations` sets: connections that each set it on a fresh file would fail one another. Each of the
/// five connections keeps 1 MiB of pages; the system's own cache is behind it.
const SETTINGS: &str = "PRAGMA busy_timeout = 5000; PRAGMA synchronous = FULL; \
                        PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; \
                        PRAGMA cache_size = -1024;";

/// What means something in a file's URI.
const PATH: &percent_encoding::AsciiSet = &percent_encoding::CONTROLS.add(b'%').add(b'?').add(b'#');

/// How long a query waits for a free connection.
const WAIT: Duration = Duration::from_secs(5);

/// Readers and the one writer of a file.
#[derive(Clone)]
pub struct Pools {
    readers: Pool<Conn>,
    writer: Pool<Conn>,
}

impl Pools {
    /// Pools for the file at `path`; connects on first use.
    pub fn new(path: &str) -> Result<Self, DbError> {
        let failed = |error: BuildError| DbError::Unavailable(error.to_string());
        Ok(Self { readers: pool(path, 4).map_err(failed)?, writer: pool(path, 1).map_err(failed)? })
    }

    /// A connection for one read.
    pub async fn reader(&self) -> Result<Object<Conn>, DbError> {
        Usage::of("readers", &self.readers.status()).admit()?;
        Ok(to_the_end(self.readers.get()).await?)
    }

    /// A connection for one query that may be given up: then it ends all the same.
    pub async fn lend(&self) -> Result<Object<Conn>, DbError> {
        self.reader().await
    }

    /// Writes what the file holds at this moment into an empty one.
    pub async fn write_copy(&self, path: String) -> Result<(), DbError> {
        let copy = diesel::sql_query("VACUUM INTO ?").bind::<diesel::sql_types::Text, _>(path);
        copy.execute(&mut self.reader().await?).await?;
        Ok(())
    }

    /// The connection for one write; waits for the write before.
    pub async fn writer(&self) -> Result<Object<Conn>, DbError> {
        Usage::of("writer", &self.writer.status()).admit()?;
        Ok(to_the_end(self.writer.get()).await?)
    }

    /// How the pools are used.
    pub fn usage(&self) -> Vec<Usage> {
        vec![
            Usage::of("readers", &self.readers.status()),
            Usage::of("writer", &self.writer.status()),
        ]
    }
}

/// Waits for a query. The file is at hand: what takes long is work, and ends.
pub async fn answered<T>(
    query: impl Future<Output = Result<T, DbError>> + Send,
) -> Result<T, DbError> {
    to_the_end(query).await
}

/// Gives a connection back to its pool.
pub fn give_back<T>(_conn: Object<Conn>, _answer: &Result<T, DbError>) {}

/// The file's name for connections that change nothing (<https://www.sqlite.org/uri.html>). Where no
/// write-ahead log is, nobody is writing now, and `immutable` spares even making the log's own files.
/// A `serve` may open the file a moment later, and SQLite takes no lock on an immutable one: what is
/// read then may be out of date or torn. A look goes wrong by that, never the file; look again.
pub(super) fn read_only(path: &str) -> String {
    let wal = std::path::Path::new(&format!("{path}-wal")).exists();
    let mode = if wal { "mode=ro" } else { "immutable=1" };
    format!("file:{}?{mode}", percent_encoding::utf8_percent_encode(path, PATH))
}

fn pool(path: &str, size: usize) -> Result<Pool<Conn>, BuildError> {
    let mut config = ManagerConfig::default();
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(|path| {
        Box::pin(async move {
            let mut conn = Conn::establish(path).await?;
            conn.batch_execute(SETTINGS)
                .await
                .map_err(ConnectionError::CouldntSetupConfiguration)?;
            Ok(conn)
        })
    });
    Pool::builder(AsyncDieselConnectionManager::new_with_config(path, config))
        .max_size(size)
        .wait_timeout(Some(WAIT))
        .runtime(deadpool::Runtime::Tokio1)
        .build()
}
