//! Deliveries for people who look after keys: lists, one with its attempts, hurry it, call it off.
//!
//! The manager who just approved waits in `delivery_watch`; here everybody else looks, with the rights
//! one has to the key. Everybody who is logged in may look.

use super::{
    ServiceError, Services,
    caller::Caller,
    delivery_watch::{self, Attempt},
    keys::{self, KeyError},
};
pub use crate::db::outcomes::{DeliveryFilter, DeliveryPage, DeliveryView};
use crate::{db, domain::access::KeyAction};

/// How many deliveries a page has, unless asked for fewer or more.
pub const PAGE: usize = 50;

/// A part of the list of deliveries, newest first.
///
/// # Errors
/// If the database gives no answer.
pub async fn list(
    services: &Services,
    filter: &DeliveryFilter,
    before: Option<&str>,
    limit: usize,
) -> Result<DeliveryPage, ServiceError> {
    Ok(db::read!(services.db, delivery_list::page(filter, before, limit))?)
}

/// A delivery with its attempts, oldest first.
///
/// # Errors
/// If the database gives no answer.
pub async fn show(
    services: &Services,
    id: &str,
) -> Result<Option<(DeliveryView, Vec<Attempt>)>, ServiceError> {
    Ok(db::read!(services.db, delivery_list::find(id))?)
}

/// Sends at once what waits for its next attempt; whether it waited.
///
/// # Errors
/// If there is no such delivery, or the caller may not end its key.
pub async fn retry(services: &Services, caller: &Caller, id: &str) -> Result<bool, KeyError> {
    let delivery = permitted(services, caller, id).await?;
    Ok(delivery_watch::send_now(services, caller, &delivery.id, &delivery.grant_id).await?)
}

/// Calls a delivery off, and ends the key or drops the pair it would hand over; whether it was not over.
///
/// # Errors
/// If there is no such delivery, or the caller may not end its key.
pub async fn cancel(services: &Services, caller: &Caller, id: &str) -> Result<bool, KeyError> {
    let delivery = permitted(services, caller, id).await?;
    Ok(delivery_watch::call_off(services, caller, &delivery.id, &delivery.grant_id).await?)
}

async fn permitted(
    services: &Services,
    caller: &Caller,
    id: &str,
) -> Result<DeliveryView, KeyError> {
    let (delivery, _) = show(services, id).await?.ok_or(KeyError::Unknown)?;
    keys::permitted(services, caller, delivery.key_id, &[KeyAction::Revoke]).await?;
    Ok(delivery)
}
