//! Logging in and out.

use actix_web::{
    HttpResponse,
    cookie::Cookie,
    http::{
        StatusCode,
        header::{HeaderValue, RETRY_AFTER},
    },
};
use askama::Template;
use zeroize::Zeroizing;

use crate::{
    domain::session::SessionId,
    service::{
        login::{self, Attempt, LoginOutcome},
        session,
    },
    web::{
        cookies,
        errors::WebError,
        form::{self, AnonymousToken},
        respond::{self, Forms},
        site::Site,
        visitor::Visitor,
    },
};

/// Why a login was not let in.
pub enum Refused {
    /// No user name was given.
    NoName,
    /// No password was given.
    NoPassword,
    /// The form is not from our own page.
    NotOurForm,
    /// User or password is wrong.
    Wrong,
    /// Too many failures; seconds to wait.
    Wait(u64),
}

/// The fields of a login page.
pub struct LoginForm {
    /// The hidden field.
    pub token: String,
    /// What was typed as user name.
    pub username: String,
    /// What is wrong, if something is.
    pub error: Option<String>,
    cookie: Cookie<'static>,
    status: StatusCode,
    wait: Option<u64>,
}

impl LoginForm {
    /// A form nobody filled in yet.
    pub fn empty(token: AnonymousToken) -> Self {
        let AnonymousToken { field, cookie } = token;
        let (username, error) = (String::new(), None);
        Self { token: field, username, error, cookie, status: StatusCode::OK, wait: None }
    }

    /// Says what was wrong and keeps the name.
    pub fn refuse(&mut self, refused: Refused, visitor: &Visitor) {
        visitor.parameters.text("username").unwrap_or_default().clone_into(&mut self.username);
        self.error = Some(match refused {
            Refused::NoName => "Username is required.".to_owned(),
            Refused::NoPassword => "Password is required.".to_owned(),
            Refused::NotOurForm => {
                "This form had expired, or your browser keeps no cookies. Please try again."
                    .to_owned()
            }
            Refused::Wrong => "The username or password is incorrect.".to_owned(),
            Refused::Wait(seconds) => {
                self.status = StatusCode::TOO_MANY_REQUESTS;
                self.wait = Some(seconds);
                let unit = if seconds == 1 { "second" } else { "seconds" };
                format!("Too many failed attempts. Please wait {seconds} {unit} and try again.")
            }
        });
    }

    /// The status the page goes out with.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Adds what belongs to the answer besides the page.
    pub fn finish(&self, response: &mut HttpResponse) {
        let _ = response.add_cookie(&self.cookie);
        if let Some(seconds) = self.wait {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
    }
}

#[derive(Template)]
#[template(path = "login.html")]
struct Page<'a> {
    site: &'a Site,
    form: &'a LoginForm,
}

/// The login page outside the flow.
pub async fn login(visitor: Visitor) -> Result<HttpResponse, WebError> {
    if visitor.session.is_some() {
        return Ok(respond::see_other(visitor.site.url("/admin")));
    }
    let mut form = LoginForm::empty(form::issue(&visitor));
    if visitor.posts() {
        match attempt(&visitor).await? {
            Ok(session) => {
                let mut response = respond::see_other(visitor.site.url("/admin"));
                let _ = response.add_cookie(&cookies::session(&visitor.site, &session));
                return Ok(response);
            }
            Err(refused) => form.refuse(refused, &visitor),
        }
    }
    let page = Page { site: &visitor.site, form: &form };
    let mut response = respond::page(form.status(), &page, Forms::Stay)?;
    form.finish(&mut response);
    Ok(response)
}

/// Takes a login form.
pub async fn attempt(visitor: &Visitor) -> Result<Result<SessionId, Refused>, WebError> {
    if !form::is_ours(visitor) {
        return Ok(Err(Refused::NotOurForm));
    }
    let field = |name| visitor.parameters.text(name).unwrap_or_default();
    if field("username").trim().is_empty() {
        return Ok(Err(Refused::NoName));
    }
    if field("password").is_empty() {
        return Ok(Err(Refused::NoPassword));
    }
    let attempt = Attempt {
        name: field("username").to_owned(),
        password: Zeroizing::new(field("password").to_owned()),
        address: visitor.address(),
        client: visitor.user_agent(),
        replaces: cookies::read(&visitor.site, &visitor.request, cookies::Name::Session)
            .and_then(|value| SessionId::parse(&value)),
    };
    Ok(match login::login(&visitor.services, &visitor.caller(), attempt).await? {
        LoginOutcome::In(session, user) => {
            tracing::info!(user = user.login, address = %visitor.address(), "logged in");
            Ok(session)
        }
        LoginOutcome::Wrong => {
            tracing::warn!(address = %visitor.address(), "login failed");
            Err(Refused::Wrong)
        }
        LoginOutcome::Wait(time) => {
            Err(Refused::Wait(time.as_secs() + u64::from(time.subsec_nanos() > 0)))
        }
    })
}

/// Ends the session; goes to the login page, or to the flow's with the request it came from.
pub async fn logout(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let id = visitor.form_session()?.id.clone();
    session::end(&visitor.services, &visitor.caller(), &id).await?;
    let ours = ["/wc-auth/v1/login?", "/oauth2/login?"];
    let next = visitor.parameters.text("next");
    let next = next.filter(|next| ours.iter().any(|login| next.starts_with(login)));
    let location =
        visitor.site.url(next.filter(|next| !next.contains(['\r', '\n'])).unwrap_or("/login"));
    let mut response = respond::see_other(location);
    let _ = response.add_cookie(&cookies::no_session(&visitor.site));
    Ok(response)
}
