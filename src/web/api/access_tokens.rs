//! A key's short-lived tokens: looked at, ended, made anew.

use actix_web::http::StatusCode;
use zeroize::Zeroizing;

use super::{
    answer::{self, Answer},
    client::Client,
    described::{CursorParam, LimitParam, NewTokenDescription, RegenerateBody},
    key_rules::{domains, token_seconds},
    page::AccessTokenList,
};
use crate::service::{
    access_tokens::{self, Issued, RulesChange, Tokens},
    views::{AccessTokenJson, line},
};

/// How many tokens a page has, unless told otherwise.
const PAGE: usize = 50;

/// Lists the access tokens of a key, newest first.
///
/// Those that were ended all together are left out at once, others a day after their end.
#[utoipa::path(get, path = "/api/v1/keys/{id}/tokens", tag = "access tokens",
    operation_id = "listAccessTokens",
    params(("id" = i64, Path, minimum = 1, description = "The key's number"), LimitParam, CursorParam),
    responses((status = 200, description = "A page of tokens", body = AccessTokenList)))]
pub async fn list(client: Client) -> Answer {
    let id = client.id()?;
    let mut questions = client.questions();
    let before = questions.place(|place| place.parse().ok());
    let (limit, cursors) = (questions.limit(PAGE), questions.cursors());
    questions.done()?;
    let (services, caller) = (&client.services, &client.caller);
    let Tokens { tokens, next } = access_tokens::list(services, caller, id, before, limit).await?;
    let now = services.now();
    answer::ok(&AccessTokenList {
        data: tokens.into_iter().map(|token| AccessTokenJson::new(token, now)).collect(),
        next_cursor: next.map(|id| cursors(id.to_string())),
        partial: false,
    })
}

/// Ends one access token, and what refreshes it.
///
/// At once on every node. Ending one that is over changes nothing.
#[utoipa::path(post, path = "/api/v1/keys/{id}/tokens/{token_id}/revoke", tag = "access tokens",
    operation_id = "revokeAccessToken",
    params(
        ("id" = i64, Path, minimum = 1, description = "The key's number"),
        ("token_id" = i64, Path, minimum = 1, description = "The token's number"),
    ),
    responses(
        (status = 204, description = "It opens nothing any more"),
        (status = 403, description = "You may not end tokens of this key"),
    ))]
pub async fn revoke(client: Client) -> Answer {
    let (id, token) = (client.id()?, client.number("token_id")?);
    client.members_if_any()?.finish(Some(()))?;
    access_tokens::revoke(&client.services, &client.caller, id, token).await?;
    answer::done()
}

/// Ends all access tokens of a key, and what refreshes them.
///
/// The key and its pair go on working; tokens made from now on, too.
#[utoipa::path(post, path = "/api/v1/keys/{id}/tokens/revoke", tag = "access tokens",
    operation_id = "revokeAccessTokens",
    params(("id" = i64, Path, minimum = 1, description = "The key's number")),
    responses(
        (status = 204, description = "They open nothing any more"),
        (status = 403, description = "You may not end tokens of this key"),
    ))]
pub async fn revoke_all(client: Client) -> Answer {
    let id = client.id()?;
    client.members_if_any()?.finish(Some(()))?;
    access_tokens::revoke_all(&client.services, &client.caller, id).await?;
    answer::done()
}

/// Ends all access tokens of a key and makes one.
///
/// The answer is the only one that ever holds the token. What is given besides changes the key's rules, as
/// `PATCH /api/v1/keys/{id}/rules` does. An `Idempotency-Key` is not looked at: sent again, the request
/// makes another token and ends the one before.
#[utoipa::path(post, path = "/api/v1/keys/{id}/token", tag = "access tokens",
    operation_id = "regenerateAccessToken",
    params(("id" = i64, Path, minimum = 1, description = "The key's number")),
    request_body(content = RegenerateBody, description = "May be left out"),
    responses(
        (status = 200, description = "The new token", body = NewTokenDescription),
        (status = 403, description = "You may not do that to this key"),
        (status = 409, description = "The key does not work, or was changed at the same time"),
    ))]
pub async fn regenerate(client: Client) -> Answer {
    let id = client.id()?;
    let mut body = client.members_if_any()?;
    let change = RulesChange {
        token_life: body.nullable("token_seconds", token_seconds),
        domains: body.optional("allowed_domains", domains),
        ..RulesChange::default()
    };
    let change = body.finish(Some(change))?;
    let (services, caller) = (&client.services, &client.caller);
    let issued = access_tokens::regenerate(services, caller, id, Some(change)).await?;
    let mut response = answer::private(StatusCode::OK);
    let text = shown(&issued);
    Ok(response.content_type("application/json").body(text.as_bytes().to_vec()))
}

/// The token, this once.
fn shown(Issued { access, expires_in, permissions, .. }: &Issued) -> Zeroizing<String> {
    let body = NewTokenDescription {
        access_token: access.expose().to_owned(),
        token_type: "Bearer",
        expires_in: *expires_in,
        permissions: permissions.as_str(),
    };
    Zeroizing::new(line(&body))
}
