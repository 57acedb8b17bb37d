//! `/admin/keys/{id}/rotate`: asks how long the old pair goes on working and says what will happen, then
//! does it. An app's key shows how its app is being given the new pair; one made by hand shows it once.
//!
//! Rights are judged by `service::keys`. The form names the pair it was shown for, so that sending it
//! again does not exchange the pair that was just shown.

use std::time::Duration;

use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{HeaderName, HeaderValue},
    },
};
use askama::Template;

use super::{
    frame::{Frame, Section, number},
    qr,
};
use crate::{
    domain::{delivery::DeliveryState, pair::Role},
    service::{
        keys::{self, KeyError, MadeKey, Rotated, Rotation},
        oauth2,
    },
    web::{
        errors::WebError,
        pages::timeline::TimelineView,
        respond::{self, Forms},
        visitor::Visitor,
    },
};

/// How long the old pair may go on working: hours, as the form sends them, and how that is said.
const OVERLAPS: [(u32, &str); 4] =
    [(0, "It ends at once"), (1, "1 hour"), (24, "1 day"), (168, "7 days")];

/// The choice that is offered first, in hours.
const USUAL: u32 = 24;

#[derive(Template)]
#[template(path = "admin/rotate.html")]
struct Page<'a> {
    frame: Frame<'a>,
    key_path: String,
    key_id: i64,
    description: &'a str,
    ending: &'a str,
    /// The app and where its keys go, if it is an app's key.
    app: Option<(&'a str, &'a str)>,
    /// Whether it is a registered app's, whose client id it is then.
    is_registered_app: bool,
    problem: Option<String>,
    step: Step,
    timeline: Option<TimelineView>,
    path: String,
    form_token: String,
}

/// Where the rotation of a key is.
enum Step {
    /// It may begin.
    Ask,
    /// The app is being given the new pair.
    Sending { runs: bool },
    /// The app has it, or it was shown; the old one works on.
    Overlap { old: String, until: String },
    /// The last one failed or was called off; it may begin again.
    Failed { cancelled: bool },
    /// The app has the new pair, and the old one is over; it may begin again.
    Taken,
}

impl Step {
    /// Whether the form is shown.
    fn asks(&self) -> bool {
        matches!(self, Self::Ask | Self::Failed { .. } | Self::Taken)
    }
}

#[derive(Template)]
#[template(path = "admin/rotated.html")]
struct ShownPage<'a> {
    frame: Frame<'a>,
    made: &'a MadeKey,
    qr: String,
    path: String,
}

/// Asks, or rotates.
pub async fn rotate(visitor: Visitor) -> Result<HttpResponse, WebError> {
    if !visitor.posts() {
        visitor.session.as_ref().ok_or(WebError::LoginNeeded)?;
        let rotation = rotation(&visitor).await?;
        return show(&visitor, &rotation, None).await;
    }
    visitor.form_session()?;
    let rotation = rotation(&visitor).await?;
    let Some(overlap) = overlap(&visitor) else {
        return show(&visitor, &rotation, Some(KeyError::Overlap.to_string())).await;
    };
    if visitor.parameters.text("ending") != Some(&*rotation.key.ending) {
        return show(&visitor, &rotation, Some(KeyError::Changed.to_string())).await;
    }
    match keys::rotate(&visitor.services, &visitor.caller(), rotation.key.id, overlap).await {
        Ok(Rotated::Shown(made)) => shown(&visitor, &made),
        Ok(Rotated::Sent { .. }) => wait(&visitor, rotation.key.id).await,
        Err(error) => match refused(error) {
            Ok(problem) => {
                let rotation = self::rotation(&visitor).await?;
                show(&visitor, &rotation, Some(problem)).await
            }
            Err(error) => Err(error),
        },
    }
}

/// Sends at once what waits, and waits a little.
pub async fn retry(visitor: Visitor) -> Result<HttpResponse, WebError> {
    visitor.form_session()?;
    let id = number(&visitor)?;
    keys::retry_rotation(&visitor.services, &visitor.caller(), id).await?;
    wait(&visitor, id).await
}

/// Calls the rotation off.
pub async fn cancel(visitor: Visitor) -> Result<HttpResponse, WebError> {
    visitor.form_session()?;
    let id = number(&visitor)?;
    keys::cancel_rotation(&visitor.services, &visitor.caller(), id).await?;
    Ok(back(&visitor, id))
}

/// Ends the old pair before its time.
pub async fn end_old(visitor: Visitor) -> Result<HttpResponse, WebError> {
    visitor.form_session()?;
    let id = number(&visitor)?;
    match keys::end_previous(&visitor.services, &visitor.caller(), id).await {
        // It had ended by itself meanwhile.
        Ok(()) | Err(KeyError::Changed) => Ok(back(&visitor, id)),
        Err(error) => Err(error.into()),
    }
}

/// Waits for the attempt that begins now, and then shows where it is.
async fn wait(visitor: &Visitor, id: i64) -> Result<HttpResponse, WebError> {
    keys::wait_for_rotation(&visitor.services, &visitor.caller(), id).await?;
    Ok(back(visitor, id))
}

fn back(visitor: &Visitor, id: i64) -> HttpResponse {
    respond::see_other(visitor.site.url(&format!("/admin/keys/{id}/rotate")))
}

async fn rotation(visitor: &Visitor) -> Result<Rotation, WebError> {
    let id = number(visitor)?;
    Ok(keys::rotation(&visitor.services, &visitor.caller(), id).await?)
}

fn overlap(visitor: &Visitor) -> Option<Duration> {
    let hours: u32 = visitor.parameters.text("overlap")?.parse().ok()?;
    OVERLAPS
        .iter()
        .any(|(choice, _)| *choice == hours)
        .then(|| Duration::from_hours(u64::from(hours)))
}

/// What the page says about an error that the person can do something about.
fn refused(error: KeyError) -> Result<String, WebError> {
    match error {
        KeyError::Unknown | KeyError::NotAllowed | KeyError::Service(_) => Err(error.into()),
        told => Ok(told.to_string()),
    }
}

fn step(rotation: &Rotation) -> Step {
    if let Some(delivery) = rotation.under_way() {
        return Step::Sending { runs: delivery.state == DeliveryState::Sending };
    }
    let previous = rotation.other.as_ref().filter(|other| other.role == Role::Previous);
    if let Some((old, until)) = previous.and_then(|old| Some((old, old.ends_at?))) {
        let until = format!("{} {}", until.to_date(), until.to_time());
        return Step::Overlap { old: old.ending.clone(), until };
    }
    match rotation.delivery.as_ref().map(|delivery| delivery.state) {
        Some(DeliveryState::Failed) => Step::Failed { cancelled: false },
        Some(DeliveryState::Cancelled) => Step::Failed { cancelled: true },
        Some(_) => Step::Taken,
        None => Step::Ask,
    }
}

async fn show(
    visitor: &Visitor,
    rotation: &Rotation,
    problem: Option<String>,
) -> Result<HttpResponse, WebError> {
    let Rotation { key, delivery, .. } = rotation;
    let status = if problem.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
    let registered = oauth2::show_app(&visitor.services, &visitor.caller(), key.id).await?;
    let page = Page {
        key_path: visitor.site.path(&format!("/admin/keys/{}", key.id)),
        frame: Frame::of(visitor, Section::Keys)?,
        key_id: key.id,
        description: &key.description,
        ending: &key.ending,
        app: key.app.as_ref().map(|app| (&*app.name, &*app.callback_host)),
        is_registered_app: registered.is_some(),
        problem,
        step: step(rotation),
        timeline: delivery.as_ref().map(TimelineView::of),
        path: visitor.site.path(&format!("/admin/keys/{}/rotate", key.id)),
        form_token: visitor.form_token(),
    };
    let mut response = respond::page(status, &page, Forms::Stay)?;
    if let Some(delivery) = rotation.under_way() {
        let wait = delivery.due_at.since(visitor.services.now()).as_secs();
        let seconds = if delivery.state == DeliveryState::Sending { 2 } else { wait.clamp(2, 15) };
        let name = HeaderName::from_static("refresh");
        response.headers_mut().insert(name, HeaderValue::from(seconds));
    }
    Ok(response)
}

fn shown(visitor: &Visitor, made: &MadeKey) -> Result<HttpResponse, WebError> {
    let path = visitor.site.path(&format!("/admin/keys/{}/rotate", made.id));
    let qr = qr::of_pair(&made.credential)?;
    let frame = Frame::of(visitor, Section::Keys)?;
    respond::page(StatusCode::OK, &ShownPage { frame, made, qr, path }, Forms::Stay)
}
