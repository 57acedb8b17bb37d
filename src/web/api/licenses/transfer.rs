//! Whole tables of licenses over the API: taken over, and handed out piece by piece, no faster than they are
//! taken.

use std::{error::Error, io::Cursor, sync::Arc};

use actix_web::{http::StatusCode, web::Bytes};
use tokio::sync::mpsc::Sender;

use super::{
    super::{
        answer::{self, Answer},
        client::Client,
        export::{Piece, Pieces},
        problem::Problem,
    },
    described::{ImportParams, ImportReportJson, SkippedRowJson},
};
use crate::{
    domain::licenses::TableError,
    service::{
        Services,
        licenses::{self, Table},
    },
};

/// How many rows that could not be taken a report names.
const MOST_NAMED: usize = 1_000;

/// Takes licenses over.
///
/// A table in CSV whose first line names the columns: `license_key` and `sku`, and those of an export. What is
/// here already stays as it is, so sending a table again takes the rest. A row that cannot be taken is skipped
/// and named; the others are taken. A table that cannot be read to its end is refused whole.
#[utoipa::path(post, path = "/api/v1/licenses/import", tag = "licenses", operation_id = "importLicenses",
    params(ImportParams),
    request_body(content = String, content_type = "text/csv", description = "The table"),
    responses(
        (status = 200, description = "What became of the rows", body = ImportReportJson),
        (status = 403, description = "You may not import licenses"),
        (status = 413, description = "The table has more than 4 MiB; send it in pieces"),
        (status = 415, description = "The body is not `text/csv`"),
        (status = 422, description = "The table cannot be read (`malformed_csv`), or a parameter cannot be \
            taken"),
    ))]
pub async fn import(client: Client) -> Answer {
    let mut questions = client.questions();
    let dry_run = questions.flag("dry_run");
    questions.done()?;
    let (services, caller) = (&client.services, &client.caller);
    let table = client.csv()?;
    let mut import = Table::open(services, caller, Cursor::new(table.clone()), dry_run).await?;
    Table::check(Cursor::new(table)).await.map_err(|error| malformed(&error))?;
    let mut skipped = Vec::new();
    while let Some(rows) = import.take(services, caller).await? {
        let rest = MOST_NAMED - skipped.len();
        skipped.extend(rows.into_iter().take(rest).map(SkippedRowJson::from));
    }
    let (report, read) = import.end().await;
    read.map_err(|error| malformed(&error))?;
    answer::ok(&ImportReportJson::of(report, skipped, dry_run))
}

fn malformed(error: &TableError) -> Problem {
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    Problem::new(status, "malformed_csv", format!("the table cannot be read: {error}"))
}

/// Exports all licenses, oldest first. For admins and managers.
///
/// A table in CSV that can be imported elsewhere, activations with it; keys are whole only where the store
/// keeps them readable, else shortened as in lists. The export is noted in the audit log; so a browser's
/// session needs the header `X-CSRF-Token` here too. An answer that breaks off in the middle is not whole.
#[utoipa::path(get, path = "/api/v1/licenses/export", tag = "licenses", operation_id = "exportLicenses",
    responses(
        (status = 200, description = "The licenses, a row each", body = String, content_type = "text/csv"),
        (status = 403, description = "You may not export licenses, or the session's token is missing"),
    ))]
pub async fn export(client: Client) -> Answer {
    client.questions().done()?;
    client.proves_own_page()?;
    licenses::begin_export(&client.services, &client.caller).await?;
    let mut response = answer::private(StatusCode::OK);
    response.content_type("text/csv; charset=utf-8");
    response.insert_header(("Content-Disposition", "attachment; filename=\"licenses.csv\""));
    let (pieces, body) = Pieces::new();
    tokio::spawn(hand_out(client.services.clone(), pieces));
    Ok(response.body(body))
}

/// Reads until the end, or until nobody takes it any more.
async fn hand_out(services: Arc<Services>, pieces: Sender<Piece>) {
    let mut after = 0;
    loop {
        let piece = match licenses::export_after(&services, after).await {
            Ok(Some((piece, last))) => {
                after = last;
                Ok(Bytes::copy_from_slice(&piece))
            }
            Ok(None) => return,
            Err(error) => {
                tracing::error!(%error, "an export of licenses broke off");
                Err(Box::<dyn Error + Send + Sync>::from(error))
            }
        };
        let is_over = piece.is_err();
        if pieces.send(piece).await.is_err() || is_over {
            return;
        }
    }
}
