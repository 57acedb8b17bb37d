//! Where a license is activated, over the API.

use super::{
    super::{
        answer::{self, Answer},
        client::Client,
        described::{CursorParam, LimitParam},
    },
    described::ActivationList,
};
use crate::service::licenses::{self, views::ActivationJson};

/// How many activations a page has, unless told otherwise.
const PAGE: usize = 50;

/// Lists where a license is activated, newest first.
#[utoipa::path(get, path = "/api/v1/licenses/{id}/activations", tag = "licenses",
    operation_id = "listActivations",
    params(
        ("id" = i64, Path, minimum = 1, description = "The license's number"),
        LimitParam, CursorParam,
    ),
    responses((status = 200, description = "A page of activations", body = ActivationList)))]
pub async fn list(client: Client) -> Answer {
    let id = client.id()?;
    let mut questions = client.questions();
    let before = questions.place(|place| place.parse().ok());
    let (limit, cursors) = (questions.limit(PAGE), questions.cursors());
    questions.done()?;
    let (services, caller) = (&client.services, &client.caller);
    let (found, next) = licenses::activations(services, caller, id, (before, limit)).await?;
    answer::ok(&ActivationList {
        data: found.into_iter().map(ActivationJson::from).collect(),
        next_cursor: next.map(|id| cursors(id.to_string())),
        partial: false,
    })
}

/// Takes an activation away.
///
/// Its place is free at once. The program that has its id is told that it is wrong when it next asks.
#[utoipa::path(delete, path = "/api/v1/licenses/{id}/activations/{activation_id}", tag = "licenses",
    operation_id = "deleteActivation",
    params(
        ("id" = i64, Path, minimum = 1, description = "The license's number"),
        ("activation_id" = i64, Path, minimum = 1, description = "The activation's id"),
    ),
    responses(
        (status = 204, description = "It is gone"),
        (status = 403, description = "You may not take activations away"),
    ))]
pub async fn delete(client: Client) -> Answer {
    let (id, activation_id) = (client.id()?, client.number("activation_id")?);
    client.questions().done()?;
    licenses::deactivate_by_hand(&client.services, &client.caller, id, activation_id).await?;
    answer::done()
}
