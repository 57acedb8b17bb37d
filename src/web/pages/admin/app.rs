//! Apps: everything that one callback host was given, together; and ending all of it.

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;

use super::{
    frame::{Frame, Section, field, go},
    key_link::KeyLink,
    key_row::KeyRow,
    moment::Moment,
};
use crate::{
    domain::{
        app_url::percent_encoded,
        key_list::{KeyFilter, KeyQuery},
        timestamp::Timestamp,
    },
    service::{
        apps::{self, AppView},
        grants::{self, GrantView},
        keys,
    },
    web::{
        errors::WebError,
        respond::{self, Forms},
        visitor::Visitor,
    },
};

/// How many keys and approvals an app's screen shows.
const SHOWN: usize = 20;

/// An app, ready to be shown.
struct AppRow {
    name: String,
    host: String,
    href: String,
    live: String,
    last_approved: Moment,
    last_used: Option<Moment>,
}

#[derive(Template)]
#[template(path = "admin/app_list.html")]
struct ListPage<'a> {
    frame: Frame<'a>,
    apps: Vec<AppRow>,
    beginning: &'a str,
    next: Option<String>,
    is_later_part: bool,
}

/// One approval.
struct Approval {
    id: String,
    app_name: String,
    user_id: String,
    scope: String,
    by: String,
    at: Moment,
    key: Option<(i64, String)>,
}

#[derive(Template)]
#[template(path = "admin/app.html")]
struct Page<'a> {
    frame: Frame<'a>,
    app: AppRow,
    rows: Vec<KeyRow>,
    all_keys: String,
    approvals: Vec<Approval>,
    may_end: bool,
}

#[derive(Template)]
#[template(path = "admin/app_end.html")]
struct EndPage<'a> {
    frame: Frame<'a>,
    app: AppRow,
}

/// The list of apps, by host.
pub async fn list(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let frame = Frame::of(&visitor, Section::Apps)?;
    let (beginning, after) = (field(&visitor, "q").trim(), visitor.parameters.text("after"));
    // A host has at most 253 characters and a port.
    let beginning = if beginning.len() > 300 { "" } else { beginning };
    let after = after.filter(|after| !after.is_empty() && after.len() <= 300);
    let found = apps::list(&visitor.services, &visitor.caller(), beginning, after).await?;
    let now = visitor.services.now();
    let next = |next: String| {
        let (q, after) = (percent_encoded(beginning), percent_encoded(&next));
        visitor.site.path(&format!("/admin/apps?q={q}&after={after}"))
    };
    let page = ListPage {
        apps: found.apps.into_iter().map(|app| AppRow::of(&visitor, app, now)).collect(),
        beginning,
        next: found.next.map(next),
        is_later_part: after.is_some(),
        frame,
    };
    respond::page(StatusCode::OK, &page, Forms::Stay)
}

impl AppRow {
    fn of(visitor: &Visitor, app: AppView, now: Timestamp) -> Self {
        let more = if app.has_more_keys { "newest " } else { "" };
        Self {
            href: visitor.site.path(&path(&app.callback_host)),
            live: format!("{} of {more}{}", app.live_keys, app.keys),
            name: app.name,
            host: app.callback_host,
            last_approved: Moment::of(app.last_approved_at, now),
            last_used: app.last_used_at.map(|at| Moment::of(at, now)),
        }
    }
}

fn path(host: &str) -> String {
    format!("/admin/apps/{}", percent_encoded(host))
}

/// The app of the host in the address.
async fn app(visitor: &Visitor) -> Result<AppView, WebError> {
    let host = visitor.request.match_info().query("host").to_owned();
    let host = percent_encoding::percent_decode_str(&host).decode_utf8_lossy().into_owned();
    if host.contains('\0') {
        return Err(WebError::NotFound); // PostgreSQL cannot even look for it
    }
    let found = apps::show(&visitor.services, &visitor.caller(), &host).await?;
    found.ok_or(WebError::NotFound)
}

/// One app: its keys and approvals.
pub async fn show(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let frame = Frame::of(&visitor, Section::Apps)?;
    let app = app(&visitor).await?;
    let (services, now) = (&visitor.services, visitor.services.now());
    let host = app.callback_host.clone();
    let filter = KeyFilter { app_host: Some(host.to_lowercase()), ..KeyFilter::default() };
    let query = KeyQuery { filter, limit: SHOWN, ..KeyQuery::default() };
    let found = keys::list(services, &visitor.caller(), &query).await?;
    let rows: Vec<_> = found.keys.iter().map(|key| KeyRow::of(&visitor, frame.user, key)).collect();
    let grants = grants::list(services, Some(&host), None, SHOWN).await?;
    let approval = |grant| Approval::of(&visitor, grant, now);
    let page = Page {
        all_keys: visitor.site.path(&KeyLink::of(&[("app", &host)]).path()),
        approvals: grants.grants.into_iter().map(approval).collect(),
        may_end: rows.iter().any(|row| row.may.revoke()),
        app: AppRow::of(&visitor, app, now),
        rows,
        frame,
    };
    respond::page(StatusCode::OK, &page, Forms::Stay)
}

impl Approval {
    fn of(visitor: &Visitor, grant: GrantView, now: Timestamp) -> Self {
        let (_, by) = grant.approved_by;
        let href = |id| (id, visitor.site.path(&format!("/admin/keys/{id}")));
        Self {
            id: grant.id,
            app_name: grant.app_name,
            user_id: grant.user_id,
            scope: grant.scope,
            by,
            at: Moment::of(grant.created_at, now),
            key: grant.key_id.map(href),
        }
    }
}

/// Asks once more, or ends all keys of the app.
pub async fn end(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let frame = Frame::of(&visitor, Section::Apps)?;
    let app = app(&visitor).await?;
    if visitor.posts() {
        visitor.form_session()?;
        let (host, reason) = (app.callback_host.as_str(), field(&visitor, "reason"));
        let (_, left) =
            keys::revoke_app(&visitor.services, &visitor.caller(), host, reason).await?;
        let left = if left > 0 { format!("&left={left}") } else { String::new() };
        return Ok(go(&visitor, &format!("{}?done=revoked_app{left}", path(host))));
    }
    let page = EndPage { app: AppRow::of(&visitor, app, visitor.services.now()), frame };
    respond::page(StatusCode::OK, &page, Forms::Stay)
}
