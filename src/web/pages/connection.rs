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

use super::timeline::TimelineView;
use crate::{
    domain::{
        delivery::{DeliveryState, MOST_FAILURES},
        failure::Failure,
    },
    service::delivery_watch::{self, DeliveryStatus},
    web::{
        errors::WebError,
        respond::{self, Forms},
        site::Site,
        visitor::Visitor,
    },
};

#[derive(Template)]
#[template(path = "waiting.html")]
struct WaitingPage<'a> {
    site: &'a Site,
    app: String,
    host: String,
    timeline: TimelineView,
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
    timeline: TimelineView,
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
    delivery_watch::retry_now(&visitor.services, &visitor.caller(), user, &grant_id).await?;
    delivery_watch::wait_for_attempt(&visitor.services, user, &grant_id).await?;
    Ok(respond::see_other(url(&visitor, &grant_id)))
}

/// Calls the delivery off.
pub async fn cancel(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let user = &visitor.form_session()?.user;
    let grant_id = grant_id(&visitor)?;
    delivery_watch::cancel(&visitor.services, &visitor.caller(), user, &grant_id).await?;
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
        timeline: TimelineView::of(status),
        sending: sending || next_in.is_zero(),
        next_in: in_words(next_in),
        attempts_left: MOST_FAILURES - status.failures,
        give_up_at: status.give_up_at.to_time(),
        form_token: visitor.form_token(),
        path: visitor.site.path(&format!("/connections/{grant_id}")),
    };
    let forms = Forms::MayReturnTo(status.request.return_url.private_scheme());
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
        timeline: TimelineView::of(status),
        cancelled: status.state == DeliveryState::Cancelled,
        refused: was_asked(status),
        back_url: status.request.outcome_url(false),
    };
    respond::page(StatusCode::OK, &page, Forms::Stay)
}

/// Whether the app had its chance: not if all that failed was opening the sealed keys.
fn was_asked(status: &DeliveryStatus) -> bool {
    let mut failures = status.attempts.iter().filter_map(|attempt| attempt.failure.as_ref());
    failures.any(|failure| *failure != Failure::CannotOpen)
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
