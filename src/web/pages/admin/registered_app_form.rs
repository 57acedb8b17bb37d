//! Name and addresses of a registered app: its form's fields, and the form that changes them.

use actix_web::HttpResponse;
use askama::Template;

use super::{
    frame::{Frame, Section, field, go},
    key_form,
    key_row::KeyRow,
    refusal::not_allowed,
    registered_apps::{AppRow, find, path},
    typed::is_same,
    wrong::Wrong,
    wrong::status,
};
use crate::{
    domain::{key_view::KeyView, redirect_uri::RedirectUri},
    service::oauth2::{self, AppError, RegisteredApp},
    web::{
        errors::WebError,
        respond::{self, Forms},
        visitor::Visitor,
    },
};

/// What stands in the fields.
pub struct NameForm {
    /// The app's name.
    pub name: String,
    /// Where its users may be sent back to, one a line.
    pub redirect_uris: String,
}

impl NameForm {
    /// The fields as they were sent.
    pub fn sent(visitor: &Visitor) -> Self {
        Self::named(visitor, ["name", "redirect_uris"])
    }

    fn named(visitor: &Visitor, [name, redirect_uris]: [&str; 2]) -> Self {
        let text = |name| field(visitor, name).to_owned();
        Self { name: text(name), redirect_uris: text(redirect_uris) }
    }

    fn of(app: &RegisteredApp) -> Self {
        let uris: Vec<&str> = app.redirect_uris.iter().map(RedirectUri::as_str).collect();
        Self { name: app.name.clone(), redirect_uris: uris.join("\n") }
    }

    /// Finds what is wrong with them.
    pub fn check(&self, wrong: &mut Wrong) {
        wrong.read(oauth2::app_name(&self.name).map_err(|error| at_field(&error)));
        wrong.read(oauth2::redirects(&self.redirect_uris).map_err(|error| at_field(&error)));
    }
}

fn at_field(error: &AppError) -> Wrong {
    let field = if matches!(error, AppError::Name) { "name" } else { "redirect_uris" };
    Wrong::at_field(field, &error.to_string())
}

/// What the service found wrong, at its field; what is no field's fault is a page of its own.
///
/// # Errors
/// If it is no field's fault.
pub fn wrong(error: AppError) -> Result<Wrong, WebError> {
    match error {
        AppError::Name | AppError::Redirect(..) => Ok(at_field(&error)),
        AppError::Key(error) => key_form::wrong(error),
        AppError::Unknown => Err(WebError::NotFound),
    }
}

#[derive(Template)]
#[template(path = "admin/registered_app_edit.html")]
struct Page<'a> {
    frame: Frame<'a>,
    app: AppRow,
    form: NameForm,
    /// What the form was shown with first, so that what was not touched is not changed.
    was: NameForm,
    wrong: Wrong,
}

/// Shows the form, or takes it.
pub async fn edit(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let frame = Frame::of(&visitor, Section::Apps)?;
    if visitor.posts() {
        visitor.form_session()?;
    }
    let (app, key) = find(&visitor).await?;
    if visitor.posts() {
        let was = NameForm::named(&visitor, ["name_was", "redirect_uris_was"]);
        let sent = NameForm::sent(&visitor);
        return match change(&visitor, key.id, (&sent, &was)).await? {
            Ok(done) => Ok(go(&visitor, &format!("{}?done={done}", path(key.id)))),
            Err(wrong) => form(&visitor, frame, (app, &key), ((sent, was), wrong)),
        };
    }
    if !KeyRow::of(&visitor, frame.user, &key).may.loosen() {
        return Err(not_allowed("this app is over, or is changed by its owner and by admins only"));
    }
    let forms = (NameForm::of(&app), NameForm::of(&app));
    form(&visitor, frame, (app, &key), (forms, Wrong::default()))
}

fn form(
    visitor: &Visitor,
    frame: Frame<'_>,
    (app, key): (RegisteredApp, &KeyView),
    ((form, was), wrong): ((NameForm, NameForm), Wrong),
) -> Result<HttpResponse, WebError> {
    let app = AppRow::of(visitor, &frame, app, key);
    let page = Page { frame, app, form, was, wrong };
    respond::page(status(&page.wrong), &page, Forms::Stay)
}

async fn change(
    visitor: &Visitor,
    key_id: i64,
    (sent, was): (&NameForm, &NameForm),
) -> Result<Result<&'static str, Wrong>, WebError> {
    let mut wrong = Wrong::default();
    sent.check(&mut wrong);
    if wrong.anywhere().is_some() {
        return Ok(Err(wrong));
    }
    let name = (sent.name != was.name).then(|| sent.name.clone());
    let is_touched = !is_same(&sent.redirect_uris, &was.redirect_uris);
    let uris = is_touched.then(|| sent.redirect_uris.clone());
    let done = if name.is_some() || uris.is_some() { "changed" } else { "unchanged" };
    let caller = visitor.caller();
    match oauth2::change_app(&visitor.services, &caller, key_id, (name, uris)).await {
        Ok(_) => Ok(Ok(done)),
        Err(error) => self::wrong(error).map(Err),
    }
}
