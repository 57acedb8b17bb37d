//! The users, and making one. For admins.

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;
use zeroize::Zeroizing;

use super::{
    frame::{Frame, Section, field, go, user},
    refusal::not_allowed,
    wrong::Wrong,
    wrong::status,
};
use crate::{
    domain::user::{Role, User},
    service::users::{self, NewUserRequest, UserError},
    web::{
        errors::WebError,
        respond::{self, Forms},
        visitor::Visitor,
    },
};

#[derive(Template)]
#[template(path = "admin/user_list.html")]
struct Page<'a> {
    frame: Frame<'a>,
    users: Vec<User>,
}

#[derive(Template)]
#[template(path = "admin/user_new.html")]
struct NewPage<'a> {
    frame: Frame<'a>,
    login: &'a str,
    name: &'a str,
    email: &'a str,
    role: String,
    roles: &'a [(&'a str, &'a str)],
    wrong: Wrong,
}

/// The roles and what they mean, the least powerful first.
pub const ROLES: [(&str, &str); 3] = [
    (
        Role::Viewer.as_str(),
        "Viewer: sees keys, apps and licenses, with customers’ names and e-mail addresses; changes nothing",
    ),
    (
        Role::Manager.as_str(),
        "Manager: approves apps, looks after own keys; makes, revokes, imports and exports all licenses",
    ),
    (Role::Admin.as_str(), "Admin: everything, users included"),
];

/// All users.
pub async fn list(visitor: Visitor) -> Result<HttpResponse, WebError> {
    is_admin(&visitor)?;
    let frame = Frame::of(&visitor, Section::Users)?;
    let page = Page { users: users::list(&visitor.services).await?, frame };
    respond::page(StatusCode::OK, &page, Forms::Stay)
}

/// Whether users are shown to whoever asks.
///
/// # Errors
/// If not.
pub fn is_admin(visitor: &Visitor) -> Result<(), WebError> {
    if user(visitor)?.role.may_manage_users() {
        Ok(())
    } else {
        Err(not_allowed("only admins make and change users"))
    }
}

/// Shows the form, or makes the user.
pub async fn new(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let mut wrong = Wrong::default();
    if visitor.posts() {
        visitor.form_session()?;
        match make(&visitor).await {
            Ok(id) => return Ok(go(&visitor, &format!("/admin/users/{id}?done=user_made"))),
            Err(error) => wrong = self::wrong(error)?,
        }
    } else {
        is_admin(&visitor)?;
    }
    let role = field(&visitor, "role");
    let page = NewPage {
        login: field(&visitor, "login"),
        name: field(&visitor, "name"),
        email: field(&visitor, "email"),
        role: if role.is_empty() { Role::Viewer.as_str() } else { role }.to_owned(),
        roles: &ROLES,
        wrong,
        frame: Frame::of(&visitor, Section::Users)?,
    };
    respond::page(status(&page.wrong), &page, Forms::Stay)
}

async fn make(visitor: &Visitor) -> Result<i64, UserError> {
    let text = |name| field(visitor, name).to_owned();
    let role = Role::parse(field(visitor, "role")).unwrap_or(Role::Viewer);
    let request = NewUserRequest {
        login: text("login"),
        name: text("name"),
        email: text("email"),
        role,
        password: Zeroizing::new(text("password")),
    };
    users::add(&visitor.services, &visitor.caller(), request).await
}

/// What a service found wrong, at its field; what is no field's fault is a page of its own.
///
/// # Errors
/// If it is no field's fault.
pub fn wrong(error: UserError) -> Result<Wrong, WebError> {
    let field = match &error {
        UserError::Login | UserError::Taken => "login",
        UserError::Email => "email",
        UserError::Password(_) | UserError::Unmatched => "password",
        UserError::WrongPassword => "current",
        UserError::NoHeir | UserError::KeysLeft => "fate",
        UserError::LastAdmin => "role",
        _ => return Err(error.into()),
    };
    Ok(Wrong::at_field(field, &error.to_string()))
}
