//! One line a request: id, method, path, status, time. Never the query, a header or a body.

use std::time::Instant;

use actix_web::{
    Error, HttpMessage,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderName, HeaderValue},
    middleware::Next,
};

use super::{
    request_id::RequestId,
    visitor::{self, App},
};
use crate::telemetry::Route;

/// Gives the request an id and logs how it went.
pub async fn middleware(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let app = visitor::app(request.request());
    let RequestId(id) = app.ids.next();
    request.extensions_mut().insert(RequestId(id.clone()));
    let (method, path) = (request.method().clone(), request.path().to_owned());
    let route = route(&app, &path);
    #[expect(clippy::disallowed_methods, reason = "a duration for the log, no time of day")]
    let start = Instant::now();
    let answer = next.call(request).await;
    let status = match &answer {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    let status = status.as_u16();
    let took = start.elapsed();
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    app.services.metrics.requests.answered(route, status, took);
    tracing::info!(request_id = id, %method, path, status, millis, "request");
    let mut response = answer?;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HeaderName::from_static("x-request-id"), value);
    }
    Ok(response)
}

/// What kind of page it is, whether the proxy strips the public URL's path or not.
fn route(app: &App, path: &str) -> Route {
    let site = app.site.load();
    Route::of(path.strip_prefix(site.public_url.prefix()).unwrap_or(path))
}
