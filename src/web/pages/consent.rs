//! The consent page and its two buttons (contract §4.6 to §4.8).

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;

use super::connection;
use crate::{
    domain::{
        authorize_request::AuthorizeRequest, consent::Decision, delivery::DeliveryState,
        key_view::KeyView, lifetime::Lifetime,
    },
    service::{
        approve::{self, Decided, Press},
        callback_check::{self, Verdict},
        connect::{self, ExistingKey},
        delivery_watch,
        session::Session,
    },
    web::{
        destinations::Destinations,
        errors::WebError,
        respond::{self, Forms},
        site::Site,
        visitor::Visitor,
    },
};

/// The parameter of the link that asks again for what was just approved: the grant that was made.
const AGAIN: &str = "appgrant_again";

#[derive(Template)]
#[template(path = "consent.html")]
struct Page<'a> {
    site: &'a Site,
    app: String,
    request: &'a AuthorizeRequest,
    destinations: Destinations,
    early_word: Verdict,
    events_word: Option<(String, Verdict)>,
    replaced: Vec<KeyView>,
    kept: Vec<KeyView>,
    existing: Vec<ExistingKey>,
    lifetimes: &'a [(&'a str, &'a str)],
    token: String,
    approve_to: String,
    deny_to: String,
    form_token: String,
    user: &'a str,
    switch_to: String,
}

#[derive(Template)]
#[template(path = "already_connected.html")]
struct AlreadyPage<'a> {
    site: &'a Site,
    app: String,
    continue_url: String,
    again_url: String,
}

/// Puts the request before the manager; if this very request was approved a moment ago, shows that.
pub async fn show(visitor: Visitor, request: AuthorizeRequest) -> Result<HttpResponse, WebError> {
    let session = session(&visitor)?;
    let made = connect::just_approved(&visitor.services, session, &request).await?;
    let again = visitor.parameters.text(AGAIN).filter(|again| made.as_deref() == Some(again));
    if let Some(grant_id) = made.as_deref().filter(|_| again.is_none()) {
        return earlier(&visitor, session, &request, grant_id).await;
    }
    let question = connect::ask(&visitor.services, &visitor.caller(), session, &request).await?;
    let page = Page {
        site: &visitor.site,
        app: request.shown_name(),
        destinations: Destinations::of(&request),
        early_word: callback_check::check(&visitor.services, &request.callback_url).await,
        events_word: events_word(&visitor, &request).await,
        replaced: question.replaced,
        kept: question.kept,
        existing: question.existing,
        lifetimes: &Lifetime::CHOICES,
        token: question.token,
        approve_to: target(&visitor, "access_granted", &request, again),
        deny_to: target(&visitor, "deny", &request, None),
        form_token: visitor.form_token(),
        user: &session.user.name,
        switch_to: format!("/wc-auth/v1/login?{}", request.query()),
        request: &request,
    };
    respond::page(StatusCode::OK, &page, Forms::MayReturnTo(request.return_url.private_scheme()))
}

/// What is wrong with the address for events, if it has a host of its own and something is.
async fn events_word(visitor: &Visitor, request: &AuthorizeRequest) -> Option<(String, Verdict)> {
    let events = request.events_url.as_ref()?;
    if events.host() == request.callback_url.host() {
        return None;
    }
    let verdict = callback_check::check(&visitor.services, events).await;
    (verdict != Verdict::Fine).then(|| (events.host(), verdict))
}

/// Where a button's form goes. The parameters stand in the address, percent-encoded, since hidden
/// fields would lose line ends.
fn target(
    visitor: &Visitor,
    route: &str,
    request: &AuthorizeRequest,
    again: Option<&str>,
) -> String {
    let again = again.map_or(String::new(), |id| format!("&{AGAIN}={id}"));
    visitor.site.path(&format!("/wc-auth/v1/{route}?{}{again}", request.query()))
}

/// The outcome of the same question, just approved here.
async fn earlier(
    visitor: &Visitor,
    session: &Session,
    request: &AuthorizeRequest,
    grant_id: &str,
) -> Result<HttpResponse, WebError> {
    let status = delivery_watch::status(&visitor.services, &session.user, grant_id).await?;
    if status.is_none_or(|status| status.state != DeliveryState::Delivered) {
        return Ok(respond::see_other(connection::url(visitor, grant_id)));
    }
    let page = AlreadyPage {
        site: &visitor.site,
        app: request.shown_name(),
        continue_url: request.outcome_url(true),
        again_url: target(visitor, "authorize", request, Some(grant_id)),
    };
    respond::page(StatusCode::OK, &page, Forms::Stay)
}

/// Approves, waits a little for the delivery, and goes back to the app or to the waiting page.
pub async fn approve(
    visitor: Visitor,
    request: AuthorizeRequest,
) -> Result<HttpResponse, WebError> {
    let lifetime = Lifetime::parse(visitor.parameters.text("lifetime"))
        .ok_or_else(|| WebError::Denied("Invalid parameter lifetime".into()))?;
    let press = press(&visitor, request.clone())?;
    let decided = approve::approve(&visitor.services, &visitor.caller(), press, lifetime).await?;
    answer(&visitor, &request, decided).await
}

/// Denies and goes back to the app.
pub async fn deny(visitor: Visitor, request: AuthorizeRequest) -> Result<HttpResponse, WebError> {
    let press = press(&visitor, request.clone())?;
    let decided = approve::deny(&visitor.services, &visitor.caller(), press).await?;
    answer(&visitor, &request, decided).await
}

/// What was pressed, if the form came with our page. Only a POST carries the token.
fn press(visitor: &Visitor, request: AuthorizeRequest) -> Result<Press, WebError> {
    let invalid = || WebError::Denied("Invalid nonce verification".into());
    if !visitor.posts() || visitor.is_foreign() {
        return Err(invalid());
    }
    let token = visitor.parameters.text("wc_auth_nonce").ok_or_else(invalid)?.to_owned();
    let again_after = visitor.parameters.text(AGAIN).map(str::to_owned);
    Ok(Press { session: session(visitor)?.clone(), request, token, again_after })
}

async fn answer(
    visitor: &Visitor,
    request: &AuthorizeRequest,
    decided: Decided,
) -> Result<HttpResponse, WebError> {
    match (decided.decision, decided.grant_id) {
        (Decision::Approved, Some(grant_id)) => {
            let user = &session(visitor)?.user;
            let status = delivery_watch::wait(&visitor.services, user, &grant_id).await?;
            match status.map(|status| status.state) {
                Some(DeliveryState::Delivered) => Ok(respond::see_other(request.outcome_url(true))),
                _ => Ok(respond::see_other(connection::url(visitor, &grant_id))),
            }
        }
        _ => Ok(respond::see_other(request.outcome_url(false))),
    }
}

fn session(visitor: &Visitor) -> Result<&Session, WebError> {
    visitor.session.as_ref().ok_or(WebError::NoPermission(None))
}
