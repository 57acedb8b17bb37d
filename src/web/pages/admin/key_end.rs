//! Ending keys: one, or those that were ticked in a list. It is always asked once more, with a reason.

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;

use super::{
    frame::{Frame, Section, field, go, number},
    key_link::KeyLink,
    key_row::KeyRow,
    refusal::not_allowed,
    stopping_apps::StoppingApps,
};
use crate::{
    domain::key_list::LARGEST_PAGE,
    service::keys::{self, KeyError},
    web::{
        errors::WebError,
        respond::{self, Forms},
        visitor::Visitor,
    },
};

#[derive(Template)]
#[template(path = "admin/key_end.html")]
struct Page<'a> {
    frame: Frame<'a>,
    rows: Vec<KeyRow>,
    left: usize,
    /// The registered apps that stop with them, if any do.
    apps: Option<StoppingApps>,
    /// Where the form goes.
    target: String,
    /// Where not doing it leads.
    back: String,
    /// The list the keys were ticked in.
    list: String,
    are_several: bool,
}

/// Asks once more, or ends the key.
pub async fn one(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let id = number(&visitor)?;
    let frame = Frame::of(&visitor, Section::Keys)?;
    let path = format!("/admin/keys/{id}");
    if visitor.posts() {
        visitor.form_session()?;
        let reason = field(&visitor, "reason");
        keys::revoke(&visitor.services, &visitor.caller(), id, reason).await?;
        return Ok(go(&visitor, &format!("{path}?done=revoked")));
    }
    let key = keys::show(&visitor.services, &visitor.caller(), id).await?;
    let row = KeyRow::of(&visitor, frame.user, &key);
    if !row.may.revoke() {
        return Err(not_allowed("this key is over, or is ended by others only"));
    }
    let page = Page {
        apps: StoppingApps::of_keys(&visitor, &[id]).await?,
        rows: vec![row],
        left: 0,
        target: frame.path(&format!("{path}/revoke")),
        back: frame.path(&path),
        list: String::new(),
        are_several: false,
        frame,
    };
    respond::page(StatusCode::OK, &page, Forms::Stay)
}

/// Takes the ticks of a list: asks once more, or ends the keys.
pub async fn several(visitor: Visitor) -> Result<HttpResponse, WebError> {
    visitor.form_session()?;
    let list = KeyLink::of_query(field(&visitor, "list"));
    let ids = ticked(&visitor);
    if ids.is_empty() {
        return Ok(go(&visitor, &told(&list, "nothing_chosen", 0)));
    }
    if field(&visitor, "sure") == "yes" {
        let reason = field(&visitor, "reason");
        let ended =
            keys::revoke_several(&visitor.services, &visitor.caller(), &ids, reason).await?;
        return Ok(go(&visitor, &told(&list, "revoked_several", ids.len() - ended.min(ids.len()))));
    }
    ask(&visitor, &list, &ids).await
}

async fn ask(visitor: &Visitor, list: &KeyLink, ids: &[i64]) -> Result<HttpResponse, WebError> {
    let frame = Frame::of(visitor, Section::Keys)?;
    let mut rows = Vec::new();
    for id in ids {
        match keys::show(&visitor.services, &visitor.caller(), *id).await {
            Ok(key) => rows.push(KeyRow::of(visitor, frame.user, &key)),
            Err(KeyError::Unknown) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let all = rows.len();
    rows.retain(|row| row.may.revoke());
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let page = Page {
        apps: StoppingApps::of_keys(visitor, &ids).await?,
        left: all - rows.len(),
        rows,
        target: frame.path("/admin/keys/revoke"),
        back: frame.path(&list.path()),
        list: list.query(),
        are_several: true,
        frame,
    };
    respond::page(StatusCode::OK, &page, Forms::Stay)
}

/// The ticked keys, as many as a list may show.
fn ticked(visitor: &Visitor) -> Vec<i64> {
    let ticked = visitor.parameters.behind("key-").filter_map(|id| id.parse().ok());
    let mut ids: Vec<i64> = ticked.collect();
    ids.sort_unstable_by(|a, b| b.cmp(a));
    ids.truncate(LARGEST_PAGE);
    ids
}

/// The list, with what was done in its address.
fn told(list: &KeyLink, done: &str, left: usize) -> String {
    let path = list.path();
    let mark = if path.contains('?') { '&' } else { '?' };
    let left = if left > 0 { format!("&left={left}") } else { String::new() };
    format!("{path}{mark}done={done}{left}")
}
