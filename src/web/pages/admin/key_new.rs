//! Making a key by hand. Key and secret stand on the answer to the form and nowhere else: not in an
//! address, not in a log, and not on a reload, which makes no second key.

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;

use super::{
    choice::Choice,
    frame::{Frame, Section, field, user},
    key_edit::heirs,
    key_form::{self, KeyForm, SCOPES, Scope},
    once, qr,
    refusal::not_allowed,
    wrong::Wrong,
    wrong::status,
};
use crate::{
    domain::{
        credential::Credential,
        permissions::Permissions,
        timestamp::Timestamp,
        user::{Role, User},
    },
    service::keys::{self, MadeKey, NewKeyRequest},
    web::{
        errors::WebError,
        respond::{self, Forms},
        visitor::Visitor,
    },
};

#[derive(Template)]
#[template(path = "admin/key_new.html")]
struct Page<'a> {
    frame: Frame<'a>,
    form: KeyForm,
    scopes: &'a [Scope],
    /// Whom the key may act for; empty where there is no choice.
    owners: Vec<Choice>,
    ticket: String,
    wrong: Wrong,
}

#[derive(Template)]
#[template(path = "admin/key_made.html")]
struct MadePage<'a> {
    frame: Frame<'a>,
    href: String,
    description: &'a str,
    permissions: &'a str,
    credential: &'a Credential,
    qr: String,
}

/// Shows the form, or makes the key.
pub async fn new(visitor: Visitor) -> Result<HttpResponse, WebError> {
    if visitor.posts() {
        visitor.form_session()?;
        return match request(&visitor) {
            Ok(request) => make(&visitor, request).await,
            Err(wrong) => show(&visitor, KeyForm::sent(&visitor), wrong).await,
        };
    }
    if !user(&visitor)?.role.may_create_keys() {
        return Err(not_allowed("only admins and managers make keys"));
    }
    show(&visitor, KeyForm::empty(), Wrong::default()).await
}

async fn show(visitor: &Visitor, form: KeyForm, wrong: Wrong) -> Result<HttpResponse, WebError> {
    let frame = Frame::of(visitor, Section::Keys)?;
    let page = Page {
        form,
        scopes: &SCOPES,
        owners: owners(visitor, frame.user).await?,
        ticket: once::ticket(visitor)?,
        wrong,
        frame,
    };
    respond::page(status(&page.wrong), &page, Forms::Stay)
}

/// Whom a new key may act for, where there is a choice: admins choose; everybody else is the owner.
///
/// # Errors
/// If the database gives no answer.
pub async fn owners(visitor: &Visitor, user: &User) -> Result<Vec<Choice>, WebError> {
    if !Role::may_manage_users(user.role) {
        return Ok(Vec::new());
    }
    let mut all = heirs(visitor, 0).await?;
    let sent = field(visitor, "owner");
    let chosen = if sent.is_empty() { user.id.to_string() } else { sent.to_owned() };
    for choice in &mut all {
        choice.is_chosen = choice.value == chosen;
    }
    Ok(all)
}

fn request(visitor: &Visitor) -> Result<NewKeyRequest, Wrong> {
    let form = KeyForm::sent(visitor);
    let own = visitor.caller().actor.user_id().unwrap_or_default();
    let (permissions, expires_at): (Permissions, Option<Timestamp>) =
        (form.permissions()?, form.ends(visitor.services.now())?);
    let owner_id = match field(visitor, "owner") {
        "" => own,
        text => text.parse().map_err(|_| Wrong::at_field("owner", "choose a user"))?,
    };
    if form.description.trim().is_empty() {
        return Err(Wrong::at_field("description", "say what the key is for"));
    }
    Ok(NewKeyRequest { owner_id, description: form.description, permissions, expires_at })
}

async fn make(visitor: &Visitor, request: NewKeyRequest) -> Result<HttpResponse, WebError> {
    once::take(visitor, "revoke that key").await?;
    let told = request.clone();
    match keys::create(&visitor.services, &visitor.caller(), request).await {
        Ok(made) => shown_once(visitor, &told, &made),
        Err(error) => {
            let wrong = key_form::wrong(error)?;
            show(visitor, KeyForm::sent(visitor), wrong).await
        }
    }
}

fn shown_once(
    visitor: &Visitor,
    request: &NewKeyRequest,
    made: &MadeKey,
) -> Result<HttpResponse, WebError> {
    let frame = Frame::of(visitor, Section::Keys)?;
    let page = MadePage {
        href: frame.path(&format!("/admin/keys/{}", made.id)),
        description: request.description.trim(),
        permissions: request.permissions.title(),
        credential: &made.credential,
        qr: qr::of_pair(&made.credential)?,
        frame,
    };
    respond::page(StatusCode::OK, &page, Forms::Stay)
}
