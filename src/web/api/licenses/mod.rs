//! Licenses over the API: made, looked at, changed, taken back and given again; where they are activated; their
//! products; what holds for all of them; whole tables in and out.
//!
//! Open `table` first: it is every address. A module tree of its own beside keys, as everywhere; it uses what
//! any handler uses. Never: a whole license key in an answer, but to its creation, and where a manager asks for
//! it and the store keeps it.

mod activations;
mod body;
mod described;
mod problems;
mod products;
mod records;
mod settings;
mod states;
mod transfer;

use std::time::Duration;

use actix_web::web::ServiceConfig;
use utoipa::OpenApi;

use super::{client::BodyRoom, resource::Resource};
use crate::service::licenses::views;

/// What a table may hold that is sent in one piece.
const TABLE_ROOM: BodyRoom = BodyRoom { kib: 4 * 1024, time: Duration::from_mins(1) };

/// Registers the addresses.
pub fn table(config: &mut ServiceConfig) {
    for resource in [
        Resource::at("/v1/licenses").get(records::list).post(records::create),
        Resource::at("/v1/licenses/import").with_room(TABLE_ROOM).post(transfer::import),
        Resource::at("/v1/licenses/export").noted_get(transfer::export),
        Resource::at("/v1/licenses/{id}").get(records::show).patch(records::change),
        Resource::at("/v1/licenses/{id}/revoke").post(states::revoke),
        Resource::at("/v1/licenses/{id}/restore").post(states::restore),
        Resource::at("/v1/licenses/{id}/key").post(states::key),
        Resource::at("/v1/licenses/{id}/history").get(states::history),
        Resource::at("/v1/licenses/{id}/activations").get(activations::list),
        Resource::at("/v1/licenses/{id}/activations/{activation_id}").delete(activations::delete),
        Resource::at("/v1/license-products").get(products::list).post(products::create),
        Resource::at("/v1/license-products/{sku}")
            .get(products::show)
            .patch(products::change)
            .delete(products::delete),
        Resource::at("/v1/license-settings").get(settings::show).patch(settings::change),
    ] {
        config.service(resource.done());
    }
}

/// The description of these addresses.
#[derive(OpenApi)]
#[openapi(
    paths(
        records::list, records::create, records::show, records::change, states::revoke,
        states::restore, states::key, states::history, activations::list, activations::delete,
        transfer::import, transfer::export, products::list, products::create, products::show,
        products::change, products::delete, settings::show, settings::change,
    ),
    components(schemas(views::LicenseState, views::OfflineIntervals, views::LicenseErrors)),
    tags(
        (name = "licenses", description = "License keys: what customers bought, and where they use it"),
        (name = "license products", description = "What is sold under a SKU"),
        (name = "license settings", description = "What holds for all licenses"),
    ),
)]
pub struct Description;
