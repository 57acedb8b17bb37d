//! `/admin/registered-apps/new`: registers an app. Its client id and secret stand on the answer to the form
//! only; an app that keeps no secret is shown none, and nobody ever has it.

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;

use super::{
    choice::Choice,
    frame::{Frame, Section, field, user},
    key_form::{KeyForm, SCOPES, Scope},
    key_new::owners,
    once,
    refusal::not_allowed,
    registered_app_form::{NameForm, wrong},
    registered_apps::path,
    wrong::Wrong,
    wrong::status,
};
use crate::{
    domain::credential::Credential,
    service::oauth2::{self, AppKind, AppRequest, MadeApp},
    web::{
        errors::WebError,
        respond::{self, Forms},
        visitor::Visitor,
    },
};

#[derive(Template)]
#[template(path = "admin/registered_app_new.html")]
struct Page<'a> {
    frame: Frame<'a>,
    form: NameForm,
    kind: &'a str,
    key: KeyForm,
    scopes: &'a [Scope],
    owners: Vec<Choice>,
    ticket: String,
    wrong: Wrong,
}

#[derive(Template)]
#[template(path = "admin/registered_app_made.html")]
struct MadePage<'a> {
    frame: Frame<'a>,
    href: String,
    name: &'a str,
    credential: &'a Credential,
    is_public: bool,
    metadata: String,
}

/// Shows the form, or registers the app.
pub async fn new(visitor: Visitor) -> Result<HttpResponse, WebError> {
    if visitor.posts() {
        visitor.form_session()?;
        return match request(&visitor) {
            Ok(request) => register(&visitor, request).await,
            Err(wrong) => show(&visitor, KeyForm::sent(&visitor), wrong).await,
        };
    }
    if !user(&visitor)?.role.may_create_keys() {
        return Err(not_allowed("only admins and managers register apps"));
    }
    show(&visitor, KeyForm::empty(), Wrong::default()).await
}

async fn show(visitor: &Visitor, key: KeyForm, wrong: Wrong) -> Result<HttpResponse, WebError> {
    let frame = Frame::of(visitor, Section::Apps)?;
    let page = Page {
        form: NameForm::sent(visitor),
        kind: field(visitor, "kind"),
        key,
        scopes: &SCOPES,
        owners: owners(visitor, frame.user).await?,
        ticket: once::ticket(visitor)?,
        wrong,
        frame,
    };
    respond::page(status(&page.wrong), &page, Forms::Stay)
}

fn request(visitor: &Visitor) -> Result<AppRequest, Wrong> {
    let (form, key, mut wrong) =
        (NameForm::sent(visitor), KeyForm::sent(visitor), Wrong::default());
    form.check(&mut wrong);
    let kind = wrong.read(kind(field(visitor, "kind")));
    let permissions = wrong.read(key.permissions());
    let expires_at = wrong.read(key.ends(visitor.services.now()));
    let owner_id = wrong.read(match field(visitor, "owner") {
        "" => Ok(visitor.caller().actor.user_id().unwrap_or_default()),
        text => text.parse().map_err(|_| Wrong::at_field("owner", "choose a user")),
    });
    match (kind, permissions, expires_at, owner_id) {
        (Some(kind), Some(permissions), Some(expires_at), Some(owner_id))
            if wrong.anywhere().is_none() =>
        {
            let NameForm { name, redirect_uris } = form;
            Ok(AppRequest { name, kind, redirect_uris, permissions, owner_id, expires_at })
        }
        _ => Err(wrong),
    }
}

fn kind(word: &str) -> Result<AppKind, Wrong> {
    match word {
        "server" => Ok(AppKind::Confidential),
        "device" => Ok(AppKind::Public),
        _ => Err(Wrong::at_field("kind", "choose where the app runs")),
    }
}

async fn register(visitor: &Visitor, request: AppRequest) -> Result<HttpResponse, WebError> {
    once::take(visitor, "end that app").await?;
    let (name, is_public) = (request.name.clone(), request.kind == AppKind::Public);
    match oauth2::register(&visitor.services, &visitor.caller(), request).await {
        Ok(MadeApp { key_id, credential }) => {
            let frame = Frame::of(visitor, Section::Apps)?;
            let page = MadePage {
                href: frame.path(&path(key_id)),
                name: name.trim(),
                credential: &credential,
                is_public,
                metadata: visitor.site.url("/.well-known/oauth-authorization-server"),
                frame,
            };
            respond::page(StatusCode::OK, &page, Forms::Stay)
        }
        Err(error) => show(visitor, KeyForm::sent(visitor), wrong(error)?).await,
    }
}
