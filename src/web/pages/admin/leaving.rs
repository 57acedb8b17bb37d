//! A user leaves: disabling and deleting, which ask what becomes of the keys before anything happens.

use actix_web::HttpResponse;
use askama::Template;

use super::{
    choice::Choice,
    frame::{Frame, Section, field, go, number},
    key_edit::heirs,
    stopping_apps::StoppingApps,
    user::{Keys, keys_of},
    user_list::{self, is_admin},
    wrong::Wrong,
    wrong::status,
};
use crate::{
    domain::user::User,
    service::users::{self, KeysFate, UserError},
    web::{
        errors::WebError,
        respond::{self, Forms},
        visitor::Visitor,
    },
};

#[derive(Template)]
#[template(path = "admin/leaving.html")]
struct Page<'a> {
    frame: Frame<'a>,
    user: User,
    keys: Keys,
    apps: Option<StoppingApps>,
    heirs: Vec<Choice>,
    deletes: bool,
    fate: &'a str,
    wrong: Wrong,
}

/// Shuts a user out.
pub async fn disable(visitor: Visitor) -> Result<HttpResponse, WebError> {
    leave(visitor, false).await
}

/// Deletes a user.
pub async fn delete(visitor: Visitor) -> Result<HttpResponse, WebError> {
    leave(visitor, true).await
}

async fn leave(visitor: Visitor, deletes: bool) -> Result<HttpResponse, WebError> {
    let id = number(&visitor)?;
    if !visitor.posts() {
        return show(&visitor, id, deletes, Wrong::default()).await;
    }
    visitor.form_session()?;
    let keys = keys_of(&visitor, id).await?;
    let fate = match fate(&visitor, &keys, deletes) {
        Ok(fate) => fate,
        Err(wrong) => return show(&visitor, id, deletes, wrong).await,
    };
    let (services, caller) = (&visitor.services, visitor.caller());
    let done = if deletes {
        users::delete(services, &caller, id, fate).await
    } else {
        users::disable(services, &caller, id, fate).await
    };
    match done {
        Ok(()) if deletes => Ok(go(&visitor, "/admin/users?done=user_deleted")),
        Ok(()) => Ok(go(&visitor, &format!("/admin/users/{id}?done=user_disabled"))),
        Err(error @ (UserError::NoHeir | UserError::KeysLeft)) => {
            show(&visitor, id, deletes, user_list::wrong(error)?).await
        }
        Err(error) => Err(error.into()),
    }
}

/// What was chosen; whoever owns nothing needs no choice.
fn fate(visitor: &Visitor, keys: &Keys, deletes: bool) -> Result<KeysFate, Wrong> {
    match field(visitor, "fate") {
        "revoke" => Ok(KeysFate::Revoke),
        "pause" if !deletes => Ok(KeysFate::Pause),
        "reassign" => match field(visitor, "heir").parse() {
            Ok(heir) => Ok(KeysFate::Reassign(heir)),
            Err(_) => Err(Wrong::at_field("fate", "choose who gets the keys")),
        },
        "" if keys.count == 0 && deletes => Ok(KeysFate::Revoke),
        "" if keys.count == 0 => Ok(KeysFate::Pause),
        _ => Err(Wrong::at_field("fate", "say what becomes of the keys")),
    }
}

async fn show(
    visitor: &Visitor,
    id: i64,
    deletes: bool,
    wrong: Wrong,
) -> Result<HttpResponse, WebError> {
    // Whatever was sent: what is wrong with a form is shown beside names and counts.
    is_admin(visitor)?;
    let page = Page {
        user: users::find(&visitor.services, id).await?,
        keys: keys_of(visitor, id).await?,
        apps: StoppingApps::of_owner(visitor, id).await?,
        heirs: chosen(heirs(visitor, id).await?, field(visitor, "heir")),
        deletes,
        fate: field(visitor, "fate"),
        wrong,
        frame: Frame::of(visitor, Section::Users)?,
    };
    respond::page(status(&page.wrong), &page, Forms::Stay)
}

fn chosen(mut all: Vec<Choice>, value: &str) -> Vec<Choice> {
    for choice in &mut all {
        choice.is_chosen = choice.value == value;
    }
    all
}
