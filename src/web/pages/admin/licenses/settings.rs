//! What holds for all licenses: the store code, tokens, errors, who may ask. Everybody sees it, admins change it.

use actix_web::HttpResponse;
use askama::Template;

use super::{
    Tab, TabLink, refused,
    settings_form::{CodeForm, SettingsForm},
};
use crate::{
    domain::{
        licenses::{LicenseSettings, SettingsChange},
        token_life::TokenLife,
    },
    service::licenses,
    web::{
        errors::WebError,
        licenses::{AJAX, REST},
        pages::admin::{
            frame::{Frame, Section, go},
            life,
            moment::Moment,
            wrong::Wrong,
            wrong::status,
        },
        respond::{self, Forms},
        visitor::Visitor,
    },
};

#[derive(Template)]
#[template(path = "admin/licenses/settings.html")]
struct Page<'a> {
    frame: Frame<'a>,
    tabs: Vec<TabLink>,
    settings: &'a LicenseSettings,
    /// Until when the code before is taken, if it still is.
    previous_until: Option<Moment>,
    token_life: String,
    never_ends: bool,
    keys_readable: bool,
    form: SettingsForm,
    /// What the form was shown with first, so that what was not touched is not changed.
    was: SettingsForm,
    code: CodeForm,
    rest: String,
    ajax: String,
    may_set_up: bool,
    wrong: Wrong,
}

/// What was typed and is wrong, in one of the forms.
#[derive(Default)]
struct Sent {
    form: Option<(SettingsForm, SettingsForm)>,
    code: Option<CodeForm>,
    wrong: Wrong,
}

/// Shows the settings, or changes them.
pub async fn settings(visitor: Visitor) -> Result<HttpResponse, WebError> {
    if !visitor.posts() {
        return show(&visitor, Sent::default()).await;
    }
    permit(&visitor).await?;
    let form = || (SettingsForm::sent(&visitor), SettingsForm::was(&visitor));
    let (sent, was) = form();
    let wrong = match sent.change(&was) {
        Ok(change) => match apply(&visitor, change).await? {
            Ok(done) => return Ok(told(&visitor, done)),
            Err(wrong) => wrong,
        },
        Err(wrong) => wrong,
    };
    show(&visitor, Sent { form: Some(form()), code: None, wrong }).await
}

/// Gives the store another code.
pub async fn store_code(visitor: Visitor) -> Result<HttpResponse, WebError> {
    permit(&visitor).await?;
    let code = CodeForm::sent(&visitor);
    let wrong = match code.change() {
        Ok(change) => match apply(&visitor, change).await? {
            Ok("changed") => return Ok(told(&visitor, "store_code_changed")),
            Ok(done) => return Ok(told(&visitor, done)),
            Err(wrong) => wrong,
        },
        Err(wrong) => wrong,
    };
    show(&visitor, Sent { form: None, code: Some(code), wrong }).await
}

/// Takes the code before no longer.
pub async fn end_previous(visitor: Visitor) -> Result<HttpResponse, WebError> {
    permit(&visitor).await?;
    let change = SettingsChange { end_previous: true, ..SettingsChange::default() };
    licenses::change_settings(&visitor.services, &visitor.caller(), change).await?;
    Ok(told(&visitor, "store_code_ended"))
}

/// Takes a form of whoever may; the service refuses the others, and writes that down.
async fn permit(visitor: &Visitor) -> Result<(), WebError> {
    let role = visitor.form_session()?.user.role;
    if !role.may_set_up_licenses() {
        let nothing = SettingsChange::default();
        licenses::change_settings(&visitor.services, &visitor.caller(), nothing).await?;
    }
    Ok(())
}

async fn apply(
    visitor: &Visitor,
    change: SettingsChange,
) -> Result<Result<&'static str, Wrong>, WebError> {
    let (services, caller) = (&visitor.services, visitor.caller());
    let before = licenses::settings(services, &caller).await?;
    match licenses::change_settings(services, &caller, change).await {
        Ok(after) if after == before => Ok(Ok("unchanged")),
        Ok(_) => Ok(Ok("changed")),
        Err(error) => refused::wrong(error).map(Err),
    }
}

/// What whoever sets the store up is warned of.
///
/// # Errors
/// If the database gives no answer.
pub async fn warning(visitor: &Visitor) -> Result<Option<&'static str>, WebError> {
    let settings = licenses::settings(&visitor.services, &visitor.caller()).await?;
    let says = "Tokens for license keys never end (“Token expiration” in the settings of licenses is \
                negative). Whoever finds one can ask about its license until that is revoked.";
    Ok((settings.token_life == TokenLife::Never).then_some(says))
}

fn told(visitor: &Visitor, done: &str) -> HttpResponse {
    go(visitor, &format!("/admin/licenses/settings?done={done}"))
}

async fn show(visitor: &Visitor, sent: Sent) -> Result<HttpResponse, WebError> {
    let frame = Frame::of(visitor, Section::Licenses)?;
    let settings = licenses::settings(&visitor.services, &visitor.caller()).await?;
    let now = visitor.services.now();
    let previous = settings.previous.as_ref().filter(|(_, until)| *until > now);
    let (form, was) =
        sent.form.unwrap_or_else(|| (SettingsForm::of(&settings), SettingsForm::of(&settings)));
    let page = Page {
        tabs: super::tabs(visitor, Tab::Settings),
        previous_until: previous.map(|(_, until)| Moment::of(*until, now)),
        token_life: life::in_words(settings.token_life),
        never_ends: settings.token_life == TokenLife::Never,
        keys_readable: visitor.services.licenses.keys_readable,
        form,
        was,
        code: sent.code.unwrap_or_else(CodeForm::empty),
        rest: visitor.site.url(REST),
        ajax: visitor.site.url(AJAX),
        may_set_up: frame.user.role.may_set_up_licenses(),
        settings: &settings,
        wrong: sent.wrong,
        frame,
    };
    respond::page(status(&page.wrong), &page, Forms::Stay)
}
