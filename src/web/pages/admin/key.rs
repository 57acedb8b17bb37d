//! One key: what it is, whose, what it may do, how its life went, and what can be done about it.

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;

use super::{
    audit_words::AuditLine,
    flash,
    frame::{Frame, Section, field, go, number, user},
    key_access::Access,
    key_row::{KeyRow, May},
    moment::Moment,
};
use crate::{
    domain::{
        delivery::{DeliveryState, Kind},
        key_view::KeyView,
        permissions::Permissions,
        timestamp::Timestamp,
    },
    service::{
        audit::{self, AuditFilter, Row},
        deliveries::{self, DeliveryFilter, DeliveryView},
        keys::{self, KeyChange},
        users,
    },
    web::{
        errors::WebError,
        pages::timeline::TimelineView,
        respond::{self, Forms},
        visitor::Visitor,
    },
};

/// How many deliveries are shown.
const DELIVERIES: usize = 10;

/// How many rows about its grant are shown.
const BEGINNING: usize = 10;

/// A delivery and what was tried.
struct Delivery {
    id: String,
    waits: bool,
    what: String,
    state: &'static str,
    began: Moment,
    ended: Option<Moment>,
    timeline: TimelineView,
}

#[derive(Template)]
#[template(path = "admin/key.html")]
struct Page<'a> {
    frame: Frame<'a>,
    row: KeyRow,
    key: &'a KeyView,
    access: Access,
    approved_by: Option<String>,
    used_from: Option<(String, String)>,
    last_write: Option<Moment>,
    may_give_back: bool,
    is_writing: bool,
    deliveries: Vec<Delivery>,
    history: Vec<AuditLine>,
    older_history: Option<String>,
    is_older: bool,
}

/// The key of the number in the address.
pub async fn show(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let frame = Frame::of(&visitor, Section::Keys)?;
    let (services, caller) = (&visitor.services, visitor.caller());
    let key = keys::show(services, &caller, number(&visitor)?).await?;
    let before = visitor.parameters.text("before").and_then(|text| text.parse().ok());
    let history = keys::history(services, &caller, key.id, before).await?;
    let now = services.now();
    let row = KeyRow::of(&visitor, frame.user, &key);
    let path = format!("/admin/keys/{}", key.id);
    let line = |row| AuditLine::of(row, frame.user, &visitor.site, now);
    let mut rows = history.rows;
    if history.next.is_none() {
        rows.extend(beginning(&visitor, &key).await?);
    }
    let page = Page {
        access: Access::of(&visitor, &key, &row).await?,
        approved_by: approver(&visitor, &key).await?,
        used_from: used_from(&key),
        last_write: key.last_write_at.map(|at| Moment::of(at, now)),
        may_give_back: row.may.widen(),
        is_writing: row.may.narrow() && key.permissions == Permissions::ReadWrite,
        deliveries: deliveries(&visitor, key.id, now).await?,
        history: rows.into_iter().map(line).collect(),
        older_history: history
            .next
            .map(|next| visitor.site.path(&format!("{path}?before={next}#history"))),
        is_older: before.is_some(),
        row,
        key: &key,
        frame,
    };
    respond::page(StatusCode::OK, &page, Forms::Stay)
}

/// How the key of an app came about, which is written down about its grant.
async fn beginning(visitor: &Visitor, key: &KeyView) -> Result<Vec<Row>, WebError> {
    let Some(app) = &key.app else { return Ok(Vec::new()) };
    let object = Some(("grant".to_owned(), app.grant_id.clone()));
    let filter = AuditFilter { object, ..AuditFilter::default() };
    let (services, caller) = (&visitor.services, visitor.caller());
    Ok(audit::page_as_seen(services, &caller, &filter, None, BEGINNING).await?.rows)
}

fn used_from(key: &KeyView) -> Option<(String, String)> {
    let used = key.last_use.as_ref()?;
    Some((used.address.clone(), used.client.clone().unwrap_or_default()))
}

async fn approver(visitor: &Visitor, key: &KeyView) -> Result<Option<String>, WebError> {
    let Some(app) = &key.app else { return Ok(None) };
    // Whoever was deleted is a number only.
    let found = users::find(&visitor.services, app.approved_by).await;
    Ok(Some(match found {
        Ok(user) => super::key_list::named(&user),
        Err(users::UserError::Service(error)) => return Err(error.into()),
        Err(_) => format!("user {}, who was deleted", app.approved_by),
    }))
}

async fn deliveries(
    visitor: &Visitor,
    key_id: i64,
    now: Timestamp,
) -> Result<Vec<Delivery>, WebError> {
    let filter = DeliveryFilter { key_id: Some(key_id), ..DeliveryFilter::default() };
    let page = deliveries::list(&visitor.services, &filter, None, DELIVERIES).await?;
    let mut shown = Vec::new();
    for listed in page.deliveries {
        let found = deliveries::show(&visitor.services, &listed.id).await?;
        shown.extend(found.map(|(delivery, attempts)| Delivery {
            waits: delivery.state == DeliveryState::Waiting,
            what: delivered(&delivery),
            state: delivery_text(delivery.state),
            began: Moment::of(delivery.created_at, now),
            ended: delivery.ended_at.map(|at| Moment::of(at, now)),
            timeline: TimelineView::listed(&delivery, &attempts),
            id: delivery.id,
        }));
    }
    Ok(shown)
}

/// What a delivery hands over, for people.
pub fn delivered(delivery: &DeliveryView) -> String {
    match (delivery.kind, delivery.event.as_deref()) {
        (Kind::Keys, _) => "The keys".to_owned(),
        (Kind::Rotation, _) => "The new pair".to_owned(),
        (Kind::Event, event) => format!("The event {}", event.unwrap_or("of an unknown kind")),
    }
}

const fn delivery_text(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Waiting => "waits for its next attempt",
        DeliveryState::Sending => "is being sent",
        DeliveryState::Delivered => "delivered",
        DeliveryState::Failed => "given up",
        DeliveryState::Cancelled => "called off",
    }
}

/// Takes writing away with one press; the page it leads to offers to take that back.
pub async fn narrow(visitor: Visitor) -> Result<HttpResponse, WebError> {
    permit(&visitor, Permissions::Read).await?;
    let id = number(&visitor)?;
    let path = back(&visitor, id);
    let key = keys::show(&visitor.services, &visitor.caller(), id).await?;
    // Whoever may not give it back is not offered to.
    let may_undo = May::of(user(&visitor)?, &key).widen();
    let undo = if may_undo { flash::undo(&visitor, id) } else { String::new() };
    Ok(go(&visitor, &format!("{path}?done=narrowed&undo={undo}")))
}

/// Gives writing back.
pub async fn widen(visitor: Visitor) -> Result<HttpResponse, WebError> {
    permit(&visitor, Permissions::ReadWrite).await?;
    Ok(go(&visitor, &format!("{}?done=widened", back(&visitor, number(&visitor)?))))
}

async fn permit(visitor: &Visitor, permissions: Permissions) -> Result<(), WebError> {
    visitor.form_session()?;
    let change = KeyChange { permissions: Some(permissions), ..KeyChange::default() };
    Ok(keys::change(&visitor.services, &visitor.caller(), number(visitor)?, change).await?)
}

/// Where the button was pressed: on the overview or on the key's own screen.
fn back(visitor: &Visitor, id: i64) -> String {
    match field(visitor, "back") {
        "overview" => "/admin".to_owned(),
        _ => format!("/admin/keys/{id}"),
    }
}

/// Sends at once what waits for its next attempt.
pub async fn retry_delivery(visitor: Visitor) -> Result<HttpResponse, WebError> {
    visitor.form_session()?;
    let hurried =
        deliveries::retry(&visitor.services, &visitor.caller(), delivery(&visitor)).await?;
    told(&visitor, hurried, "delivery_hurried")
}

/// Calls a delivery off.
pub async fn cancel_delivery(visitor: Visitor) -> Result<HttpResponse, WebError> {
    visitor.form_session()?;
    let ended =
        deliveries::cancel(&visitor.services, &visitor.caller(), delivery(&visitor)).await?;
    told(&visitor, ended, "delivery_cancelled")
}

fn delivery(visitor: &Visitor) -> &str {
    let id = visitor.request.match_info().get("delivery");
    id.filter(|id| !id.contains('\0')).unwrap_or_default() // PostgreSQL cannot look for a NUL
}

fn told(visitor: &Visitor, is_done: bool, done: &str) -> Result<HttpResponse, WebError> {
    let done = if is_done { done } else { "delivery_over" };
    Ok(go(visitor, &format!("/admin/keys/{}?done={done}", number(visitor)?)))
}
