//! The whole audit log as JSON Lines, for admins: read and sent piece by piece, since it may be long.
//!
//! A form and not a link, because the export itself is written into the log: no other site shall do that
//! by a link. Never: more than two pieces in memory.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use actix_web::{
    HttpResponse,
    body::{BodySize, MessageBody},
    web::Bytes,
};
use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::user_list::is_admin;
use crate::{
    service::{
        ServiceError, Services,
        audit::{self, Row},
    },
    web::{errors::WebError, respond, visitor::Visitor},
};

/// What is sent, as it is read.
pub struct Pieces<E>(pub mpsc::Receiver<Result<Bytes, E>>);

impl<E: Into<Box<dyn std::error::Error>>> MessageBody for Pieces<E> {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.0.poll_recv(cx).map(|piece| piece.map(|piece| piece.map_err(Into::into)))
    }
}

/// Sends the log.
pub async fn export(visitor: Visitor) -> Result<HttpResponse, WebError> {
    visitor.form_session()?;
    is_admin(&visitor)?;
    audit::note_export(&visitor.services, &visitor.caller()).await?;
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(read(Arc::clone(&visitor.services), sender));
    Ok(respond::private(HttpResponse::Ok())
        .content_type("application/jsonl; charset=utf-8")
        .insert_header(("Content-Disposition", "attachment; filename=\"appgrant-audit.jsonl\""))
        .body(Pieces(receiver)))
}

/// Reads the log piece by piece; ends when all is sent, or nobody takes it any more. An error breaks the
/// answer off, so that a part is never taken for the whole.
async fn read(services: Arc<Services>, sender: mpsc::Sender<Result<Bytes, ServiceError>>) {
    let mut seq = 0;
    loop {
        let rows = audit::after(&services, seq).await;
        let piece = match rows {
            Ok(rows) if rows.is_empty() => return,
            Ok(rows) => {
                seq = rows.last().map_or(seq, |row| row.seq);
                Ok(Bytes::from(rows.iter().map(line).collect::<String>()))
            }
            Err(error) => Err(error),
        };
        let broke_off = piece.is_err();
        if sender.send(piece).await.is_err() || broke_off {
            return;
        }
    }
}

fn line(row: &Row) -> String {
    let details: Value = serde_json::from_str(&row.details).unwrap_or(Value::Null);
    let json = json!({
        "seq": row.seq,
        "at": row.at.to_string(),
        "actor": row.actor,
        "actor_id": row.actor_id,
        "address": row.address,
        "event": row.event,
        "object": { "kind": row.object_kind, "id": row.object_id },
        "outcome": row.outcome,
        "request_id": row.request_id,
        "details": details,
        "hash": HEXLOWER.encode(&row.hash),
    });
    format!("{json}\n")
}
