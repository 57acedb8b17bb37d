//! The span of a request: what its log lines and its trace have in common.
//!
//! Why at level `error`: a span that the log's filter leaves out would leave its id out of the errors
//! logged within it.

use actix_web::http::{Method, header::HeaderMap};
use tracing::{Span, field::Empty};

use crate::telemetry::traces;

/// The span of a request of that id. Only a trusted proxy's trace is gone on with.
pub fn begin(id: &str, headers: &HeaderMap, is_proxy: bool) -> Span {
    let span =
        tracing::error_span!("request", otel.kind = "server", request_id = id, trace_id = Empty);
    let parent = headers.get("traceparent").filter(|_| is_proxy);
    traces::continue_from(&span, parent.and_then(|value| value.to_str().ok()));
    if let Some(trace_id) = traces::trace_id(&span) {
        span.record("trace_id", trace_id);
    }
    span
}

/// Says what the request was and how it ended; `route` is the template, never the path.
pub fn end(span: &Span, method: &Method, route: Option<&str>, status: u16) {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    let word = known.into_iter().find(|known| *known == method.as_str());
    let name = [Some(word.unwrap_or("HTTP")), route].into_iter().flatten();
    traces::rename(span, name.collect::<Vec<_>>().join(" "));
    traces::describe(span, "http.request.method", word.unwrap_or("_OTHER"));
    traces::describe(span, "http.response.status_code", i64::from(status));
    if let Some(route) = route {
        traces::describe(span, "http.route", route.to_owned());
    }
    if status >= 500 {
        traces::failed(span, if status == 503 { "503" } else { "500" });
    }
}
