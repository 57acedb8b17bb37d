//! Keys over the API: list, look, make, change, end, give away, and what was done to one.

use serde_json::Value;

use super::{
    answer::{self, Answer},
    client::Client,
    created,
    described::{
        CreatedKeyDescription, CursorParam, KeyChangeBody, NewKeyBody, ReassignBody, RevokeBody,
    },
    members::{self, Wrong},
    page::AuditList,
};
use crate::{
    domain::{expiry, permissions::Permissions, timestamp::Timestamp},
    service::{
        audit,
        keys::{self, KeyChange, NewKeyRequest},
        views::{AuditRowJson, KeyJson, words},
    },
};

/// Makes a key.
///
/// It works at once. The answer is the only one that ever holds the secret. With the header
/// `Idempotency-Key`, sending the same request again within a day gives the same answer and makes
/// nothing.
#[utoipa::path(post, path = "/api/v1/keys", tag = "keys", operation_id = "createKey",
    request_body = NewKeyBody,
    responses(
        (status = 201, description = "The key, with its secret", body = CreatedKeyDescription,
            headers(
                ("Location" = String, description = "Where the key stands"),
                ("Idempotent-Replayed" = String, description = "`true` if an earlier request made it"),
            )),
        (status = 403, description = "You may not make keys, or not for that user"),
    ))]
pub async fn create(client: Client) -> Answer {
    let mut body = client.members()?;
    let now = client.services.now();
    let description = body.required("description", members::text);
    let permissions = body.required("permissions", permissions);
    let owner_id = body.optional("owner_id", members::id).or(client.caller.actor.user_id());
    let expires_at = body.nullable("expires_at", |value| end(value, now)).flatten();
    let request = (|| {
        let (description, permissions) = (description?, permissions?);
        Some(NewKeyRequest { owner_id: owner_id?, description, permissions, expires_at })
    })();
    let request = body.finish(request)?;
    let once = client.once()?;
    let made = keys::create_once(&client.services, &client.caller, request, once).await?;
    created::answer(&client, "/keys", made)
}

/// One key.
#[utoipa::path(get, path = "/api/v1/keys/{id}", tag = "keys", operation_id = "getKey",
    params(("id" = i64, Path, minimum = 1, description = "The key's number")),
    responses((status = 200, description = "The key", body = KeyJson)))]
pub async fn show(client: Client) -> Answer {
    client.questions().done()?;
    shown(&client, client.id()?).await
}

/// Changes a key.
///
/// Description, permissions, or end. A change to what it is already changes nothing.
#[utoipa::path(patch, path = "/api/v1/keys/{id}", tag = "keys", operation_id = "changeKey",
    params(("id" = i64, Path, minimum = 1, description = "The key's number")),
    request_body = KeyChangeBody,
    responses(
        (status = 200, description = "The key as it is now", body = KeyJson),
        (status = 403, description = "You may not change this key, or not in that way"),
        (status = 409, description = "The key is over, or somebody else changed it at the same time"),
    ))]
pub async fn change(client: Client) -> Answer {
    let id = client.id()?;
    let now = client.services.now();
    let mut body = client.members()?;
    let change = KeyChange {
        description: body.optional("description", members::text),
        permissions: body.optional("permissions", permissions),
        expires_at: body.nullable("expires_at", |value| end(value, now)),
    };
    let change = body.finish(Some(change))?;
    keys::change(&client.services, &client.caller, id, change).await?;
    shown(&client, id).await
}

/// Ends a key.
///
/// At once, and for good: a key that was ended cannot come back.
#[utoipa::path(post, path = "/api/v1/keys/{id}/revoke", tag = "keys", operation_id = "revokeKey",
    params(("id" = i64, Path, minimum = 1, description = "The key's number")),
    request_body(content = RevokeBody, description = "May be left out"),
    responses(
        (status = 200, description = "The key as it is now", body = KeyJson),
        (status = 403, description = "You may not end this key"),
        (status = 409, description = "It was ended before, or changed at the same time"),
    ))]
pub async fn revoke(client: Client) -> Answer {
    let id = client.id()?;
    let mut body = client.members_if_any()?;
    let reason = body.optional("reason", members::text);
    let reason = body.finish(Some(reason.unwrap_or_default()))?;
    keys::revoke(&client.services, &client.caller, id, &reason).await?;
    shown(&client, id).await
}

/// Gives a key to another user.
///
/// From then on it acts for that user. For admins.
#[utoipa::path(post, path = "/api/v1/keys/{id}/reassign", tag = "keys", operation_id = "reassignKey",
    params(("id" = i64, Path, minimum = 1, description = "The key's number")),
    request_body = ReassignBody,
    responses(
        (status = 200, description = "The key as it is now", body = KeyJson),
        (status = 403, description = "Only admins give keys away"),
        (status = 409, description = "The key is over, or changed at the same time"),
    ))]
pub async fn reassign(client: Client) -> Answer {
    let id = client.id()?;
    let mut body = client.members()?;
    let to = body.required("owner_id", members::id);
    let to = body.finish(to)?;
    keys::reassign(&client.services, &client.caller, id, to).await?;
    shown(&client, id).await
}

/// What was done to a key, newest first.
///
/// From which address and in which request is told to admins and managers alone.
#[utoipa::path(get, path = "/api/v1/keys/{id}/history", tag = "keys", operation_id = "getKeyHistory",
    params(("id" = i64, Path, minimum = 1, description = "The key's number"), CursorParam),
    responses((status = 200, description = "Rows of the audit log", body = AuditList)))]
pub async fn history(client: Client) -> Answer {
    let id = client.id()?;
    let mut questions = client.questions();
    let before = questions.place(|place| place.parse().ok());
    let cursors = questions.cursors();
    questions.done()?;
    let audit::AuditPage { rows, next, walked_far } =
        keys::history(&client.services, &client.caller, id, before).await?;
    answer::ok(&AuditList {
        data: rows.into_iter().map(AuditRowJson::from).collect(),
        next_cursor: next.map(|seq| cursors(seq.to_string())),
        partial: walked_far,
    })
}

/// The key as it is now.
pub async fn shown(client: &Client, id: i64) -> Answer {
    let key = keys::show(&client.services, &client.caller, id).await?;
    answer::ok(&KeyJson::from(key))
}

/// What a key may do.
///
/// # Errors
/// If it is none of the words.
pub fn permissions(value: &Value) -> Result<Permissions, Wrong> {
    members::word(words::Permissions::ALL, Permissions::parse)(value)
}

/// An end in the future.
///
/// # Errors
/// If it is none.
pub fn end(value: &Value, now: Timestamp) -> Result<Timestamp, Wrong> {
    let text = value.as_str().ok_or("must be a text, or null for no end")?;
    expiry::parse(text, now).map_err(|error| error.to_string())
}
