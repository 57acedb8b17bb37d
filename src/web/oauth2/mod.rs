//! OAuth 2.0's endpoints for programs: token, introspection, revocation, metadata (docs/oauth2.md).
//!
//! Each reads its request (`form`), finds out who asks (`credentials`), asks one use case, and answers in
//! the RFC's JSON (`answer`). The pages for people stand in `pages/code_flow.rs`. Introspection is asked about
//! each request by some stores, so it stands beside `/verify`, outside of the request log.
//!
//! Never: a page, a cookie, a redirect, an answer that somebody in between may keep.

mod answer;
mod credentials;
mod form;
mod introspect;
mod metadata;
mod purewl;
mod revoke;
mod token;

use actix_web::{
    HttpRequest, HttpResponse, guard,
    web::{self, Data, Payload, ServiceConfig, route},
};

use super::visitor::App;
pub use metadata::{issuer, metadata, well_known};

/// Registers what stands in the request log.
pub fn configure(config: &mut ServiceConfig) {
    for path in ["/oauth2/token", "/token"] {
        config.service(only_post(path, token::token));
    }
    for path in ["/oauth2/revoke", "/revoke"] {
        config.service(only_post(path, revoke::revoke));
    }
    config
        .service(
            web::resource("/auth/v1/accessToken")
                .route(web::post().to(purewl::access_token))
                .default_service(route().to(purewl::wrong_method)),
        )
        .service(
            web::resource(metadata::PATH)
                .route(looked_at().to(metadata::metadata))
                .default_service(route().to(|| async { answer::only("GET, HEAD") })),
        );
}

/// Registers introspection, which is asked often.
pub fn configure_introspection(config: &mut ServiceConfig, app: &Data<App>, prefix: &str) {
    introspect::configure(config, app, prefix);
}

fn looked_at() -> actix_web::Route {
    route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

fn only_post<H, F>(path: &str, handler: H) -> actix_web::Resource
where
    H: Fn(HttpRequest, Payload) -> F + Clone + 'static,
    F: Future<Output = HttpResponse> + 'static,
{
    web::resource(path)
        .route(web::post().to(handler))
        .default_service(route().to(|| async { answer::only("POST") }))
}
