//! One's own account: password, sessions, API tokens.

use actix_web::HttpResponse;
use askama::Template;
use zeroize::Zeroizing;

use super::{
    client_name::recognised,
    frame::{Frame, Section, field, go},
    moment::Moment,
    once, user_list,
    wrong::Wrong,
    wrong::status,
};
use crate::{
    domain::timestamp::Timestamp,
    service::{
        login::{self, Attempt, LoginOutcome},
        session::{self, Listed},
        tokens::{self, ApiTokenRow},
        users::{self, PasswordChange},
    },
    web::{
        cookies,
        errors::WebError,
        respond::{self, Forms},
        visitor::Visitor,
    },
};

/// How many ended tokens are shown besides the live ones.
const ENDED_TOKENS: usize = 5;

struct SessionLine {
    handle: String,
    is_this: bool,
    address: String,
    client: String,
    began: Moment,
    last_used: Moment,
}

struct TokenLine {
    id: i64,
    name: String,
    ending: String,
    made: Moment,
    last_used: Option<Moment>,
    expires: Option<Moment>,
    state: &'static str,
    is_live: bool,
}

#[derive(Template)]
#[template(path = "admin/account.html")]
struct Page<'a> {
    frame: Frame<'a>,
    sessions: Vec<SessionLine>,
    has_others: bool,
    tokens: Vec<TokenLine>,
    token_name: &'a str,
    token_ends: &'a str,
    ticket: String,
    wrong: Wrong,
}

/// The account of whoever is logged in.
pub async fn show(visitor: Visitor) -> Result<HttpResponse, WebError> {
    render(&visitor, Wrong::default()).await
}

/// The account, with what is wrong with one of its forms.
///
/// # Errors
/// If nobody is logged in, or the database gives no answer.
pub async fn render(visitor: &Visitor, wrong: Wrong) -> Result<HttpResponse, WebError> {
    let frame = Frame::of(visitor, Section::Account)?;
    let this = visitor.session.as_ref().ok_or(WebError::LoginNeeded)?;
    let now = visitor.services.now();
    let sessions = session::list(&visitor.services, this).await?;
    let tokens = tokens::list(&visitor.services, &visitor.caller(), false).await?;
    let page = Page {
        has_others: sessions.iter().any(|session| !session.is_this),
        sessions: sessions.into_iter().map(|session| SessionLine::of(session, now)).collect(),
        tokens: shown(tokens, now),
        token_name: field(visitor, "token_name"),
        token_ends: field(visitor, "ends"),
        ticket: once::ticket(visitor)?,
        wrong,
        frame,
    };
    respond::page(status(&page.wrong), &page, Forms::Stay)
}

impl SessionLine {
    fn of(listed: Listed, now: Timestamp) -> Self {
        Self {
            handle: listed.handle,
            is_this: listed.is_this,
            address: listed.row.address,
            client: recognised(listed.row.client.as_deref().unwrap_or_default()),
            began: Moment::of(listed.row.created_at, now),
            last_used: Moment::of(listed.row.last_used_at, now),
        }
    }
}

/// The live tokens, and a few of those that ended.
fn shown(tokens: Vec<ApiTokenRow>, now: Timestamp) -> Vec<TokenLine> {
    let lines = tokens.into_iter().map(|token| TokenLine::of(token, now));
    let (mut live, ended): (Vec<_>, Vec<_>) = lines.partition(|token| token.is_live);
    live.extend(ended.into_iter().take(ENDED_TOKENS));
    live
}

impl TokenLine {
    fn of(token: ApiTokenRow, now: Timestamp) -> Self {
        let is_expired = token.expires_at.is_some_and(|at| at <= now);
        let state = match token.revoked_at {
            Some(_) => "Ended",
            None if is_expired => "Expired",
            None => "Works",
        };
        let moment = |at| Moment::of(at, now);
        Self {
            id: token.id,
            name: token.name,
            ending: token.ending,
            made: moment(token.created_at),
            last_used: token.last_used_at.map(moment),
            expires: token.expires_at.map(moment),
            state,
            is_live: state == "Works",
        }
    }
}

/// Changes the password. All sessions end with that; this browser gets a fresh one.
pub async fn password(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let login = visitor.form_session()?.user.login.clone();
    let typed = |name| Zeroizing::new(field(&visitor, name).to_owned());
    if field(&visitor, "password") != field(&visitor, "password_again") {
        let why = "the two passwords are not the same; please type them again";
        return render(&visitor, Wrong::at_field("password", why)).await;
    }
    let change = PasswordChange { current: typed("current"), new: typed("password") };
    let changed = users::change_own_password(&visitor.services, &visitor.caller(), change).await;
    if let Err(error) = changed {
        return render(&visitor, user_list::wrong(error)?).await;
    }
    let attempt = Attempt {
        name: login,
        password: typed("password"),
        address: visitor.address(),
        client: visitor.user_agent(),
        replaces: None,
    };
    let mut response = go(&visitor, "/admin/account?done=own_password");
    // If it cannot be let in at once, the login page is where the redirect ends.
    if let LoginOutcome::In(session, _) =
        login::login(&visitor.services, &visitor.caller(), attempt).await?
    {
        let _ = response.add_cookie(&cookies::session(&visitor.site, &session));
    }
    Ok(response)
}

/// Ends one of one's sessions.
pub async fn end_session(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let this = visitor.form_session()?;
    let handle = field(&visitor, "session");
    let ended = session::end_listed(&visitor.services, &visitor.caller(), this, handle).await?;
    let done = if ended { "session_ended" } else { "session_gone" };
    Ok(go(&visitor, &format!("/admin/account?done={done}")))
}

/// Ends all of one's sessions but for this one.
pub async fn end_others(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let this = visitor.form_session()?;
    session::end_others(&visitor.services, &visitor.caller(), this).await?;
    Ok(go(&visitor, "/admin/account?done=others_ended"))
}
