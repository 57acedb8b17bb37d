//! What stands around every screen: the navigation, who is logged in, what was just done.

use crate::{
    domain::user::User,
    web::{errors::WebError, respond, site::Site, visitor::Visitor},
};
use actix_web::HttpResponse;

use super::flash::Flash;

/// Where in the navigation a screen stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// What needs attention.
    Overview,
    /// Keys.
    Keys,
    /// Apps.
    Apps,
    /// Licenses.
    Licenses,
    /// Users.
    Users,
    /// Who did what.
    Audit,
    /// One's own account.
    Account,
}

/// A link of the navigation.
pub struct NavLink {
    /// Its words.
    pub text: &'static str,
    /// Where it leads.
    pub href: String,
    /// Whether the screen is in that section.
    pub is_current: bool,
}

/// What stands around a screen.
pub struct Frame<'a> {
    /// The store.
    pub site: &'a Site,
    /// Who is logged in.
    pub user: &'a User,
    /// Where one can go.
    pub nav: Vec<NavLink>,
    /// The hidden field of every form.
    pub form_token: String,
    /// What was just done.
    pub flash: Option<Flash>,
}

impl<'a> Frame<'a> {
    /// The frame of a screen in that section.
    ///
    /// # Errors
    /// If nobody is logged in.
    pub fn of(visitor: &'a Visitor, section: Section) -> Result<Self, WebError> {
        let user = user(visitor)?;
        let shown = SECTIONS.into_iter().filter(|(section, ..)| match section {
            Section::Users => user.role.may_manage_users(),
            Section::Audit => user.role.may_read_audit(),
            _ => true,
        });
        let link = |(of, path, text)| NavLink {
            text,
            href: visitor.site.path(path),
            is_current: of == section,
        };
        Ok(Self {
            site: &visitor.site,
            user,
            nav: shown.map(link).collect(),
            form_token: visitor.form_token(),
            flash: Flash::of(visitor),
        })
    }

    /// The address of a path of ours.
    pub fn path(&self, path: &str) -> String {
        self.site.path(path)
    }
}

const SECTIONS: [(Section, &str, &str); 7] = [
    (Section::Overview, "/admin", "Overview"),
    (Section::Keys, "/admin/keys", "Keys"),
    (Section::Apps, "/admin/apps", "Apps"),
    (Section::Licenses, "/admin/licenses", "Licenses"),
    (Section::Users, "/admin/users", "Users"),
    (Section::Audit, "/admin/audit", "Audit"),
    (Section::Account, "/admin/account", "Account"),
];

/// Who is logged in.
///
/// # Errors
/// If nobody is.
pub fn user(visitor: &Visitor) -> Result<&User, WebError> {
    visitor.session.as_ref().map(|session| &session.user).ok_or(WebError::LoginNeeded)
}

/// The number in a path.
///
/// # Errors
/// If it is none.
pub fn number(visitor: &Visitor) -> Result<i64, WebError> {
    let text = visitor.request.match_info().get("id").unwrap_or_default();
    text.parse().map_err(|_| WebError::NotFound)
}

/// A field's text, empty if it was not sent.
pub fn field<'a>(visitor: &'a Visitor, name: &str) -> &'a str {
    visitor.parameters.text(name).unwrap_or_default()
}

/// To a path of ours, after a form was done.
pub fn go(visitor: &Visitor, path: &str) -> HttpResponse {
    respond::see_other(visitor.site.url(path))
}
