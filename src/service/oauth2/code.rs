//! The authorization code flow: an app asks by way of the browser, a user decides, the app exchanges the
//! code (RFC 6749 §4.1, with PKCE by RFC 7636, for everybody).
//!
//! Never: a redirect to an address that was not registered, a code that works twice, or one that works for
//! another client or without its verifier.

use std::{net::IpAddr, sync::Arc, time::Duration};

use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use super::{
    client::Client,
    error::{Error, Kind},
};
use crate::{
    db::{
        self,
        outcomes::{Decided, NewKey},
        token_outcomes::{CodeRecord, CodeWritten, NewCode, Redeemed, RegisteredApp},
    },
    domain::{
        access_token::{AuthorizationCode, MadeBy},
        audit::{Entry, Event, Object},
        consent::{self, Consent, Decision},
        entropy::random,
        key::Unusable,
        keyring::Lookup,
        lifetime::Lifetime,
        permissions::Permissions,
        pkce::Challenge,
        scope,
        timestamp::Timestamp,
        token_life::TokenLife,
    },
    service::{
        ServiceError, Services,
        access_tokens::{Issue, Issued, prepare},
        approve::PressError,
        caller::Caller,
        session::Session,
        verify::{self, LiveKey},
    },
};

/// How long a code may be exchanged.
const CODE_LIFE: Duration = Duration::from_mins(1);

/// The longest `state`, in bytes.
const LONGEST_STATE: usize = 2_048;

/// What an app asks for, as its parameters say.
#[derive(Clone, Copy, Default)]
pub struct Asked<'a> {
    /// `response_type`
    pub response_type: Option<&'a str>,
    /// `client_id`
    pub client_id: Option<&'a str>,
    /// `redirect_uri`
    pub redirect_uri: Option<&'a str>,
    /// `scope`
    pub scope: Option<&'a str>,
    /// `state`
    pub state: Option<&'a str>,
    /// `code_challenge`
    pub challenge: Option<&'a str>,
    /// `code_challenge_method`
    pub method: Option<&'a str>,
}

/// A request that can be put before a user.
#[derive(Clone)]
pub struct CodeRequest {
    /// The app.
    pub app: RegisteredApp,
    /// Its consumer key, as it was sent.
    pub client_id: String,
    /// Where the answer goes.
    pub redirect_uri: String,
    /// Whether the app said so itself.
    pub redirect_sent: bool,
    /// What is asked for.
    pub permissions: Permissions,
    /// What the app wants back.
    pub state: Option<String>,
    /// The hash of its verifier.
    pub challenge: Challenge,
    /// Whether its tokens never end.
    pub never_ends: bool,
}

/// Why a request cannot be put before a user.
#[derive(Debug)]
pub enum Unaskable {
    /// Nobody knows who asks, or where an answer may go: the user is told, and nobody else.
    Here(String),
    /// The app is told, once somebody has logged in.
    There {
        /// The app's name.
        app: String,
        /// Where.
        redirect_uri: String,
        /// The error's code (§4.1.2.1).
        error: &'static str,
        /// What is wrong, for its developer.
        description: String,
        /// What it wanted back.
        state: Option<String>,
    },
    /// Something nobody asked for.
    Service(ServiceError),
}

impl<E: Into<ServiceError>> From<E> for Unaskable {
    fn from(error: E) -> Self {
        Self::Service(error.into())
    }
}

impl CodeRequest {
    /// The parameters that ask for the same again.
    pub fn query(&self) -> String {
        let mut query = Serializer::new(String::new());
        query.append_pair("response_type", "code").append_pair("client_id", &self.client_id);
        if self.redirect_sent {
            query.append_pair("redirect_uri", &self.redirect_uri);
        }
        query.append_pair("scope", scope::text(self.permissions));
        if let Some(state) = &self.state {
            query.append_pair("state", state);
        }
        query.append_pair("code_challenge", self.challenge.as_str());
        query.append_pair("code_challenge_method", "S256").finish()
    }
}

/// Reads what an app asks for. Client and redirect address come first: only a known pair of them is told
/// what else is wrong.
///
/// # Errors
/// Why it cannot be put before a user.
pub async fn ask(
    services: &Services,
    asked: Asked<'_>,
    address: IpAddr,
) -> Result<CodeRequest, Unaskable> {
    let (key, app) = client(services, asked.client_id, address).await?;
    let (redirect_uri, redirect_sent) = redirect(&app, asked.redirect_uri)?;
    let state = asked.state.filter(|state| state.len() <= LONGEST_STATE).map(str::to_owned);
    let told = |error, description: &str| Unaskable::There {
        app: app.name.clone(),
        redirect_uri: redirect_uri.clone(),
        error,
        description: description.to_owned(),
        state: state.clone(),
    };
    if asked.state.is_some_and(|state| state.len() > LONGEST_STATE) {
        return Err(told("invalid_request", "state is longer than 2048 bytes"));
    }
    match asked.response_type {
        Some("code") => {}
        None => return Err(told("invalid_request", "response_type is missing; it must be code")),
        Some(_) => return Err(told("unsupported_response_type", "response_type must be code")),
    }
    let challenge = challenge(asked).map_err(|say| told("invalid_request", say))?;
    let all = key.identity.permissions;
    let permissions = match asked.scope.filter(|scope| !scope.is_empty()).map(scope::parse) {
        None => all,
        Some(Some(permissions)) if all.covers(permissions) => permissions,
        Some(Some(_)) => return Err(told("invalid_scope", "the app was registered for less")),
        Some(None) => return Err(told("invalid_scope", "the scopes are read and write")),
    };
    let client_id = asked.client_id.unwrap_or_default().to_owned();
    let life = key.token_life().unwrap_or(services.tokens.options.life);
    Ok(CodeRequest {
        never_ends: life == TokenLife::Never,
        app,
        client_id,
        redirect_uri,
        redirect_sent,
        permissions,
        state,
        challenge,
    })
}

/// The app that a consumer key names, if it is live.
async fn client(
    services: &Services,
    client_id: Option<&str>,
    address: IpAddr,
) -> Result<(Arc<LiveKey>, RegisteredApp), Unaskable> {
    let here = |text: &str| Unaskable::Here(text.to_owned());
    let id = client_id.ok_or_else(|| here("It does not say which app asks (client_id)."))?;
    let unknown = || here("No app of that name (client_id) is registered with this store.");
    let key = verify::named(services, id, address).await?.ok_or_else(unknown)?;
    let app = db::read!(services.db, oauth_clients::find(key.identity.key_id))?;
    let app = app.ok_or_else(unknown)?;
    match key.life.usable(services.now()) {
        Ok(()) => {}
        Err(Unusable::Replaced) => {
            return Err(here("The app has another client id by now: its pair was exchanged."));
        }
        Err(_) => return Err(here("The store has ended or paused this app’s registration.")),
    }
    Ok((key, app))
}

fn redirect(app: &RegisteredApp, asked: Option<&str>) -> Result<(String, bool), Unaskable> {
    let here = |text: &str| Unaskable::Here(text.to_owned());
    match (asked, app.redirect_uris.as_slice()) {
        (Some(asked), registered) if registered.iter().any(|own| own.is(asked)) => {
            Ok((asked.to_owned(), true))
        }
        (Some(_), _) => Err(here(
            "It wants to send you back to an address (redirect_uri) that this app has not registered.",
        )),
        (None, [only]) => Ok((only.as_str().to_owned(), false)),
        (None, _) => Err(here("It does not say where to send you back to (redirect_uri).")),
    }
}

fn challenge(asked: Asked<'_>) -> Result<Challenge, &'static str> {
    let text = asked.challenge.ok_or("code_challenge is missing; PKCE is required")?;
    if asked.method != Some("S256") {
        return Err("code_challenge_method must be S256");
    }
    Challenge::parse(text)
        .ok_or("code_challenge must be a SHA-256 hash in base64url, 43 characters")
}

/// The single-use token of one showing of the consent page.
pub fn question(services: &Services, session: &Session, request: &CodeRequest) -> String {
    let tag = tag(services, session, request);
    consent::issue(&services.keyring, &*services.entropy, services.now(), &tag)
}

fn tag(services: &Services, session: &Session, request: &CodeRequest) -> Vec<u8> {
    // What the page shows, and where the answer goes, may change while it lies open.
    let asked = [&*request.query(), &request.redirect_uri, &request.app.name].join("\n");
    consent::question_of(&services.keyring, &session.id, "oauth2", &asked)
}

fn pressed(
    services: &Services,
    session: &Session,
    request: &CodeRequest,
    token: &str,
) -> Result<Consent, PressError> {
    let tag = tag(services, session, request);
    let consent = consent::check(&services.keyring, services.now(), tag, token);
    consent.filter(|_| session.user.role.may_approve()).ok_or(PressError::InvalidToken)
}

/// What pressing Approve came to.
pub enum Approved {
    /// A code for the app.
    Code(AuthorizationCode),
    /// The app exchanged this page's code before.
    Connected,
    /// This page was denied before.
    Denied,
}

/// Approves: a code for the app, once.
///
/// # Errors
/// If the token does not fit, the session ended meanwhile, or nothing could be written.
pub async fn approve(
    services: &Services,
    caller: &Caller,
    (session, token): (&Session, &str),
    request: &CodeRequest,
    lifetime: Lifetime,
) -> Result<Approved, PressError> {
    let consent = pressed(services, session, request, token)?;
    let (now, code) = (services.now(), AuthorizationCode::generate(&*services.entropy));
    let new = NewCode {
        lookup: services.keyring.lookup(code.expose()),
        client_id: request.app.key_id,
        user_id: session.user.id,
        redirect_uri: request.redirect_uri.clone(),
        redirect_sent: request.redirect_sent,
        challenge: request.challenge.clone(),
        permissions: request.permissions,
        key_expires_at: lifetime.ends(now),
        expires_at: now.plus(CODE_LIFE),
    };
    let details = json!({
        "app": request.app.name, "client": request.app.key_id,
        "permissions": request.permissions.as_str(),
        "expires_at": new.key_expires_at.map(|at| at.to_string()),
    });
    let session_hash = services.keyring.lookup(session.id.as_str());
    let journal = caller.journal(services);
    let object = Object::key(request.app.key_id);
    let written = db::audited!(
        services.db,
        journal,
        authorization_codes::write(now, session_hash, consent, new),
        |written: &CodeWritten| match written {
            CodeWritten::Done => vec![Entry::done(Event::GrantApproved, object, details)],
            _ => Vec::new(),
        },
    )?;
    match written {
        CodeWritten::Done => Ok(Approved::Code(code)),
        CodeWritten::Connected => Ok(Approved::Connected),
        CodeWritten::Denied => Ok(Approved::Denied),
        CodeWritten::SessionEnded => Err(PressError::InvalidToken),
    }
}

/// Denies; whether it was not approved before.
///
/// # Errors
/// If the token does not fit, or nothing could be written.
pub async fn deny(
    services: &Services,
    caller: &Caller,
    (session, token): (&Session, &str),
    request: &CodeRequest,
) -> Result<bool, PressError> {
    let consent = pressed(services, session, request, token)?;
    let (now, journal) = (services.now(), caller.journal(services));
    let details = json!({ "app": request.app.name, "client": request.app.key_id });
    let object = Object::key(request.app.key_id);
    let decided =
        db::audited!(services.db, journal, approvals::deny(now, &consent), |decided: &Decided| {
            let entry = Entry::done(Event::GrantDenied, object, details);
            if decided.decision == Decision::Denied { vec![entry] } else { Vec::new() }
        },)?;
    Ok(decided.decision == Decision::Denied)
}

/// A code that is to be exchanged.
pub(super) struct PresentedCode<'a> {
    pub code: &'a str,
    pub redirect_uri: Option<&'a str>,
    pub verifier: Option<&'a str>,
    pub asked: Option<TokenLife>,
    pub address: IpAddr,
}

/// Exchanges a code for a connection and its first tokens.
pub(super) async fn redeem(
    services: &Services,
    caller: &Caller,
    client: &Client,
    presented: PresentedCode<'_>,
) -> Result<Issued, Error> {
    let (lookup, record) = presented_code(services, client, &presented).await?;
    let app =
        db::read!(services.db, oauth_clients::find(record.client_id))?.ok_or_else(wrong_code)?;
    let permissions =
        record.permissions.and(client.key.identity.permissions).ok_or_else(wrong_code)?;
    let key = connection(services, &app, (record.user_id, permissions, record.key_expires_at));
    let (issued, token) = prepare(
        services,
        &Issue {
            key: &client.key,
            client: Some(&client.key),
            permissions,
            made_by: MadeBy::AuthorizationCode,
            asked: presented.asked,
            refreshes: true,
        },
    );
    let (now, journal) = (services.now(), caller.journal(services));
    let details = json!({ "app": app.name, "client": app.key_id, "user": record.user_id });
    let made = db::audited!(
        services.db,
        journal,
        authorization_codes::redeem(now, lookup, key, token),
        |made: &Redeemed| connected(*made, details),
    )?;
    match made {
        Redeemed::Made(_) => Ok(issued),
        Redeemed::Over => Err(wrong_code()),
        Redeemed::NoOwner => {
            Err(Error::new(Kind::InvalidGrant, "the user who approved may not act any more"))
        }
        Redeemed::Reused(_) => {
            services.metrics.tokens.reused();
            services.verifier.changes.changed_here(services).await;
            let say = "the code was used before, so all tokens that came of it were ended";
            Err(Error::new(Kind::InvalidGrant, say))
        }
    }
}

/// The code, if this client may exchange it.
async fn presented_code(
    services: &Services,
    client: &Client,
    presented: &PresentedCode<'_>,
) -> Result<(Lookup, CodeRecord), Error> {
    let code = AuthorizationCode::parse(presented.code).ok_or_else(wrong_code)?;
    let lookup = services.keyring.lookup(code.expose());
    let address = presented.address;
    if !client.is_confidential {
        verify::slow_down(services, address).await;
    }
    let record = db::read!(services.db, authorization_codes::by_lookup(&lookup))?;
    let record = record.filter(|record| record.client_id == client.key.identity.key_id);
    let record = record.ok_or_else(|| {
        verify::note_failure(services, address);
        wrong_code()
    })?;
    if record.redirect_sent && presented.redirect_uri != Some(&record.redirect_uri) {
        let say = "redirect_uri must be the one that the code was sent to";
        return Err(Error::new(Kind::InvalidGrant, say));
    }
    let missing = || Error::new(Kind::InvalidRequest, "code_verifier is missing; PKCE is required");
    if !record.challenge.is_of(presented.verifier.ok_or_else(missing)?) {
        let say = "code_verifier does not fit the code_challenge that was sent ahead";
        return Err(Error::new(Kind::InvalidGrant, say));
    }
    if !client.is_confidential {
        client.count(services)?;
    }
    Ok((lookup, record))
}

fn wrong_code() -> Error {
    let say = "the code is not known, is over (a minute), or was given to another client";
    Error::new(Kind::InvalidGrant, say)
}

/// What is written down about a connection.
pub(super) fn connected(made: Redeemed, details: Value) -> Vec<Entry> {
    match made {
        Redeemed::Made(key_id) => {
            vec![Entry::done(Event::Connected, Object::key(key_id), details)]
        }
        Redeemed::Reused(Some(key_id)) => {
            let details = json!({ "what": "authorization code" });
            vec![Entry::refused(Event::TokenReused, Object::key(key_id), details)]
        }
        Redeemed::Reused(None) | Redeemed::Over | Redeemed::NoOwner => Vec::new(),
    }
}

/// The key of a connection, which no pair opens: nobody knows a text of that hash, and no secret fits.
pub(super) fn connection(
    services: &Services,
    app: &RegisteredApp,
    (owner_id, permissions, expires_at): (i64, Permissions, Option<Timestamp>),
) -> NewKey {
    NewKey {
        lookup: random(&*services.entropy),
        secret_hash: "!".to_owned(),
        ending: String::new(),
        description: format!("{} - OAuth ({})", app.name, services.now().to_sql_style()),
        permissions,
        owner_id,
        expires_at,
    }
}
