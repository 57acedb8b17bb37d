//! The page of a connection under way: what is happening, attempt by attempt, and what can be done.
//!
//! It refreshes itself by the `Refresh` header, without script; a delivered connection goes on to the
//! app.

use std::time::Duration;

use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{HeaderName, HeaderValue},
    },
};
use askama::Template;
use uuid::Uuid;

use crate::{
    domain::{
        delivery::{DeliveryState, MOST_FAILURES},
        timestamp::Timestamp,
    },
    service::delivery_watch::{self, Attempt, DeliveryStatus},
    web::{
        errors::WebError,
        respond::{self, Forms},
        site::Site,
        visitor::Visitor,
    },
};

/// One line of the timeline.
struct Line {
    number: i64,
    started_at: String,
    what_happened: String,
    advice: &'static str,
    technical: String,
}

#[derive(Template)]
#[template(path = "waiting.html")]
struct WaitingPage<'a> {
    site: &'a Site,
    app: String,
    host: String,
    lines: Vec<Line>,
    sending: bool,
    next_in: String,
    attempts_left: i64,
    give_up_at: String,
    form_token: String,
    path: String,
}

#[derive(Template)]
#[template(path = "failed.html")]
struct FailedPage<'a> {
    site: &'a Site,
    app: String,
    host: String,
    lines: Vec<Line>,
    cancelled: bool,
    refused: bool,
    back_url: String,
}

/// The address of a connection's page.
pub fn url(visitor: &Visitor, grant_id: &str) -> String {
    visitor.site.url(&format!("/connections/{grant_id}"))
}

/// Shows where the delivery is.
pub async fn show(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let session = visitor.session.as_ref().ok_or(WebError::LoginNeeded)?;
    let grant_id = grant_id(&visitor)?;
    let found = delivery_watch::status(&visitor.services, &session.user, &grant_id).await?;
    let status = found.ok_or(WebError::NotFound)?;
    match status.state {
        DeliveryState::Delivered => Ok(respond::see_other(status.request.outcome_url(true))),
        DeliveryState::Waiting | DeliveryState::Sending => waiting(&visitor, &status, &grant_id),
        DeliveryState::Failed | DeliveryState::Cancelled => failed(&visitor, &status),
    }
}

/// Sends at once, and waits a little.
pub async fn retry(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let user = &visitor.form_session()?.user;
    let grant_id = grant_id(&visitor)?;
    delivery_watch::retry_now(&visitor.services, user, &grant_id).await?;
    delivery_watch::wait_for_attempt(&visitor.services, user, &grant_id).await?;
    Ok(respond::see_other(url(&visitor, &grant_id)))
}

/// Calls the delivery off.
pub async fn cancel(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let user = &visitor.form_session()?.user;
    let grant_id = grant_id(&visitor)?;
    delivery_watch::cancel(&visitor.services, user, &grant_id).await?;
    Ok(respond::see_other(url(&visitor, &grant_id)))
}

/// The grant's id in the address.
fn grant_id(visitor: &Visitor) -> Result<String, WebError> {
    let id = visitor.request.match_info().get("grant_id").unwrap_or_default();
    Uuid::try_parse(id).map(|id| id.to_string()).map_err(|_| WebError::NotFound)
}

fn waiting(
    visitor: &Visitor,
    status: &DeliveryStatus,
    grant_id: &str,
) -> Result<HttpResponse, WebError> {
    let now = visitor.services.now();
    let next_in = status.due_at.since(now);
    let sending = status.state == DeliveryState::Sending;
    let page = WaitingPage {
        site: &visitor.site,
        app: status.request.shown_name(),
        host: status.request.callback_url.host(),
        lines: lines(status),
        sending: sending || next_in.is_zero(),
        next_in: in_words(next_in),
        attempts_left: MOST_FAILURES - status.failures,
        give_up_at: status.give_up_at.to_time(),
        form_token: visitor.form_token(),
        path: visitor.site.path(&format!("/connections/{grant_id}")),
    };
    let forms = Forms::MayReturnTo(&status.request.return_url);
    let mut response = respond::page(StatusCode::OK, &page, forms)?;
    let seconds = if sending { 2 } else { next_in.as_secs().clamp(2, 15) };
    response.headers_mut().insert(HeaderName::from_static("refresh"), HeaderValue::from(seconds));
    Ok(response)
}

fn failed(visitor: &Visitor, status: &DeliveryStatus) -> Result<HttpResponse, WebError> {
    let page = FailedPage {
        site: &visitor.site,
        app: status.request.shown_name(),
        host: status.request.callback_url.host(),
        lines: lines(status),
        cancelled: status.state == DeliveryState::Cancelled,
        refused: status.failures > 0,
        back_url: status.request.outcome_url(false),
    };
    respond::page(StatusCode::OK, &page, Forms::Stay)
}

fn lines(status: &DeliveryStatus) -> Vec<Line> {
    let host = status.request.callback_url.host();
    let last = status.attempts.last().map(|attempt| attempt.number);
    let runs =
        |attempt: &Attempt| status.state == DeliveryState::Sending && last == Some(attempt.number);
    status.attempts.iter().map(|attempt| line(attempt, &host, runs(attempt))).collect()
}

fn line(attempt: &Attempt, host: &str, runs: bool) -> Line {
    let (what_happened, advice, technical) = match &attempt.failure {
        Some(failure) => {
            let code = failure.code();
            let detail = failure.detail();
            let technical =
                if detail.is_empty() { code.to_owned() } else { format!("{code}: {detail}") };
            (failure.what_happened(host), failure.advice(), technical)
        }
        None if attempt.ended_at.is_some() => (format!("{host} took the keys."), "", String::new()),
        None if runs => (format!("Waiting for {host} to answer."), "", String::new()),
        None => ("Interrupted before an answer came.".to_owned(), "", String::new()),
    };
    let started_at = Timestamp::to_time(attempt.started_at);
    Line { number: attempt.number, started_at, what_happened, advice, technical }
}

/// `12 seconds`, `3 minutes`.
fn in_words(time: Duration) -> String {
    let seconds = time.as_secs() + u64::from(time.subsec_millis() > 0);
    match seconds {
        1 => "1 second".to_owned(),
        0..=90 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}
