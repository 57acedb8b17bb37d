//! Traces by OpenTelemetry: spans of this program, sent to a collector over OTLP.
//!
//! Off unless a collector is named; then nothing here runs. What cannot be sent is dropped: the queue is
//! bounded and nobody waits for it. Only spans are sent, no log lines, which may name people. Never in an
//! attribute: a secret, a query, a header, a body, a login, an e-mail address or a client's address.

use std::time::Duration;

use opentelemetry::{
    KeyValue,
    propagation::{Extractor, TextMapPropagator},
    trace::{Status, TraceContextExt, TracerProvider},
};
use opentelemetry_http::HttpClient;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider},
};
use tracing::{Span, Subscriber, level_filters::LevelFilter};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{Layer, filter::filter_fn, registry::LookupSpan};

/// How many spans may wait to be sent; more are dropped.
const QUEUE: usize = 4_096;

/// How many are sent at once.
const BATCH: usize = 512;

/// How long spans gather.
const GATHER: Duration = Duration::from_secs(2);

/// Traces cannot be sent there.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NoTraces(String);

/// Where traces go.
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Sends spans to the collector whose traces are taken at `endpoint`; `instance` tells this process
    /// from others.
    ///
    /// # Errors
    /// If the address cannot be used.
    pub fn start(
        endpoint: &str,
        client: impl HttpClient + 'static,
        instance: String,
    ) -> Result<Self, NoTraces> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(endpoint)
            .with_retry_policy(opentelemetry_otlp::RetryPolicy::disabled())
            .build()
            .map_err(|error| NoTraces(error.to_string()))?;
        let config = BatchConfigBuilder::default()
            .with_max_queue_size(QUEUE)
            .with_max_export_batch_size(BATCH)
            .with_scheduled_delay(GATHER)
            .build();
        let resource = Resource::builder_empty()
            .with_service_name("appgrant")
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .with_attribute(KeyValue::new("service.instance.id", instance))
            .build();
        let processor = BatchSpanProcessor::builder(exporter).with_batch_config(config).build();
        let provider = SdkTracerProvider::builder()
            .with_resource(resource)
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOn)))
            .with_span_processor(processor);
        Ok(Self(provider.build()))
    }

    /// What makes spans of this program into traces, whatever the log's filter says.
    pub fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        let ours = filter_fn(|what| what.is_span() && what.target().starts_with("appgrant"));
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("appgrant"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(ours.with_max_level_hint(LevelFilter::DEBUG))
    }

    /// Sends what waits, for that long at most, and ends. Blocks.
    pub fn end(&self, longest: Duration) {
        // What was not sent is lost, as with a collector that is away.
        let _ = self.0.shutdown_with_timeout(longest);
    }
}

struct Traceparent<'a>(&'a str);

impl Extractor for Traceparent<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        (key == "traceparent").then_some(self.0)
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent"]
    }
}

/// Makes a span go on with the caller's trace (W3C Trace Context), if it names one; nothing where traces
/// are off.
pub fn continue_from(span: &Span, traceparent: Option<&str>) {
    if let Some(traceparent) = traceparent {
        let parent = TraceContextPropagator::new().extract(&Traceparent(traceparent));
        // It fails where traces are off.
        let _ = span.set_parent(parent);
    }
}

/// The id of the trace a span belongs to; nothing where traces are off.
pub fn trace_id(span: &Span) -> Option<String> {
    let context = span.context();
    let id = context.span().span_context().clone();
    id.is_valid().then(|| id.trace_id().to_string())
}

/// Renames a span once it is known what it is.
pub fn rename(span: &Span, name: String) {
    span.context().span().update_name(name);
}

/// Adds what is known of a span.
pub fn describe(span: &Span, key: &'static str, value: impl Into<opentelemetry::Value>) {
    span.set_attribute(key, value);
}

/// Marks a span as failed, for that reason.
pub fn failed(span: &Span, why: &'static str) {
    span.set_status(Status::error(""));
    span.set_attribute("error.type", why);
}
