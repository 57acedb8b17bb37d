//! The authorization code flow for people (RFC 6749 §4.1): a registered app asks, somebody logs in, reads,
//! and decides. The same page as the one of WooCommerce's flow, in the same words.
//!
//! Who asks and where an answer may go is known before anything else is looked at; until then nothing is
//! sent anywhere. Nor is anybody who has not logged in, whatever is wrong: else this server's address would
//! lead people wherever an app's maker likes (RFC 9700 §4.11.2). Every redirect to the app names this server
//! (`iss`, RFC 9207).

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;
use url::form_urlencoded;

use super::session::{LoginForm, attempt};
use crate::{
    domain::{
        key_view::KeyView,
        lifetime::Lifetime,
        redirect_uri::{RedirectUri, with_parameters},
    },
    service::{
        oauth2::{self, Approved, Asked, CodeRequest, Unaskable},
        session::Session,
    },
    web::{
        cookies,
        errors::{SwitchAccount, Told, WebError},
        form,
        oauth2::issuer,
        respond::{self, Forms},
        site::Site,
        visitor::Visitor,
    },
};

/// How many of an app's connections are shown.
const SHOWN: usize = 5;

/// The longest query that is looked at, in bytes.
const LONGEST_QUERY: usize = 8 * 1024;

#[derive(Template)]
#[template(path = "oauth2_consent.html")]
struct Page<'a> {
    site: &'a Site,
    request: &'a CodeRequest,
    back: Back,
    existing: Vec<KeyView>,
    lifetimes: &'a [(&'a str, &'a str)],
    token: String,
    decide_to: String,
    form_token: String,
    user: &'a str,
    switch_to: String,
}

/// Where the browser goes afterwards, for people.
struct Back {
    /// Host, scheme of an app's own, or that it is this device.
    name: String,
    /// Whether that is no site.
    is_on_device: bool,
}

#[derive(Template)]
#[template(path = "flow_login.html")]
struct LoginPage<'a> {
    site: &'a Site,
    app: String,
    cancel_url: String,
    form: &'a LoginForm,
}

#[derive(Template)]
#[template(path = "oauth2_connected.html")]
struct ConnectedPage<'a> {
    site: &'a Site,
    app: &'a str,
}

/// A request that cannot be put before anybody, of an app that is told so.
struct Broken {
    /// The app's name.
    app: String,
    /// The app's address, with what is wrong.
    tells: String,
    /// The same, if somebody will not log in.
    denies: String,
}

/// Puts an app's request before somebody.
pub async fn authorize(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let request = match asked(&visitor).await? {
        Ok(request) => request,
        Err(broken) => return Ok(tell(&visitor, broken)),
    };
    if visitor.session.is_none() {
        return Ok(respond::found(url(&visitor, "login", &request)));
    }
    let session = permitted(&visitor, &request)?;
    let (services, caller) = (&visitor.services, visitor.caller());
    let some = (None, SHOWN);
    let existing = oauth2::connections_of(services, &caller, request.app.key_id, some).await;
    let scheme = own_scheme(&request.redirect_uri);
    let page = Page {
        site: &visitor.site,
        back: back(&request),
        existing: existing.map_err(|error| WebError::Internal(error.to_string()))?.0,
        lifetimes: &Lifetime::CHOICES,
        token: oauth2::question(&visitor.services, session, &request),
        decide_to: visitor.site.path(&format!("/oauth2/decide?{}", request.query())),
        form_token: visitor.form_token(),
        user: &session.user.name,
        switch_to: format!("/oauth2/login?{}", request.query()),
        request: &request,
    };
    respond::page(StatusCode::OK, &page, Forms::MayReturnTo(scheme.as_deref()))
}

/// Logs somebody in, and goes on with the request.
pub async fn login(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let (app, cancel_url, next) = match asked(&visitor).await? {
        Ok(request) => {
            let denies = told(&visitor, &request, &[DENIED]);
            (request.app.name.clone(), denies, url(&visitor, "authorize", &request))
        }
        Err(broken) => (broken.app, broken.denies, unread(&visitor, "authorize")),
    };
    if visitor.session.is_some() {
        return Ok(respond::found(next));
    }
    let mut form = LoginForm::empty(form::issue(&visitor));
    if visitor.posts() && visitor.parameters.value("username").is_some() {
        match attempt(&visitor).await? {
            Ok(session) => {
                let mut response = respond::found(next);
                let _ = response.add_cookie(&cookies::session(&visitor.site, &session));
                return Ok(response);
            }
            Err(refused) => form.refuse(refused, &visitor),
        }
    }
    let page = LoginPage { site: &visitor.site, app, cancel_url, form: &form };
    let mut response = respond::page(form.status(), &page, Forms::Stay)?;
    form.finish(&mut response);
    Ok(response)
}

/// Takes what somebody pressed.
pub async fn decide(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let request = match asked(&visitor).await? {
        Ok(request) => request,
        Err(broken) => return Ok(tell(&visitor, broken)),
    };
    let session = permitted(&visitor, &request)?;
    let token = visitor.parameters.text("consent").filter(|_| !visitor.is_foreign());
    let token = token.ok_or(WebError::FormExpired)?;
    let (services, caller) = (&visitor.services, visitor.caller());
    match visitor.parameters.text("decision") {
        Some("deny") => {
            let denied = oauth2::deny(services, &caller, (session, token), &request).await?;
            if denied {
                Ok(back_to_app(&visitor, &request, &[DENIED]))
            } else {
                connected(&visitor, &request)
            }
        }
        Some("approve") => {
            let lifetime = Lifetime::parse(visitor.parameters.text("lifetime"));
            let lifetime =
                lifetime.ok_or_else(|| WebError::Denied("Invalid parameter lifetime".into()))?;
            let asked = (session, token);
            match oauth2::approve(services, &caller, asked, &request, lifetime).await? {
                Approved::Code(code) => {
                    Ok(back_to_app(&visitor, &request, &[("code", code.expose())]))
                }
                Approved::Connected => connected(&visitor, &request),
                Approved::Denied => Ok(back_to_app(&visitor, &request, &[DENIED])),
            }
        }
        _ => Err(WebError::FormExpired),
    }
}

/// What the app is told when somebody denies.
const DENIED: (&str, &str) = ("error", "access_denied");

/// The request, or what the app is told of one that cannot be put before anybody.
async fn asked(visitor: &Visitor) -> Result<Result<CodeRequest, Broken>, WebError> {
    let parameters = Parameters::of(visitor.request.query_string())?;
    let asks = oauth2::ask(&visitor.services, parameters.asked(), visitor.address()).await;
    match asks {
        Ok(request) => Ok(Ok(request)),
        Err(Unaskable::Service(error)) => Err(error.into()),
        Err(Unaskable::Here(message)) => Err(unaskable(message)),
        Err(Unaskable::There { app, redirect_uri, error, description, state }) => {
            let says =
                |what: &[(&str, &str)]| answer(visitor, (&redirect_uri, state.as_deref()), what);
            let tells = says(&[("error", error), ("error_description", &description)]);
            let denies = says(&[DENIED]);
            Ok(Err(Broken { app, tells, denies }))
        }
    }
}

/// Tells the app what is wrong; somebody who has not logged in does so first.
fn tell(visitor: &Visitor, broken: Broken) -> HttpResponse {
    match visitor.session {
        Some(_) => respond::see_other(broken.tells),
        None => respond::found(unread(visitor, "login")),
    }
}

fn unaskable(message: String) -> WebError {
    WebError::Told(Told {
        status: StatusCode::BAD_REQUEST,
        title: "The app’s request cannot be answered",
        message: format!("{message} Nothing was shared. Tell whoever made the app."),
    })
}

/// The parameters of the address, each once (RFC 6749 §3.1); empty ones as if they were not there.
struct Parameters([Option<String>; NAMES.len()]);

const NAMES: [&str; 7] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
];

impl Parameters {
    fn of(query: &str) -> Result<Self, WebError> {
        if query.len() > LONGEST_QUERY {
            return Err(unaskable("It is too long.".to_owned()));
        }
        let mut found = Self([const { None }; NAMES.len()]);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let Some(at) = NAMES.iter().position(|known| *known == name) else { continue };
            if value.is_empty() {
                continue;
            }
            if value.contains(['\0', '\u{fffd}']) {
                return Err(unaskable(format!("Its {} is no readable text.", NAMES[at])));
            }
            if found.0[at].replace(value.into_owned()).is_some() {
                return Err(unaskable(format!("It says {} twice.", NAMES[at])));
            }
        }
        Ok(found)
    }

    fn asked(&self) -> Asked<'_> {
        let [response_type, client_id, redirect_uri, scope, state, challenge, method] =
            self.0.each_ref().map(Option::as_deref);
        Asked { response_type, client_id, redirect_uri, scope, state, challenge, method }
    }
}

/// The address of a step of the flow, with the parameters as they came.
fn unread(visitor: &Visitor, name: &str) -> String {
    visitor.site.url(&format!("/oauth2/{name}?{}", visitor.request.query_string()))
}

fn url(visitor: &Visitor, name: &str, request: &CodeRequest) -> String {
    visitor.site.url(&format!("/oauth2/{name}?{}", request.query()))
}

/// The session, if its user may connect apps.
fn permitted<'a>(visitor: &'a Visitor, request: &CodeRequest) -> Result<&'a Session, WebError> {
    let Some(session) = &visitor.session else { return Err(WebError::LoginNeeded) };
    if session.user.role.may_approve() {
        return Ok(session);
    }
    Err(WebError::NoPermission(Some(SwitchAccount {
        form_token: visitor.form_token(),
        next: format!("/oauth2/login?{}", request.query()),
        user: session.user.name.clone(),
    })))
}

/// The address of the app that says this, with what every answer has.
fn told(visitor: &Visitor, request: &CodeRequest, what: &[(&str, &str)]) -> String {
    answer(visitor, (&request.redirect_uri, request.state.as_deref()), what)
}

fn answer(
    visitor: &Visitor,
    (redirect_uri, state): (&str, Option<&str>),
    what: &[(&str, &str)],
) -> String {
    let mut parameters = what.to_vec();
    parameters.extend(state.map(|state| ("state", state)));
    parameters.push(("iss", issuer(&visitor.site)));
    with_parameters(redirect_uri, &parameters)
}

fn back_to_app(visitor: &Visitor, request: &CodeRequest, what: &[(&str, &str)]) -> HttpResponse {
    respond::see_other(told(visitor, request, what))
}

fn connected(visitor: &Visitor, request: &CodeRequest) -> Result<HttpResponse, WebError> {
    let page = ConnectedPage { site: &visitor.site, app: &request.app.name };
    respond::page(StatusCode::OK, &page, Forms::Stay)
}

fn back(request: &CodeRequest) -> Back {
    let registered = request.app.redirect_uris.iter().find(|own| own.is(&request.redirect_uri));
    Back {
        name: registered.map(RedirectUri::destination).unwrap_or_default(),
        is_on_device: registered.is_some_and(RedirectUri::is_on_device),
    }
}

/// The scheme of an app's own, for the page's policy.
fn own_scheme(redirect_uri: &str) -> Option<String> {
    let (scheme, _) = redirect_uri.split_once(':')?;
    (!matches!(scheme, "https" | "http")).then(|| scheme.to_owned())
}
