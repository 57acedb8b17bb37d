//! `/admin/registered-apps`: the apps that may send browsers here for an approval (OAuth 2.0), and one of
//! them with its live connections. An app is a key, so it is ended on its key's page.

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;

use super::{
    frame::{Frame, Section, number},
    key_row::KeyRow,
    moment::Moment,
};
use crate::{
    domain::{key_view::KeyView, redirect_uri::RedirectUri},
    service::{
        keys,
        oauth2::{self, RegisteredApp},
    },
    web::{
        errors::WebError,
        respond::{self, Forms},
        visitor::Visitor,
    },
};

/// How many apps, or connections, a page shows.
const PAGE: usize = 25;

/// Further than that nobody counts connections.
const COUNTED: usize = 1_000;

/// An app, ready to be shown.
pub struct AppRow {
    /// Where its own screen is.
    pub href: String,
    /// Its name.
    pub name: String,
    /// Whether it keeps no secret.
    pub is_public: bool,
    /// Where its users are sent back to, in short.
    pub destinations: Vec<String>,
    /// Its addresses.
    pub redirect_uris: Vec<String>,
    /// When it was registered.
    pub made: Moment,
    /// Its key.
    pub key: KeyRow,
}

impl AppRow {
    /// An app and its key.
    pub fn of(visitor: &Visitor, frame: &Frame<'_>, app: RegisteredApp, key: &KeyView) -> Self {
        let mut destinations: Vec<String> = Vec::new();
        for destination in app.redirect_uris.iter().map(RedirectUri::destination) {
            if !destinations.contains(&destination) {
                destinations.push(destination);
            }
        }
        Self {
            href: visitor.site.path(&path(app.key_id)),
            is_public: app.public,
            destinations,
            redirect_uris: app.redirect_uris.iter().map(ToString::to_string).collect(),
            made: Moment::of(app.created_at, visitor.services.now()),
            key: KeyRow::of(visitor, frame.user, key),
            name: app.name,
        }
    }
}

/// Where the screen of the app with that key is.
pub fn path(key_id: i64) -> String {
    format!("/admin/registered-apps/{key_id}")
}

#[derive(Template)]
#[template(path = "admin/registered_apps.html")]
struct ListPage<'a> {
    frame: Frame<'a>,
    apps: Vec<AppRow>,
    may_register: bool,
    next: Option<String>,
    is_later_part: bool,
}

#[derive(Template)]
#[template(path = "admin/registered_app.html")]
struct Page<'a> {
    frame: Frame<'a>,
    app: AppRow,
    connections: Vec<KeyRow>,
    count: String,
    next: Option<String>,
    is_later_part: bool,
    metadata: String,
}

/// The apps, the newest first.
pub async fn list(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let frame = Frame::of(&visitor, Section::Apps)?;
    let before = before(&visitor);
    let found = oauth2::list_apps(&visitor.services, &visitor.caller(), before, PAGE).await?;
    let row = |(app, key): (RegisteredApp, KeyView)| AppRow::of(&visitor, &frame, app, &key);
    let page = ListPage {
        apps: found.apps.into_iter().map(row).collect(),
        may_register: frame.user.role.may_create_keys(),
        next: found.next.map(|n| visitor.site.path(&format!("/admin/registered-apps?before={n}"))),
        is_later_part: before.is_some(),
        frame,
    };
    respond::page(StatusCode::OK, &page, Forms::Stay)
}

/// One app: what it is, and its connections.
pub async fn show(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let frame = Frame::of(&visitor, Section::Apps)?;
    let (app, key) = find(&visitor).await?;
    let (services, caller) = (&visitor.services, visitor.caller());
    let (id, before) = (key.id, before(&visitor));
    let (keys, next) = oauth2::connections_of(services, &caller, id, (before, PAGE)).await?;
    let page = Page {
        connections: keys.iter().map(|key| KeyRow::of(&visitor, frame.user, key)).collect(),
        count: counted(count(&visitor, &[id]).await?),
        next: next.map(|next| visitor.site.path(&format!("{}?before={next}", path(id)))),
        is_later_part: before.is_some(),
        metadata: visitor.site.url("/.well-known/oauth-authorization-server"),
        app: AppRow::of(&visitor, &frame, app, &key),
        frame,
    };
    respond::page(StatusCode::OK, &page, Forms::Stay)
}

/// The app of the number in the address, and its key.
pub async fn find(visitor: &Visitor) -> Result<(RegisteredApp, KeyView), WebError> {
    let (services, caller, id) = (&visitor.services, visitor.caller(), number(visitor)?);
    let key = keys::show(services, &caller, id).await?;
    let app = oauth2::show_app(services, &caller, id).await?.ok_or(WebError::NotFound)?;
    Ok((app, key))
}

/// How many live connections the apps of these keys have.
pub async fn count(visitor: &Visitor, key_ids: &[i64]) -> Result<usize, WebError> {
    Ok(oauth2::count_connections(&visitor.services, key_ids, COUNTED + 1).await?)
}

/// Such a count, for people.
pub fn counted(count: usize) -> String {
    match count {
        0 => "no connection".to_owned(),
        1 => "1 connection".to_owned(),
        2..=COUNTED => format!("{count} connections"),
        _ => format!("more than {COUNTED} connections"),
    }
}

fn before(visitor: &Visitor) -> Option<i64> {
    visitor.parameters.text("before").and_then(|text| text.parse().ok())
}
