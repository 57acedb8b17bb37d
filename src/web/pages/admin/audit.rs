//! The audit log: who did what, narrowed and part by part. For admins and managers.

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;

use super::{
    audit_words::{AuditLine, words},
    choice::{Choice, choices},
    frame::{Frame, Section, field, user},
    key_list::named,
    refusal::not_allowed,
};
use crate::{
    domain::{
        app_url::percent_encoded,
        audit::{Event, Object, Outcome},
        timestamp::Timestamp,
    },
    service::{
        audit::{self, AuditFilter},
        users,
    },
    web::{
        errors::WebError,
        respond::{self, Forms},
        visitor::Visitor,
    },
};

/// The names of what narrows the log.
const FILTERS: [&str; 7] = ["event", "actor", "kind", "object", "outcome", "since", "until"];

#[derive(Template)]
#[template(path = "admin/audit.html")]
#[expect(clippy::struct_excessive_bools, reason = "a template asks for each by itself")]
struct Page<'a> {
    frame: Frame<'a>,
    lines: Vec<AuditLine>,
    events: Vec<Choice>,
    actors: Vec<Choice>,
    kinds: Vec<Choice>,
    outcomes: Vec<Choice>,
    object: &'a str,
    since: &'a str,
    until: &'a str,
    ignored: Vec<&'static str>,
    narrows: bool,
    next: Option<String>,
    is_later_part: bool,
    walked_far: bool,
    may_export: bool,
}

/// A part of the log.
pub async fn list(visitor: Visitor) -> Result<HttpResponse, WebError> {
    if !user(&visitor)?.role.may_read_audit() {
        return Err(not_allowed("only admins and managers read who did what"));
    }
    let frame = Frame::of(&visitor, Section::Audit)?;
    let (filter, ignored) = filter(&visitor);
    let before = visitor.parameters.text("before").and_then(|text| text.parse().ok());
    let found = audit::page(&visitor.services, &filter, before, audit::PAGE).await?;
    let now = visitor.services.now();
    let line = |row| AuditLine::of(row, frame.user, &visitor.site, now);
    let page = Page {
        lines: found.rows.into_iter().map(line).collect(),
        events: events(field(&visitor, "event")),
        actors: actors(&visitor).await?,
        kinds: kinds(field(&visitor, "kind")),
        outcomes: choices(&OUTCOMES, field(&visitor, "outcome")),
        object: field(&visitor, "object"),
        since: field(&visitor, "since"),
        until: field(&visitor, "until"),
        ignored,
        narrows: filter != AuditFilter::default(),
        next: found.next.map(|next| address(&visitor, next)),
        is_later_part: before.is_some(),
        walked_far: found.walked_far,
        may_export: frame.user.role.may_manage_users(),
        frame,
    };
    respond::page(StatusCode::OK, &page, Forms::Stay)
}

/// What is looked for, and the names of what was not understood.
fn filter(visitor: &Visitor) -> (AuditFilter, Vec<&'static str>) {
    let mut ignored = Vec::new();
    let read = |name: &'static str| {
        let text = field(visitor, name).trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    let (event, actor, outcome) = (read("event"), read("actor"), read("outcome"));
    let (kind, object) = (read("kind"), read("object"));
    let (since, until) = (read("since"), read("until"));
    let filter = AuditFilter {
        event: understood("event", event, &mut ignored, Event::parse),
        actor_id: understood("actor", actor, &mut ignored, |text| text.parse().ok()),
        outcome: understood("outcome", outcome, &mut ignored, Outcome::parse),
        since: understood("since", since, &mut ignored, |day| start_of(day, 0)),
        until: understood("until", until, &mut ignored, |day| start_of(day, 1)),
        object: None,
        kind: understood("kind", kind, &mut ignored, |text| {
            Object::KINDS.contains(&text).then(|| text.to_owned())
        }),
    };
    (about(filter, object, &mut ignored), ignored)
}

/// With the number or id that was asked for; all of the kind without one. An id alone could be of
/// anything.
fn about(
    filter: AuditFilter,
    object: Option<String>,
    ignored: &mut Vec<&'static str>,
) -> AuditFilter {
    match (filter.kind.clone(), object) {
        (_, None) => filter,
        (Some(kind), Some(id)) if id.len() < 80 => {
            AuditFilter { object: Some((kind, id)), kind: None, ..filter }
        }
        (_, Some(_)) => {
            ignored.push("object");
            filter
        }
    }
}

fn understood<T>(
    name: &'static str,
    text: Option<String>,
    ignored: &mut Vec<&'static str>,
    read: impl Fn(&str) -> Option<T>,
) -> Option<T> {
    let text = text?;
    let value = read(&text);
    if value.is_none() {
        ignored.push(name);
    }
    value
}

/// When that day begins in UTC, or one of the days after it.
fn start_of(day: &str, later: i64) -> Option<Timestamp> {
    let is_day = day.len() == 10;
    let day: jiff::civil::Date = day.parse().ok().filter(|_| is_day)?;
    let day = day.checked_add(jiff::Span::new().days(later)).ok()?;
    let start = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Timestamp::from_millis(start.timestamp().as_millisecond()))
}

/// The same part of the log from further on.
fn address(visitor: &Visitor, before: i64) -> String {
    let given = FILTERS.into_iter().filter(|name| !field(visitor, name).is_empty());
    let pairs = given.map(|name| format!("{name}={}&", percent_encoded(field(visitor, name))));
    visitor.site.path(&format!("/admin/audit?{}before={before}", pairs.collect::<String>()))
}

const OUTCOMES: [(&str, &str); 3] =
    [("", "Done or refused"), ("done", "Done"), ("refused", "Refused")];

fn events(chosen: &str) -> Vec<Choice> {
    let mut all = vec![("", "Everything")];
    all.extend(Event::ALL.iter().map(|event| (event.as_str(), words(*event))));
    choices(&all, chosen)
}

fn kinds(chosen: &str) -> Vec<Choice> {
    let mut all = vec![("", "Anything")];
    all.extend(Object::KINDS.map(|kind| (kind, kind)));
    choices(&all, chosen)
}

async fn actors(visitor: &Visitor) -> Result<Vec<Choice>, WebError> {
    let chosen = field(visitor, "actor");
    let mut all = choices(&[("", "Anybody")], chosen);
    let users = users::list(&visitor.services).await?;
    all.extend(users.iter().map(|user| Choice {
        value: user.id.to_string(),
        text: named(user),
        is_chosen: user.id.to_string() == chosen,
    }));
    Ok(all)
}
