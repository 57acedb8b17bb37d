//! Hears that keys changed in the moment it is committed (`LISTEN`), on a connection of its own.
//!
//! A nudge and no more: what changed stands in `key_changes`, which is also looked at by the clock. So a
//! notification that is lost, with its connection or on the way through a pooler, costs time and nothing
//! else.

use std::{future::poll_fn, pin::pin};

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use futures_util::Stream;
use tokio::time::timeout;

use super::{ANSWER, DbError, Server};

/// The channel that the triggers notify.
const LISTEN: &str = "LISTEN appgrant_key_changes";

/// A connection that listens.
pub struct Listener(AsyncPgConnection);

impl Listener {
    /// Connects and listens.
    pub(in crate::db) async fn start(server: &Server) -> Result<Self, DbError> {
        let mut conn = server.connect().await?;
        timeout(ANSWER, conn.batch_execute(LISTEN)).await.map_err(|_| DbError::Silent)??;
        Ok(Self(conn))
    }

    /// Waits for the next change.
    ///
    /// # Errors
    /// If the connection is lost; then a new listener is needed, and what changed meanwhile must be
    /// looked for.
    pub async fn changed(&mut self) -> Result<(), DbError> {
        let mut notifications = pin!(self.0.notifications_stream());
        match poll_fn(|context| notifications.as_mut().poll_next(context)).await {
            Some(Ok(_)) => Ok(()),
            Some(Err(error)) => Err(error.into()),
            None => Err(DbError::Unavailable("the connection was closed".into())),
        }
    }
}
