//! Changing a key: what it is for, what it may do, when it ends, whose it is.

use actix_web::HttpResponse;
use askama::Template;

use super::{
    choice::Choice,
    frame::{Frame, Section, field, go, number},
    key_form::{self, KeyForm, SCOPES, Scope},
    key_list::named,
    key_row::KeyRow,
    refusal::not_allowed,
    wrong::Wrong,
    wrong::status,
};
use crate::{
    domain::{key_view::KeyView, timestamp::Timestamp},
    service::{
        keys::{self, KeyChange},
        users,
    },
    web::{
        errors::WebError,
        respond::{self, Forms},
        visitor::Visitor,
    },
};

#[derive(Template)]
#[template(path = "admin/key_edit.html")]
struct Page<'a> {
    frame: Frame<'a>,
    row: KeyRow,
    form: KeyForm,
    /// What the form was shown with first, so that what was not touched is not changed.
    was: Was,
    exact_end: Option<String>,
    scopes: &'a [Scope],
    wrong: Wrong,
}

/// What stood in the fields that take something away or give it.
struct Was {
    permissions: String,
    ends: String,
}

impl Was {
    /// Of the form that was sent, which stays the same while something is wrong with it, or of the key.
    fn of(visitor: &Visitor, key: &KeyView) -> Self {
        let now = KeyForm::of(key);
        let kept = |name: &str, now: String| match visitor.parameters.text(name) {
            Some(was) if visitor.posts() => was.to_owned(),
            _ => now,
        };
        Self {
            permissions: kept("permissions_was", now.permissions),
            ends: kept("ends_was", now.ends),
        }
    }
}

#[derive(Template)]
#[template(path = "admin/key_owner.html")]
struct OwnerPage<'a> {
    frame: Frame<'a>,
    row: KeyRow,
    users: Vec<Choice>,
    wrong: Wrong,
}

/// Shows the form, or takes it.
pub async fn edit(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let id = number(&visitor)?;
    let frame = Frame::of(&visitor, Section::Keys)?;
    let key = keys::show(&visitor.services, &visitor.caller(), id).await?;
    if visitor.posts() {
        visitor.form_session()?;
        return match change(&visitor, &key).await? {
            Ok(done) => Ok(go(&visitor, &format!("/admin/keys/{id}?done={done}"))),
            Err(wrong) => form(&visitor, frame, &key, (KeyForm::sent(&visitor), wrong)),
        };
    }
    let row = KeyRow::of(&visitor, frame.user, &key);
    if !row.may.edit() {
        return Err(not_allowed("this key is over, or is changed by its owner and by admins only"));
    }
    form(&visitor, frame, &key, (KeyForm::of(&key), Wrong::default()))
}

fn form(
    visitor: &Visitor,
    frame: Frame<'_>,
    key: &KeyView,
    (form, wrong): (KeyForm, Wrong),
) -> Result<HttpResponse, WebError> {
    let status = status(&wrong);
    let page = Page {
        row: KeyRow::of(visitor, frame.user, key),
        was: Was::of(visitor, key),
        exact_end: key.expires_at.filter(|at| !ends_with_its_day(*at)).map(|at| at.to_string()),
        form,
        scopes: &SCOPES,
        wrong,
        frame,
    };
    respond::page(status, &page, Forms::Stay)
}

fn ends_with_its_day(at: Timestamp) -> bool {
    at.to_string().ends_with("T00:00:00Z")
}

async fn change(visitor: &Visitor, key: &KeyView) -> Result<Result<&'static str, Wrong>, WebError> {
    let sent = KeyForm::sent(visitor);
    let change = match asked(visitor, &sent) {
        Ok(change) => change,
        Err(wrong) => return Ok(Err(wrong)),
    };
    let is_new = change.permissions.is_some_and(|new| new != key.permissions)
        || change.expires_at.is_some_and(|new| new != key.expires_at)
        || change.description.as_ref().is_some_and(|new| *new != key.description);
    match keys::change(&visitor.services, &visitor.caller(), key.id, change).await {
        Ok(()) if is_new => Ok(Ok("changed")),
        Ok(()) => Ok(Ok("unchanged")),
        Err(error) => key_form::wrong(error).map(Err),
    }
}

/// What the form asks for. A day that was not touched leaves the end as exact as it is; permissions that
/// were not touched are not given back by a form that was open while they were taken away.
fn asked(visitor: &Visitor, sent: &KeyForm) -> Result<KeyChange, Wrong> {
    let is_untouched = sent.ends == field(visitor, "ends_was");
    let ends = if is_untouched { None } else { Some(sent.ends(visitor.services.now())?) };
    let is_untouched = visitor.parameters.text("permissions_was") == Some(&sent.permissions);
    let permissions = if is_untouched { None } else { Some(sent.permissions()?) };
    Ok(KeyChange { description: Some(sent.description.clone()), permissions, expires_at: ends })
}

/// Shows who may get the key, or gives it to somebody.
pub async fn owner(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let id = number(&visitor)?;
    let frame = Frame::of(&visitor, Section::Keys)?;
    let key = keys::show(&visitor.services, &visitor.caller(), id).await?;
    let mut wrong = Wrong::default();
    if visitor.posts() {
        visitor.form_session()?;
        let to = field(&visitor, "owner").parse().unwrap_or_default();
        match keys::reassign(&visitor.services, &visitor.caller(), id, to).await {
            Ok(()) => return Ok(go(&visitor, &format!("/admin/keys/{id}?done=reassigned"))),
            Err(error) => wrong = key_form::wrong(error)?,
        }
    } else if !KeyRow::of(&visitor, frame.user, &key).may.reassign() {
        return Err(not_allowed(
            "only admins give keys to other owners, and only such as are not over",
        ));
    }
    let page = OwnerPage {
        row: KeyRow::of(&visitor, frame.user, &key),
        users: heirs(&visitor, key.owner.id).await?,
        wrong,
        frame,
    };
    respond::page(status(&page.wrong), &page, Forms::Stay)
}

/// Everybody who can have keys, but for that one.
pub async fn heirs(visitor: &Visitor, but: i64) -> Result<Vec<Choice>, WebError> {
    let users = users::list(&visitor.services).await?;
    let others = users.iter().filter(|user| !user.disabled && user.id != but);
    let choice = |user: &crate::domain::user::User| Choice {
        value: user.id.to_string(),
        text: named(user),
        is_chosen: false,
    };
    Ok(others.map(choice).collect())
}
