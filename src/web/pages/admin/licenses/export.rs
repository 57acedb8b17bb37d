//! All licenses as CSV: read and sent piece by piece, since there may be many.
//!
//! A form and not a link, because the export itself is written into the log. Never: more than two pieces in
//! memory.

use std::sync::Arc;

use actix_web::{HttpResponse, web::Bytes};
use tokio::sync::mpsc;

use crate::{
    service::{
        Services,
        licenses::{self, LicenseError},
    },
    web::{errors::WebError, pages::admin::export::Pieces, respond, visitor::Visitor},
};

/// Sends the licenses.
pub async fn export(visitor: Visitor) -> Result<HttpResponse, WebError> {
    visitor.form_session()?;
    licenses::begin_export(&visitor.services, &visitor.caller()).await?;
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(read(Arc::clone(&visitor.services), sender));
    Ok(respond::private(HttpResponse::Ok())
        .content_type("text/csv; charset=utf-8")
        .insert_header(("Content-Disposition", "attachment; filename=\"appgrant-licenses.csv\""))
        .body(Pieces(receiver)))
}

/// Reads piece by piece; ends when all is sent, or nobody takes it any more. An error breaks the answer off,
/// so that a part is never taken for the whole.
async fn read(services: Arc<Services>, sender: mpsc::Sender<Result<Bytes, LicenseError>>) {
    let mut after = 0;
    loop {
        let piece = match licenses::export_after(&services, after).await {
            Ok(None) => return,
            Ok(Some((piece, last))) => {
                after = last;
                Ok(Bytes::from_owner(piece))
            }
            Err(error) => {
                tracing::error!(%error, "an export of licenses broke off");
                Err(error)
            }
        };
        let is_over = piece.is_err();
        if sender.send(piece).await.is_err() || is_over {
            return;
        }
    }
}
