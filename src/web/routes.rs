//! The whole URL table.
//!
//! Under a public URL with a path prefix every route answers with and without it, since some proxies
//! strip it and some do not. `/verify` is asked about each request to the store's API: it stands first,
//! since routes are tried in order, and outside of the request log.

use actix_web::{
    HttpRequest, HttpResponse, guard,
    middleware::from_fn,
    web::{self, Data, Payload, ServiceConfig, route},
};

use super::{
    errors::{self, WebError},
    pages::{admin, authorize, connection, machine, session, setup},
    request_log, verify,
    visitor::{App, Visitor},
};

/// All routes, at `prefix` and at the root.
pub fn configure(config: &mut ServiceConfig, app: &Data<App>, prefix: &str) {
    verify::configure(config, app, "");
    if !prefix.is_empty() {
        verify::configure(config, app, prefix);
    }
    let logged = web::scope("").wrap(from_fn(request_log::middleware));
    config.service(logged.configure(|config| everything_else(config, prefix)));
}

fn everything_else(config: &mut ServiceConfig, prefix: &str) {
    if !prefix.is_empty() {
        config.route(prefix, page(admin::root)).service(web::scope(prefix).configure(table));
    }
    config.configure(table).default_service(page(|_| async { Err(WebError::NotFound) }));
}

fn table(config: &mut ServiceConfig) {
    config
        // For machines.
        .route("/healthz", looked_at().to(machine::healthz))
        .route("/readyz", looked_at().to(machine::readyz))
        .route("/.well-known/jwks.json", looked_at().to(machine::jwks))
        .route("/static/{name}", looked_at().to(machine::asset))
        // The flow: every method, as in WooCommerce.
        .route("/wc-auth/v1/{route:.+}", page(authorize::dispatch))
        .route("/connections/{grant_id}", get_page(connection::show))
        .route("/connections/{grant_id}/retry", post_page(connection::retry))
        .route("/connections/{grant_id}/cancel", post_page(connection::cancel))
        // People.
        .route("/login", page(session::login))
        .route("/logout", post_page(session::logout))
        .route("/setup", page(setup::setup))
        .route("/admin", get_page(admin::home))
        .route("/admin/keys/{id}/rotate", page(admin::rotate::rotate))
        .route("/admin/keys/{id}/rotate/retry", post_page(admin::rotate::retry))
        .route("/admin/keys/{id}/rotate/cancel", post_page(admin::rotate::cancel))
        .route("/admin/keys/{id}/rotate/end-old", post_page(admin::rotate::end_old))
        .route("/", page(admin::root));
}

/// GET and HEAD.
fn looked_at() -> actix_web::Route {
    route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// A page for every method.
fn page<H, F>(handler: H) -> actix_web::Route
where
    H: Fn(Visitor) -> F + Clone + 'static,
    F: Future<Output = Result<HttpResponse, WebError>> + 'static,
{
    route().to(move |request: HttpRequest, payload: Payload| {
        let handler = handler.clone();
        async move {
            let answer = async {
                let visitor = Visitor::meet(request.clone(), payload).await?;
                handler(visitor).await
            };
            answer.await.unwrap_or_else(|error| errors::render(&request, &error))
        }
    })
}

/// A page that is only looked at.
fn get_page<H, F>(handler: H) -> actix_web::Route
where
    H: Fn(Visitor) -> F + Clone + 'static,
    F: Future<Output = Result<HttpResponse, WebError>> + 'static,
{
    page(handler).guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// A form's target.
fn post_page<H, F>(handler: H) -> actix_web::Route
where
    H: Fn(Visitor) -> F + Clone + 'static,
    F: Future<Output = Result<HttpResponse, WebError>> + 'static,
{
    page(handler).guard(guard::Post())
}
