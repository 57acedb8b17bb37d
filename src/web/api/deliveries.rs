//! Deliveries over the API: lists, one with its attempts, hurry it, call it off.

use super::{
    answer::{self, Answer},
    client::Client,
    described::DeliveryListParams,
    page::DeliveryList,
    problem::Problem,
};
use crate::{
    domain::delivery::DeliveryState,
    service::{
        deliveries::{self, DeliveryFilter},
        views::{DeliveryDetailJson, DeliveryJson, words},
    },
};

/// Lists deliveries, newest first.
#[utoipa::path(get, path = "/api/v1/deliveries", tag = "deliveries", operation_id = "listDeliveries",
    params(DeliveryListParams),
    responses((status = 200, description = "A page of deliveries", body = DeliveryList)))]
pub async fn list(client: Client) -> Answer {
    let mut questions = client.questions();
    let filter = DeliveryFilter {
        key_id: questions.id("key_id"),
        grant_id: questions.text("grant_id"),
        state: questions.word("state", words::DeliveryState::ALL, DeliveryState::parse),
        since: questions.instant("since"),
    };
    let before = questions.place(|place| Some(place.to_owned()));
    let (limit, cursors) = (questions.limit(deliveries::PAGE), questions.cursors());
    questions.done()?;
    let page = deliveries::list(&client.services, &filter, before.as_deref(), limit).await?;
    answer::ok(&DeliveryList {
        data: page.deliveries.into_iter().map(DeliveryJson::from).collect(),
        next_cursor: page.next.map(cursors),
        partial: false,
    })
}

/// One delivery, with its attempts and their steps.
#[utoipa::path(get, path = "/api/v1/deliveries/{id}", tag = "deliveries", operation_id = "getDelivery",
    params(("id" = String, Path, description = "The delivery's id")),
    responses((status = 200, description = "The delivery", body = DeliveryDetailJson)))]
pub async fn show(client: Client) -> Answer {
    client.questions().done()?;
    shown(&client).await
}

/// Sends at once what waits for its next attempt.
#[utoipa::path(post, path = "/api/v1/deliveries/{id}/retry", tag = "deliveries",
    operation_id = "retryDelivery",
    params(("id" = String, Path, description = "The delivery's id")),
    responses(
        (status = 200, description = "The delivery as it is now", body = DeliveryDetailJson),
        (status = 403, description = "You may not decide about its key"),
        (status = 409, description = "It does not wait: it is being sent, or over"),
    ))]
pub async fn retry(client: Client) -> Answer {
    client.members_if_any()?.finish(Some(()))?;
    if !deliveries::retry(&client.services, &client.caller, client.name()).await? {
        let detail = "this delivery does not wait: it is being sent, or over";
        return Err(Problem::conflict("not_waiting", detail));
    }
    shown(&client).await
}

/// Calls a delivery off, and ends the key it would hand over.
#[utoipa::path(post, path = "/api/v1/deliveries/{id}/cancel", tag = "deliveries",
    operation_id = "cancelDelivery",
    params(("id" = String, Path, description = "The delivery's id")),
    responses(
        (status = 200, description = "The delivery as it is now", body = DeliveryDetailJson),
        (status = 403, description = "You may not decide about its key"),
        (status = 409, description = "It is over"),
    ))]
pub async fn cancel(client: Client) -> Answer {
    client.members_if_any()?.finish(Some(()))?;
    if !deliveries::cancel(&client.services, &client.caller, client.name()).await? {
        return Err(Problem::conflict("already_over", "this delivery is over"));
    }
    shown(&client).await
}

async fn shown(client: &Client) -> Answer {
    let delivery = deliveries::show(&client.services, client.name()).await?;
    answer::ok(&DeliveryDetailJson::from(delivery.ok_or_else(Problem::not_found)?))
}
