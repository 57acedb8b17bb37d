//! A new pair of consumer key and secret for a key, and the end of the one before.

use std::time::Duration;

use actix_web::http::StatusCode;

use super::{
    answer::{self, Answer},
    client::Client,
    described::{CreatedKeyDescription, RotateBody, RotationJson},
    keys::shown,
    members,
};
use crate::service::{
    keys::{self, Rotated},
    views::KeyJson,
};

/// How long the pair until now goes on working, unless told otherwise, in hours.
const OVERLAP: i64 = 24;

/// Gives a key a new pair of consumer key and secret.
///
/// The pair of a key made by hand is in the answer, and in no other. The pair of an app's key is sent to
/// the callback that took the first one; until the app took it, everything is as it was. The pair until
/// now goes on working for the overlap.
#[utoipa::path(post, path = "/api/v1/keys/{id}/rotate", tag = "keys", operation_id = "rotateKey",
    params(("id" = i64, Path, minimum = 1, description = "The key's number")),
    request_body(content = RotateBody, description = "May be left out"),
    responses(
        (status = 200, description = "The key, with its new pair", body = CreatedKeyDescription),
        (status = 202, description = "The new pair is on its way to the app", body = RotationJson),
        (status = 403, description = "You may not do that to this key"),
        (status = 409, description = "The key does not work, has two pairs at present, or was changed"),
    ))]
pub async fn rotate(client: Client) -> Answer {
    let id = client.id()?;
    let mut body = client.members_if_any()?;
    let hours = body.optional("overlap_hours", |value| {
        let hours = members::whole_number(value).filter(|hours| (0..=168).contains(hours));
        hours.ok_or_else(|| "must be a whole number from 0 to 168".to_owned())
    });
    let hours = body.finish(Some(hours.unwrap_or(OVERLAP)))?;
    let overlap = Duration::from_hours(hours.unsigned_abs());
    let rotated = keys::rotate(&client.services, &client.caller, id, overlap).await?;
    let key = keys::show(&client.services, &client.caller, id).await?;
    match rotated {
        Rotated::Shown(made) => {
            let body = keys::with_pair(key, &made.credential);
            let mut response = answer::private(StatusCode::OK);
            Ok(response.content_type("application/json").body(body.to_vec()))
        }
        Rotated::Sent { grant_id, delivery_id } => {
            let sent = RotationJson { key: KeyJson::from(key), grant_id, delivery_id };
            Ok(answer::private(StatusCode::ACCEPTED).json(sent))
        }
    }
}

/// Ends the pair before a key's own at once.
#[utoipa::path(post, path = "/api/v1/keys/{id}/end-previous-pair", tag = "keys",
    operation_id = "endPreviousPair",
    params(("id" = i64, Path, minimum = 1, description = "The key's number")),
    responses(
        (status = 200, description = "The key as it is now", body = KeyJson),
        (status = 403, description = "You may not do that to this key"),
        (status = 409, description = "There is no pair before its own"),
    ))]
pub async fn end_previous(client: Client) -> Answer {
    let id = client.id()?;
    client.members_if_any()?.finish(Some(()))?;
    keys::end_previous(&client.services, &client.caller, id).await?;
    shown(&client, id).await
}
