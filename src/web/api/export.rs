//! The body of an export: read from the database piece by piece, no faster than it is taken.
//!
//! What goes wrong in the middle ends the connection, so that nobody takes half a log for a whole one.

use std::{
    error::Error,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use actix_web::{
    body::{BodySize, MessageBody},
    web::Bytes,
};
use tokio::sync::mpsc::{self, Receiver, Sender};

use crate::service::{Services, audit, views::AuditRowJson};

/// How many pieces wait to be taken.
const WAITING: usize = 1;

/// A piece of an export, or why it breaks off.
pub type Piece = Result<Bytes, Box<dyn Error + Send + Sync>>;

/// A body that comes piece by piece.
pub struct Pieces(Receiver<Piece>);

impl Pieces {
    /// Where the pieces are put, and the body.
    pub fn new() -> (Sender<Piece>, Self) {
        let (pieces, taken) = mpsc::channel(WAITING);
        (pieces, Self(taken))
    }

    /// Begins to read the log, a row a line.
    pub fn of_log(services: Arc<Services>) -> Self {
        let (pieces, body) = Self::new();
        tokio::spawn(read(services, pieces));
        body
    }
}

impl MessageBody for Pieces {
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Box<dyn Error>>>> {
        self.0.poll_recv(context).map_err(|error| -> Box<dyn Error> { error })
    }
}

/// Reads until the end, or until nobody takes it any more.
async fn read(services: Arc<Services>, pieces: Sender<Piece>) {
    let mut seq = 0;
    loop {
        let piece = match audit::after(&services, seq).await {
            Ok(rows) => match rows.last() {
                Some(last) => {
                    seq = last.seq;
                    Ok(lines(rows))
                }
                None => return,
            },
            Err(error) => {
                tracing::error!(%error, "an export of the audit log broke off");
                Err(error.into())
            }
        };
        let is_over = piece.is_err();
        if pieces.send(piece).await.is_err() || is_over {
            return;
        }
    }
}

fn lines(rows: Vec<audit::Row>) -> Bytes {
    let mut text = String::new();
    for row in rows {
        text.push_str(&serde_json::json!(AuditRowJson::from(row)).to_string());
        text.push('\n');
    }
    text.into()
}
