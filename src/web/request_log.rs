//! One line a request: method, path, status, time, and its id. Never the query, a header or a body.

use std::time::Instant;

use actix_web::{
    Error, HttpMessage,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderName, HeaderValue},
    middleware::Next,
};
use tracing::Instrument as _;

use super::{
    client_address,
    request_id::RequestId,
    request_span,
    visitor::{self, App},
};
use crate::domain::secret_like;
use crate::telemetry::{Route, traces};

/// Gives the request an id, counts it and logs how it went.
pub async fn middleware(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let app = visitor::app(request.request());
    let site = app.site.load();
    let is_proxy = client_address::is_from_proxy(request.request(), &site.trusted_proxies);
    let id = RequestId::of_proxy(request.headers(), is_proxy).unwrap_or_else(|| app.ids.next());
    request.extensions_mut().insert(id.clone());
    let span = request_span::begin(&id.0, request.headers(), is_proxy);
    let (method, path) =
        (request.method().clone(), secret_like::hidden(request.path()).into_owned());
    drop(site);
    let route = route(&app, &path);
    #[expect(clippy::disallowed_methods, reason = "a duration for the log, no time of day")]
    let start = Instant::now();
    let answer = next.call(request).instrument(span.clone()).await;
    let status = match &answer {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    let (status, took) = (status.as_u16(), start.elapsed());
    app.services.metrics.requests.answered(route, status, took);
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    span.in_scope(|| tracing::info!(%method, path, status, millis, "request"));
    if traces::trace_id(&span).is_some() {
        let template = answer.as_ref().ok().and_then(|answer| answer.request().match_pattern());
        request_span::end(&span, &method, template.as_deref(), status);
    }
    let mut response = answer?;
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert(HeaderName::from_static("x-request-id"), value);
    }
    Ok(response)
}

/// What kind of page it is, whether the proxy strips the public URL's path or not.
fn route(app: &App, path: &str) -> Route {
    let site = app.site.load();
    Route::of(path.strip_prefix(site.public_url.prefix()).unwrap_or(path))
}
