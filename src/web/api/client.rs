//! One request to the API: who asks, with what. By a token in the `Authorization` header, or by the
//! session of a browser.
//!
//! A session's cookie is sent by the browser whoever wrote the page, so whatever changes something needs
//! the session's own token in `X-CSRF-Token` too, which a page of this service reads off `/api/v1/me`
//! (no other site's page can), and must not come from another site. A token is sent by its holder on
//! purpose and needs neither. Never: a token read off an address, which would be logged on the way.

use std::{sync::Arc, time::Duration};

use actix_web::{
    HttpRequest,
    http::{
        Method, StatusCode,
        header::{self, HeaderValue},
    },
    web::{Bytes, Payload},
};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use tokio::time::timeout;

use super::{
    members::{self, Members},
    problem::Problem,
    query::Questions,
};
use crate::{
    domain::{api_token::ApiToken, session::SessionId},
    service::{
        Services,
        caller::{Actor, Caller},
        idempotency::{self, Once},
        session::{self, Session},
        tokens,
    },
    web::{
        client_address, cookies,
        respond::{self, Origin},
        site::Site,
        visitor,
    },
};

/// How much a body may hold, and how long a client may take to send it.
#[derive(Clone, Copy, Debug)]
pub struct BodyRoom {
    /// In KiB.
    pub kib: usize,
    /// How long it may take.
    pub time: Duration,
}

/// What a body has, unless its address says otherwise.
pub const USUAL_ROOM: BodyRoom = BodyRoom { kib: 64, time: Duration::from_secs(10) };

/// The longest `Idempotency-Key`, in characters.
const LONGEST_NAME: usize = 255;

/// Names of parameters by which people try to send a token.
const TOKEN_PARAMETERS: [&str; 5] = ["access_token", "token", "api_token", "api_key", "apikey"];

/// A request whose sender is known.
pub struct Client {
    /// The use cases.
    pub services: Arc<Services>,
    /// The store.
    pub site: Arc<Site>,
    /// Who asks.
    pub caller: Caller,
    /// The session, if that is how the client is known.
    pub session: Option<Session>,
    request: HttpRequest,
    body: Bytes,
}

impl Client {
    /// Finds out who asks, and reads the body.
    ///
    /// # Errors
    /// If nobody is named, the named one is not known, or the body cannot be read.
    pub async fn meet(
        request: HttpRequest,
        payload: Payload,
        room: BodyRoom,
    ) -> Result<Self, Problem> {
        let visitor::App { services, site, .. } = visitor::app(&request);
        let site = site.load_full();
        refuse_token_in_query(request.query_string())?;
        let address = client_address::of(&request, &site.trusted_proxies);
        let nobody = Caller {
            actor: Actor::Nobody,
            address: Some(address),
            request_id: Some(visitor::request_id(&request)).filter(|id| !id.is_empty()),
        };
        let (actor, session) = match bearer(&request)? {
            Some(token) => {
                let actor = tokens::authenticate(&services, address, &token).await?;
                (actor.ok_or_else(wrong_token)?, None)
            }
            None => by_session(&services, &site, &request).await?,
        };
        let caller = nobody.acting_as(actor);
        let body = read_body(&request, payload, room).await?;
        Ok(Self { services, site, caller, session, request, body })
    }

    /// For a read that writes something down: a session must prove what it must for a change, so that
    /// no other site does that by a link.
    ///
    /// # Errors
    /// If a session does not.
    pub fn proves_own_page(&self) -> Result<(), Problem> {
        match &self.session {
            Some(session) => is_own_page(&self.services, &self.site, &self.request, session),
            None => Ok(()),
        }
    }

    /// The number in the address.
    ///
    /// # Errors
    /// If it is none, so that there is nothing of that address.
    pub fn id(&self) -> Result<i64, Problem> {
        self.number("id")
    }

    /// The number that stands for `{part}` in the address.
    ///
    /// # Errors
    /// If it is none.
    pub fn number(&self, part: &str) -> Result<i64, Problem> {
        let text = self.request.match_info().get(part).unwrap_or_default();
        let number = text.parse().ok().filter(|id: &i64| *id > 0);
        number.ok_or_else(Problem::not_found)
    }

    /// What stands for `{id}` in the address; nothing is named by a text with a NUL, which PostgreSQL
    /// would not even look for.
    pub fn name(&self) -> &str {
        let name = self.request.match_info().get("id");
        name.filter(|name| !name.contains('\0')).unwrap_or_default()
    }

    /// What stands for `{part}` in the address, of whatever letters and signs.
    ///
    /// # Errors
    /// If it is no text, so that there is nothing of that address.
    pub fn text(&self, part: &str) -> Result<String, Problem> {
        let text = self.request.match_info().get(part).unwrap_or_default();
        // The router leaves `%25`, `%2F` and `%2B` as they are, and nothing else.
        let text = percent_decode_str(text).decode_utf8().ok();
        let text = text.filter(|text| !text.is_empty() && !text.contains('\0'));
        text.map(Into::into).ok_or_else(Problem::not_found)
    }

    /// The parameters of the address.
    pub fn questions(&self) -> Questions {
        Questions::read(self.request.path(), self.request.query_string())
    }

    /// The members of the body.
    ///
    /// # Errors
    /// If it is no JSON object.
    pub fn members(&self) -> Result<Members, Problem> {
        self.questions().done()?;
        is_json(&self.request)?;
        Members::read(&self.body)
    }

    /// The members of a body that may be left out.
    ///
    /// # Errors
    /// If there is one and it is no JSON object.
    pub fn members_if_any(&self) -> Result<Members, Problem> {
        if self.body.is_empty() {
            self.questions().done()?;
            return Ok(Members::none());
        }
        self.members()
    }

    /// A body that is a table.
    ///
    /// # Errors
    /// If it is said to be something else.
    pub fn csv(&self) -> Result<Bytes, Problem> {
        is_one_of(&self.request, &["text/csv"])?;
        Ok(self.body.clone())
    }

    /// The public address of a path of the API.
    pub fn url(&self, path: &str) -> String {
        self.site.url(&format!("/api/v1{path}"))
    }

    /// What the client named this request, so that sending it again makes nothing twice.
    ///
    /// # Errors
    /// If the name is none.
    pub fn once(&self) -> Result<Option<Once>, Problem> {
        let mut headers = self.request.headers().get_all("idempotency-key");
        let Some(value) = headers.next() else { return Ok(None) };
        let name = value.to_str().ok().filter(|name| {
            let fits = (1..=LONGEST_NAME).contains(&name.len());
            fits && name.bytes().all(|byte| byte.is_ascii_graphic())
        });
        let (Some(name), None) = (name, headers.next()) else {
            let detail = "Idempotency-Key takes one value of 1 to 255 visible ASCII characters";
            return Err(Problem::unreadable("idempotency_key", detail));
        };
        let value: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let body = members::in_one_form(&value);
        let asked = format!("{} {}\n{body}", self.request.method(), self.request.path());
        Ok(Some(idempotency::once(&self.services, &self.caller, name, asked.as_bytes())))
    }
}

fn refuse_token_in_query(query: &str) -> Result<(), Problem> {
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    let is_token = pairs.any(|(name, value)| {
        TOKEN_PARAMETERS.iter().any(|known| name.eq_ignore_ascii_case(known))
            || ApiToken::parse(value.trim()).is_some()
    });
    if !is_token {
        return Ok(());
    }
    Err(Problem::unreadable(
        "token_in_query",
        "a token in an address is kept in logs on its way: revoke it, make another, and send it as \
         `Authorization: Bearer …`",
    ))
}

/// The token of the `Authorization` header, if there is such a header.
fn bearer(request: &HttpRequest) -> Result<Option<ApiToken>, Problem> {
    let mut headers = request.headers().get_all(header::AUTHORIZATION);
    let Some(value) = headers.next() else { return Ok(None) };
    let text = value.to_str().ok().filter(|_| headers.next().is_none());
    let (scheme, token) = text.and_then(|text| text.split_once(' ')).unwrap_or_default();
    let token = ApiToken::parse(token.trim()).filter(|_| scheme.eq_ignore_ascii_case("bearer"));
    token.map(Some).ok_or_else(wrong_token)
}

/// Which of the two it is, not known or not valid any more, is not told.
fn wrong_token() -> Problem {
    let detail = "that is no token of this store, or it was revoked, expired, or its user is \
                  disabled; send `Authorization: Bearer agt_…`";
    let challenge = HeaderValue::from_static("Bearer realm=\"appgrant\", error=\"invalid_token\"");
    Problem::new(StatusCode::UNAUTHORIZED, "invalid_token", detail)
        .with(header::WWW_AUTHENTICATE, challenge)
}

async fn by_session(
    services: &Services,
    site: &Site,
    request: &HttpRequest,
) -> Result<(Actor, Option<Session>), Problem> {
    let cookie = cookies::read(site, request, cookies::Name::Session);
    let session = match cookie.and_then(|value| SessionId::parse(&value)) {
        Some(id) => session::current(services, id).await?,
        None => None,
    };
    let session = session.ok_or_else(nobody)?;
    let method = request.method();
    if *method != Method::GET && *method != Method::HEAD {
        is_own_page(services, site, request, &session)?;
    }
    Ok((Actor::User(session.user.clone()), Some(session)))
}

fn nobody() -> Problem {
    let detail = "say who you are: send `Authorization: Bearer agt_…`";
    let challenge = HeaderValue::from_static("Bearer realm=\"appgrant\"");
    Problem::new(StatusCode::UNAUTHORIZED, "no_credentials", detail)
        .with(header::WWW_AUTHENTICATE, challenge)
}

fn is_own_page(
    services: &Services,
    site: &Site,
    request: &HttpRequest,
    session: &Session,
) -> Result<(), Problem> {
    let token = request.headers().get("x-csrf-token").and_then(|value| value.to_str().ok());
    let is_own = token.is_some_and(|token| session.id.owns_form(&services.keyring, token));
    if is_own && respond::origin(request, site) != Origin::Foreign {
        return Ok(());
    }
    let detail = "a browser's session changes things only with the header X-CSRF-Token, whose value \
                  is csrf_token in the answer of GET /api/v1/me, and only from this store's own pages";
    Err(Problem::new(StatusCode::FORBIDDEN, "csrf", detail))
}

async fn read_body(
    request: &HttpRequest,
    payload: Payload,
    room: BodyRoom,
) -> Result<Bytes, Problem> {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return Ok(Bytes::new());
    }
    match timeout(room.time, payload.to_bytes_limited(room.kib * 1024)).await {
        Ok(Ok(Ok(bytes))) => Ok(bytes),
        Ok(Err(_)) => Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            format!("a body has at most {} KiB here", room.kib),
        )),
        Ok(Ok(Err(_))) | Err(_) => {
            Err(Problem::unreadable("broken_body", "the body did not arrive whole"))
        }
    }
}

fn is_json(request: &HttpRequest) -> Result<(), Problem> {
    is_one_of(request, &["application/json", "application/merge-patch+json"])
}

fn is_one_of(request: &HttpRequest, known: &[&str]) -> Result<(), Problem> {
    let value = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = value.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if known.iter().any(|known| kind.eq_ignore_ascii_case(known)) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        format!("send `Content-Type: {}`", known[0]),
    ))
}
