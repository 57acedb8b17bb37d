//! `/metrics`, on a listener of its own: what operators may see, the service's visitors may not.
//!
//! Never: anything else here, or this on the service's own listener.

use std::{io, net::TcpListener, sync::Arc, time::Duration};

use actix_web::{
    App, HttpResponse, HttpServer, guard,
    http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE},
    web::{self, Data},
};

use super::Server;
use crate::{
    service::{Services, readings},
    telemetry::TEXT_FORMAT,
};

/// How long a client may take to send its request's head.
const SLOWEST_REQUEST: Duration = Duration::from_secs(5);

/// How many may be connected at once: some scrapers, and somebody who looks.
const CONNECTIONS: usize = 64;

/// How long a scrape in flight may take when the server stops, in seconds.
const SHUTDOWN_SECONDS: u64 = 1;

/// Starts serving metrics on `listener`.
///
/// # Errors
/// If the listener cannot be used.
pub fn start(services: Arc<Services>, listener: TcpListener) -> io::Result<Server> {
    let services = Data::from(services);
    let server = HttpServer::new(move || {
        let looked_at = || web::route().guard(guard::Any(guard::Get()).or(guard::Head()));
        let metrics = web::resource("/metrics")
            .route(looked_at().to(scrape))
            .default_service(web::to(only_to_look_at));
        App::new().app_data(services.clone()).service(metrics)
    })
    .workers(1)
    .max_connections(CONNECTIONS)
    .client_request_timeout(SLOWEST_REQUEST)
    .shutdown_timeout(SHUTDOWN_SECONDS)
    .disable_signals()
    .listen(listener)?
    .run();
    Ok(Server::spawn(server))
}

async fn scrape(services: Data<Services>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, TEXT_FORMAT))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(readings::metrics(&services).await)
}

async fn only_to_look_at() -> HttpResponse {
    HttpResponse::MethodNotAllowed().insert_header((ALLOW, "GET, HEAD")).finish()
}
