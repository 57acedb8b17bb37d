//! One user: name, address, role, password, and letting a disabled one in again. For admins.

use actix_web::HttpResponse;
use askama::Template;
use zeroize::Zeroizing;

use super::{
    frame::{Frame, Section, field, go, number},
    user_list::{self, ROLES, is_admin},
    wrong::Wrong,
    wrong::status,
};
use crate::{
    domain::user::{Role, User},
    service::users::{self, UserChange, UserError},
    web::{
        errors::WebError,
        respond::{self, Forms},
        visitor::Visitor,
    },
};

#[derive(Template)]
#[template(path = "admin/user.html")]
struct Page<'a> {
    frame: Frame<'a>,
    user: User,
    name: String,
    email: String,
    role: String,
    /// What the form was shown with, so that what was not touched is not changed.
    role_was: String,
    roles: &'a [(&'a str, &'a str)],
    is_self: bool,
    keys: Keys,
    wrong: Wrong,
}

/// How many live keys somebody owns, in words.
pub struct Keys {
    /// How many, at most [`MOST_COUNTED`].
    pub count: usize,
    /// In words.
    pub text: String,
}

/// Up to how many keys are counted.
const MOST_COUNTED: i64 = 100;

/// The live keys of that user.
///
/// # Errors
/// If the database gives no answer.
pub async fn keys_of(visitor: &Visitor, id: i64) -> Result<Keys, WebError> {
    let count = users::live_keys(&visitor.services, id, MOST_COUNTED).await?;
    let is_more = i64::try_from(count).is_ok_and(|count| count >= MOST_COUNTED);
    let text = match count {
        0 => "no keys".to_owned(),
        1 => "1 key".to_owned(),
        _ if is_more => format!("{count} keys or more"),
        _ => format!("{count} keys"),
    };
    Ok(Keys { count, text })
}

/// Shows the user, or takes a change.
pub async fn user(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let id = number(&visitor)?;
    if !visitor.posts() {
        is_admin(&visitor)?;
        return show(&visitor, id, Wrong::default()).await;
    }
    visitor.form_session()?;
    match change(&visitor, id).await {
        Ok(()) => Ok(go(&visitor, &format!("/admin/users/{id}?done=user_changed"))),
        Err(UserError::Taken) => {
            let wrong = Wrong::at_field("email", "that e-mail address belongs to somebody else");
            show(&visitor, id, wrong).await
        }
        Err(error) => show(&visitor, id, user_list::wrong(error)?).await,
    }
}

async fn show(visitor: &Visitor, id: i64, wrong: Wrong) -> Result<HttpResponse, WebError> {
    let user = users::find(&visitor.services, id).await?;
    let frame = Frame::of(visitor, Section::Users)?;
    // Typed texts stay where something is wrong.
    let kept = |name: &str, stored: &str| match visitor.parameters.text(name) {
        Some(typed) if visitor.posts() => typed.to_owned(),
        _ => stored.to_owned(),
    };
    let page = Page {
        name: kept("name", &user.name),
        email: kept("email", user.email.as_deref().unwrap_or_default()),
        role: kept("role", user.role.as_str()),
        role_was: kept("role_was", user.role.as_str()),
        roles: &ROLES,
        is_self: frame.user.id == id,
        keys: keys_of(visitor, id).await?,
        user,
        wrong,
        frame,
    };
    respond::page(status(&page.wrong), &page, Forms::Stay)
}

async fn change(visitor: &Visitor, id: i64) -> Result<(), UserError> {
    let email = field(visitor, "email").trim();
    let role = field(visitor, "role");
    // A form that was open while somebody was demoted must not raise him again.
    let is_untouched = role == field(visitor, "role_was");
    let change = UserChange {
        name: Some(field(visitor, "name").to_owned()).filter(|name| !name.trim().is_empty()),
        email: Some(Some(email.to_owned()).filter(|email| !email.is_empty())),
        role: Role::parse(role).filter(|_| !is_untouched),
    };
    users::change(&visitor.services, &visitor.caller(), id, change).await
}

/// Sets somebody's password.
pub async fn password(visitor: Visitor) -> Result<HttpResponse, WebError> {
    visitor.form_session()?;
    let id = number(&visitor)?;
    let password = Zeroizing::new(field(&visitor, "password").to_owned());
    match users::set_password(&visitor.services, &visitor.caller(), id, password).await {
        Ok(()) => Ok(go(&visitor, &format!("/admin/users/{id}?done=password_set"))),
        Err(error) => show(&visitor, id, user_list::wrong(error)?).await,
    }
}

/// Lets a disabled user in again.
pub async fn enable(visitor: Visitor) -> Result<HttpResponse, WebError> {
    visitor.form_session()?;
    let id = number(&visitor)?;
    users::enable(&visitor.services, &visitor.caller(), id).await?;
    Ok(go(&visitor, &format!("/admin/users/{id}?done=user_enabled")))
}
