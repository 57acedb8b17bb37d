//! `/admin/keys/{id}/tokens`: the access tokens of a key, the newest first; one ended, or all.
//!
//! Never: a token. What is stored cannot show one again; people recognise theirs by its last characters.

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;

use super::{
    frame::{Frame, Section, go, number},
    key_row::KeyRow,
    moment::Moment,
    refusal::not_allowed,
};
use crate::{
    domain::{access_token::MadeBy, key_view::ShownState, timestamp::Timestamp, token_life},
    service::{
        access_tokens::{self, TokenView},
        keys,
    },
    web::{
        errors::WebError,
        respond::{self, Forms},
        visitor::Visitor,
    },
};

/// How many tokens a page shows.
const PAGE: usize = 25;

/// A token, ready to be shown.
pub struct TokenRow {
    /// Its number.
    pub id: i64,
    /// Its last characters.
    pub ending: String,
    /// What it was got with.
    pub how: &'static str,
    /// Whether it can be refreshed.
    pub refreshes: bool,
    /// What it may do.
    pub permissions: &'static str,
    /// When it was made.
    pub made: Moment,
    /// When it was last used.
    pub last_used: Option<Moment>,
    /// When it ends.
    pub ends: Option<Moment>,
    /// When it was ended.
    pub ended: Option<Moment>,
    /// The word of its state, for the style sheet.
    pub state: &'static str,
    /// Its state, for people.
    pub state_text: &'static str,
    /// Whether there is something to end: itself, or what refreshes it.
    pub may_be_ended: bool,
}

impl TokenRow {
    /// A token of that key, as it is seen now.
    pub fn of(token: TokenView, key: &KeyRow, now: Timestamp) -> Self {
        let moment = |at: Timestamp| Moment::of(at, now);
        let is_over = token_life::is_over(token.expires_at, now);
        let (state, state_text) = match (token.revoked_at, is_over) {
            (Some(_), _) => ("revoked", "Ended"),
            (None, true) => ("expired", "Expired"),
            (None, false) if key.state == ShownState::Active.as_str() => ("active", "Works"),
            (None, false) => ("paused", "Stands still"),
        };
        Self {
            id: token.id,
            ending: token.ending,
            how: got_with(token.made_by),
            refreshes: token.refreshes,
            permissions: token.permissions.title(),
            made: moment(token.created_at),
            last_used: token.last_used_at.map(moment),
            ends: token.expires_at.map(moment),
            ended: token.revoked_at.map(moment),
            state,
            state_text,
            may_be_ended: token.revoked_at.is_none() && (!is_over || token.refreshes),
        }
    }
}

/// What a token was got with, for people.
const fn got_with(way: MadeBy) -> &'static str {
    match way {
        MadeBy::ClientCredentials => "with key and secret",
        MadeBy::AuthorizationCode => "with its owner’s approval",
        MadeBy::RefreshToken => "with a refresh token",
        MadeBy::Password => "with its owner’s password",
        MadeBy::Secret => "with key and secret, the PureWL way",
        MadeBy::Person => "by hand",
    }
}

#[derive(Template)]
#[template(path = "admin/key_tokens.html")]
struct Page<'a> {
    frame: Frame<'a>,
    row: KeyRow,
    tokens: Vec<TokenRow>,
    may_make: bool,
    next: Option<String>,
    is_later_part: bool,
}

#[derive(Template)]
#[template(path = "admin/key_tokens_end.html")]
struct EndPage<'a> {
    frame: Frame<'a>,
    row: KeyRow,
}

/// A part of the tokens of a key.
pub async fn list(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let id = number(&visitor)?;
    let frame = Frame::of(&visitor, Section::Keys)?;
    let (services, caller) = (&visitor.services, visitor.caller());
    let key = keys::show(services, &caller, id).await?;
    let before = visitor.parameters.text("before").and_then(|text| text.parse().ok());
    let found = access_tokens::list(services, &caller, id, before, PAGE).await?;
    let (row, now) = (KeyRow::of(&visitor, frame.user, &key), services.now());
    let page = Page {
        tokens: found.tokens.into_iter().map(|token| TokenRow::of(token, &row, now)).collect(),
        may_make: row.may.make_token() && keys::has_secret(services, &key).await?,
        next: found.next.map(|next| format!("{}/tokens?before={next}", row.href)),
        is_later_part: before.is_some(),
        row,
        frame,
    };
    respond::page(StatusCode::OK, &page, Forms::Stay)
}

/// Ends one token.
pub async fn end_one(visitor: Visitor) -> Result<HttpResponse, WebError> {
    visitor.form_session()?;
    let id = number(&visitor)?;
    let token = visitor.request.match_info().get("token").and_then(|text| text.parse().ok());
    let token = token.ok_or(WebError::NotFound)?;
    let was_live = access_tokens::revoke(&visitor.services, &visitor.caller(), id, token).await?;
    let done = if was_live { "access_token_ended" } else { "access_token_over" };
    Ok(go(&visitor, &format!("/admin/keys/{id}/tokens?done={done}")))
}

/// Asks once more, or ends all tokens.
pub async fn end_all(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let id = number(&visitor)?;
    let frame = Frame::of(&visitor, Section::Keys)?;
    if visitor.posts() {
        visitor.form_session()?;
        access_tokens::revoke_all(&visitor.services, &visitor.caller(), id).await?;
        return Ok(go(&visitor, &format!("/admin/keys/{id}/tokens?done=access_tokens_ended")));
    }
    let key = keys::show(&visitor.services, &visitor.caller(), id).await?;
    let row = KeyRow::of(&visitor, frame.user, &key);
    if !row.may.end_tokens() {
        return Err(not_allowed("this key was revoked, or its tokens are ended by others only"));
    }
    respond::page(StatusCode::OK, &EndPage { frame, row }, Forms::Stay)
}
