//! The whole URL table.
//!
//! Under a public URL with a path prefix every route answers with and without it, since some proxies
//! strip it and some do not. `/verify` is asked about each request to the store's API: it stands first,
//! since routes are tried in order, and outside of the request log.

use std::collections::BTreeSet;

use actix_web::{
    HttpRequest, HttpResponse, guard,
    middleware::from_fn,
    web::{self, Data, Payload, ServiceConfig, route},
};

use super::{
    api,
    errors::{self, WebError},
    licenses, oauth2,
    pages::{admin, authorize, code_flow, connection, machine, session, setup},
    request_log, verify,
    visitor::{App, Visitor},
};

/// All routes, at `prefix` and at the root.
pub fn configure(config: &mut ServiceConfig, app: &Data<App>, prefix: &str) {
    let prefixes = BTreeSet::from(["", prefix]);
    for prefix in &prefixes {
        verify::configure(config, app, prefix);
    }
    for prefix in &prefixes {
        oauth2::configure_introspection(config, app, prefix);
    }
    for prefix in &prefixes {
        verify::configure_below(config, app, prefix);
    }
    let logged = web::scope("").wrap(from_fn(request_log::middleware));
    config.service(logged.configure(|config| everything_else(config, prefix)));
}

fn everything_else(config: &mut ServiceConfig, prefix: &str) {
    if !prefix.is_empty() {
        config
            .route(prefix, page(admin::home::root))
            .route(&oauth2::well_known(prefix), looked_at().to(oauth2::metadata))
            .service(web::scope(prefix).configure(table));
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
        .route("/openapi.json", looked_at().to(api::openapi))
        .configure(api::configure)
        .configure(oauth2::configure)
        .configure(licenses::configure)
        // The flow: every method, as in WooCommerce.
        .route("/wc-auth/v1/{route:.+}", page(authorize::dispatch))
        .route("/oauth2/authorize", page(code_flow::authorize))
        .route("/oauth2/login", page(code_flow::login))
        .route("/oauth2/decide", post_page(code_flow::decide))
        .route("/connections/{grant_id}", get_page(connection::show))
        .route("/connections/{grant_id}/retry", post_page(connection::retry))
        .route("/connections/{grant_id}/cancel", post_page(connection::cancel))
        // People.
        .route("/login", page(session::login))
        .route("/logout", post_page(session::logout))
        .route("/setup", page(setup::setup))
        .configure(looking_after_keys)
        .configure(looking_after_licenses)
        .configure(people_and_log)
        .route("/", page(admin::home::root));
}

/// Keys and apps, for those who look after them.
fn looking_after_keys(config: &mut ServiceConfig) {
    use admin::{app, home, key, key_edit, key_end, key_list, key_new, key_rules, rotate};
    config
        .route("/admin", get_page(home::home))
        .route("/admin/keys", get_page(key_list::list))
        .route("/admin/keys/search", post_page(key_list::search))
        .route("/admin/keys/revoke", post_page(key_end::several))
        .route("/admin/keys/new", page(key_new::new))
        .route("/admin/keys/{id}", get_page(key::show))
        .route("/admin/keys/{id}/edit", page(key_edit::edit))
        .route("/admin/keys/{id}/narrow", post_page(key::narrow))
        .route("/admin/keys/{id}/widen", post_page(key::widen))
        .route("/admin/keys/{id}/owner", page(key_edit::owner))
        .route("/admin/keys/{id}/revoke", page(key_end::one))
        .route("/admin/keys/{id}/deliveries/{delivery}/retry", post_page(key::retry_delivery))
        .route("/admin/keys/{id}/deliveries/{delivery}/cancel", post_page(key::cancel_delivery))
        .route("/admin/keys/{id}/rotate", page(rotate::rotate))
        .route("/admin/keys/{id}/rotate/retry", post_page(rotate::retry))
        .route("/admin/keys/{id}/rotate/cancel", post_page(rotate::cancel))
        .route("/admin/keys/{id}/rotate/end-old", post_page(rotate::end_old))
        .route("/admin/keys/{id}/rules", page(key_rules::rules))
        .configure(tokens_and_registered_apps)
        .route("/admin/apps", get_page(app::list))
        .route("/admin/apps/{host}", get_page(app::show))
        .route("/admin/apps/{host}/revoke", page(app::end));
}

/// Access tokens of keys, and the apps that get theirs by a user's approval.
fn tokens_and_registered_apps(config: &mut ServiceConfig) {
    use admin::registered_apps as apps;
    use admin::{key_token_new, key_tokens, registered_app_form, registered_app_new};
    config
        .route("/admin/keys/{id}/tokens", get_page(key_tokens::list))
        .route("/admin/keys/{id}/tokens/new", page(key_token_new::new))
        .route("/admin/keys/{id}/tokens/end", page(key_tokens::end_all))
        .route("/admin/keys/{id}/tokens/{token}/end", post_page(key_tokens::end_one))
        .route("/admin/registered-apps", get_page(apps::list))
        .route("/admin/registered-apps/new", page(registered_app_new::new))
        .route("/admin/registered-apps/{id}", get_page(apps::show))
        .route("/admin/registered-apps/{id}/edit", page(registered_app_form::edit));
}

/// Licenses, for those who look after them. What has a name stands before what has a number.
fn looking_after_licenses(config: &mut ServiceConfig) {
    use admin::licenses::{
        edit, end, export, import, license, list, new, product_form, products, settings,
    };
    config
        .route("/admin/licenses", get_page(list::list))
        .route("/admin/licenses/search", post_page(list::search))
        .route("/admin/licenses/new", page(new::new))
        .route("/admin/licenses/products", get_page(products::list))
        .route("/admin/licenses/products/new", page(product_form::new))
        .route("/admin/licenses/products/edit", page(product_form::edit))
        .route("/admin/licenses/products/delete", post_page(product_form::delete))
        .route("/admin/licenses/settings", page(settings::settings))
        .route("/admin/licenses/settings/store-code", post_page(settings::store_code))
        .route("/admin/licenses/settings/end-previous", post_page(settings::end_previous))
        .route("/admin/licenses/import", get_page(import::show))
        .route("/admin/licenses/import", route().guard(guard::Post()).to(import::take))
        .route("/admin/licenses/export", post_page(export::export))
        .route("/admin/licenses/{id}", get_page(license::show))
        .route("/admin/licenses/{id}/edit", page(edit::edit))
        .route("/admin/licenses/{id}/revoke", page(end::revoke))
        .route("/admin/licenses/{id}/restore", post_page(license::restore))
        .route("/admin/licenses/{id}/key", post_page(license::whole_key))
        .route(
            "/admin/licenses/{id}/activations/{activation}/end",
            post_page(license::end_activation),
        );
}

/// Users, one's own account, and the audit log.
fn people_and_log(config: &mut ServiceConfig) {
    use admin::{account, audit, export, leaving, token, user, user_list};
    config
        .route("/admin/users", get_page(user_list::list))
        .route("/admin/users/new", page(user_list::new))
        .route("/admin/users/{id}", page(user::user))
        .route("/admin/users/{id}/password", post_page(user::password))
        .route("/admin/users/{id}/enable", post_page(user::enable))
        .route("/admin/users/{id}/disable", page(leaving::disable))
        .route("/admin/users/{id}/delete", page(leaving::delete))
        .route("/admin/account", get_page(account::show))
        .route("/admin/account/password", post_page(account::password))
        .route("/admin/account/sessions/end", post_page(account::end_session))
        .route("/admin/account/sessions/end-others", post_page(account::end_others))
        .route("/admin/account/tokens", post_page(token::make))
        .route("/admin/account/tokens/{id}/end", post_page(token::end))
        .route("/admin/audit", get_page(audit::list))
        .route("/admin/audit/export", post_page(export::export));
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
