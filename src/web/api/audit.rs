//! The audit log over the API: a list with filters, and the whole of it as JSON Lines.

use super::{
    answer::{self, Answer},
    client::Client,
    described::AuditListParams,
    export,
    page::AuditList,
    query::Questions,
};
use crate::{
    domain::audit::{Event, Object, Outcome},
    service::{
        audit::{self, AuditFilter, AuditPage},
        views::{AuditRowJson, words},
    },
};
use actix_web::http::StatusCode;

/// Lists the audit log, newest first. For admins and managers.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", operation_id = "listAudit",
    params(AuditListParams),
    responses(
        (status = 200, description = "A page of the log", body = AuditList),
        (status = 403, description = "You are neither admin nor manager"),
    ))]
pub async fn list(client: Client) -> Answer {
    let mut questions = client.questions();
    let filter = filter(&mut questions);
    let before = questions.place(|place| place.parse().ok());
    let (limit, cursors) = (questions.limit(audit::PAGE), questions.cursors());
    questions.done()?;
    let (services, caller) = (&client.services, &client.caller);
    let AuditPage { rows, next, walked_far } =
        audit::page_for(services, caller, &filter, before, limit).await?;
    answer::ok(&AuditList {
        data: rows.into_iter().map(AuditRowJson::from).collect(),
        next_cursor: next.map(|seq| cursors(seq.to_string())),
        partial: walked_far,
    })
}

fn filter(questions: &mut Questions) -> AuditFilter {
    let kind = questions.word("object_kind", &Object::KINDS, |text| {
        Object::KINDS.into_iter().find(|kind| *kind == text)
    });
    let id = questions.text("object_id");
    if kind.is_none() && id.is_some() {
        questions.note("object_kind", "is missing beside object_id");
    }
    if kind.is_some() && id.is_none() {
        questions.note("object_id", "is missing beside object_kind");
    }
    let what = "is no event of this log";
    AuditFilter {
        object: kind.map(str::to_owned).zip(id),
        kind: None,
        actor_id: questions.id("actor_id"),
        event: questions.value("event", what, Event::parse),
        outcome: questions.word("outcome", words::Outcome::ALL, Outcome::parse),
        since: questions.instant("since"),
        until: questions.instant("until"),
    }
}

/// Exports the audit log. For admins.
///
/// JSON Lines, oldest first, each line a row as in the list. The export is noted in the log, and is
/// the last row of itself; so a browser's session needs the header `X-CSRF-Token` here too. An answer
/// that breaks off in the middle is not whole.
#[utoipa::path(get, path = "/api/v1/audit/export", tag = "audit", operation_id = "exportAudit",
    responses(
        (status = 200, description = "The log, a row a line", body = String,
            content_type = "application/jsonl"),
        (status = 403, description = "You are no admin, or the session's token is missing"),
    ))]
pub async fn export(client: Client) -> Answer {
    client.questions().done()?;
    client.proves_own_page()?;
    audit::begin_export(&client.services, &client.caller).await?;
    let mut response = answer::private(StatusCode::OK);
    response.content_type("application/jsonl");
    response.insert_header(("Content-Disposition", "attachment; filename=\"audit.jsonl\""));
    Ok(response.body(export::Pieces::of_log(client.services.clone())))
}
