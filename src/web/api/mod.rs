//! The JSON API under `/api/v1`, for programs and for pages' scripts; described in OpenAPI 3.1 at
//! `/openapi.json`, out of the very handlers.
//!
//! Open `table` first: it is every address. A handler reads its request (`client`, `members`, `query`),
//! asks one use case of `service`, and answers with a view (`service::views`) or a problem. Rights are
//! judged in the use cases. Never: a secret in an answer but the one to a key's creation; an answer that
//! somebody in between may keep.

mod access_tokens;
mod answer;
mod audit;
mod client;
mod created;
mod deliveries;
mod described;
mod description;
mod export;
mod grants;
mod key_list;
mod key_rules;
mod keys;
mod licenses;
mod me;
mod members;
mod page;
mod problem;
mod query;
mod registered_apps;
mod resource;
mod rotation;
mod users;

use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, ServiceConfig, route},
};

pub use description::{description, openapi};
use problem::Problem;
use resource::Resource;

/// Registers the API.
pub fn configure(config: &mut ServiceConfig) {
    let api = web::scope("/api").configure(table);
    config.service(api.default_service(route().to(no_such_address)));
}

fn table(config: &mut ServiceConfig) {
    for resource in [
        Resource::at("/v1/me").get(me::show),
        Resource::at("/v1/keys").get(key_list::list).post(keys::create),
        Resource::at("/v1/keys/{id}").get(keys::show).patch(keys::change),
        Resource::at("/v1/keys/{id}/revoke").post(keys::revoke),
        Resource::at("/v1/keys/{id}/reassign").post(keys::reassign),
        Resource::at("/v1/keys/{id}/rotate").post(rotation::rotate),
        Resource::at("/v1/keys/{id}/end-previous-pair").post(rotation::end_previous),
        Resource::at("/v1/keys/{id}/history").get(keys::history),
        Resource::at("/v1/keys/{id}/rules").get(key_rules::show).patch(key_rules::change),
        Resource::at("/v1/keys/{id}/token").post(access_tokens::regenerate),
        Resource::at("/v1/keys/{id}/tokens").get(access_tokens::list),
        Resource::at("/v1/keys/{id}/tokens/revoke").post(access_tokens::revoke_all),
        Resource::at("/v1/keys/{id}/tokens/{token_id}/revoke").post(access_tokens::revoke),
        Resource::at("/v1/registered-apps")
            .get(registered_apps::list)
            .post(registered_apps::create),
        Resource::at("/v1/registered-apps/{id}")
            .get(registered_apps::show)
            .patch(registered_apps::change),
        Resource::at("/v1/registered-apps/{id}/connections").get(registered_apps::connections),
        Resource::at("/v1/grants").get(grants::list),
        Resource::at("/v1/grants/{id}").get(grants::show),
        Resource::at("/v1/apps").get(grants::list_apps),
        Resource::at("/v1/apps/{id}").get(grants::show_app),
        Resource::at("/v1/apps/{id}/revoke").post(grants::revoke_app),
        Resource::at("/v1/deliveries").get(deliveries::list),
        Resource::at("/v1/deliveries/{id}").get(deliveries::show),
        Resource::at("/v1/deliveries/{id}/retry").post(deliveries::retry),
        Resource::at("/v1/deliveries/{id}/cancel").post(deliveries::cancel),
        Resource::at("/v1/users").get(users::list).post(users::create),
        Resource::at("/v1/users/{id}").get(users::show).patch(users::change).delete(users::delete),
        Resource::at("/v1/users/{id}/password").post(users::set_password),
        Resource::at("/v1/users/{id}/disable").post(users::disable),
        Resource::at("/v1/users/{id}/enable").post(users::enable),
        Resource::at("/v1/tokens").get(me::tokens),
        Resource::at("/v1/tokens/{id}/revoke").post(me::revoke_token),
        Resource::at("/v1/audit").get(audit::list),
        Resource::at("/v1/audit/export").noted_get(audit::export),
    ] {
        config.service(resource.done());
    }
    licenses::table(config);
}

async fn no_such_address(request: HttpRequest) -> HttpResponse {
    Problem::not_found().render(&request)
}
