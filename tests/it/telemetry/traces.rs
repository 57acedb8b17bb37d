//! Spans, as a collector gets them.

use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind};

use super::{
    collector::{Collector, attribute},
    story::{EMAIL, LOGIN, ORDERS, Story},
};
use crate::support::Question;

fn named<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    let names: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
    spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("no {name} in {names:?}"))
}

#[tokio::test]
async fn a_walk_leaves_spans_that_fit_together_and_tell_nothing_secret() {
    let collector = Collector::start();
    let mut story = Story::begin(&[("APPGRANT_OTLP_ENDPOINT", &collector.url)]).await;
    story.log_in().await;
    let pair = story.connect().await;
    story.verify(&pair).await;
    story.make_keys().await;
    story.browser.get("/connections/no-such?secret=in-the-query-of-the-story").await;
    story.keep("the query", "in-the-query-of-the-story");
    // What waits is sent at the end.
    assert_eq!(story.process.terminate(), Some(0), "{}", story.process.log());
    let (resource, spans) = collector.read();
    assert_eq!(attribute(&resource, "service.name"), "appgrant");
    assert_eq!(attribute(&resource, "service.version"), env!("CARGO_PKG_VERSION"));
    assert_eq!(attribute(&resource, "service.instance.id").len(), 32);

    let login = named(&spans, "POST /login");
    assert_eq!(login.kind, SpanKind::Server as i32);
    for (name, value) in [
        ("http.request.method", "POST"),
        ("http.route", "/login"),
        ("http.response.status_code", "200"),
    ] {
        assert_eq!(attribute(&login.attributes, name), value, "{name}");
    }
    assert_eq!(attribute(&login.attributes, "request_id").len(), 16);
    let children: Vec<_> = spans
        .iter()
        .filter(|span| span.parent_span_id == login.span_id && span.trace_id == login.trace_id)
        .map(|span| span.name.as_str())
        .collect();
    assert!(children.contains(&"argon2 verify"), "{children:?}");
    assert!(children.iter().any(|name| name.starts_with("login_failures.")), "{children:?}");

    let deliveries: Vec<_> = spans.iter().filter(|span| span.name == "delivery").collect();
    let outcomes: Vec<_> =
        deliveries.iter().map(|span| attribute(&span.attributes, "outcome")).collect();
    assert_eq!(outcomes, ["status", "delivered"]);
    assert_eq!(attribute(&deliveries[0].attributes, "server.address"), "localhost");
    assert_eq!(attribute(&deliveries[0].attributes, "attempt"), "1");
    assert_eq!(deliveries[0].kind, SpanKind::Client as i32);
    named(&spans, "GET /verify");

    let raw = collector.raw();
    assert_eq!(story.found_in(&raw), Vec::<&str>::new());
    for needle in [LOGIN, EMAIL, "127.", "callback?a", ORDERS, "My App"] {
        let found = raw.windows(needle.len()).any(|window| window == needle.as_bytes());
        assert!(!found, "{needle} stands in a trace");
    }
    for received in story.receiver.received() {
        assert!(received.header("traceparent").is_empty(), "apps are told nothing of traces");
    }
}

#[tokio::test]
async fn a_proxys_trace_goes_on_and_its_ids_stand_everywhere() {
    let collector = Collector::start();
    let settings =
        [("APPGRANT_OTLP_ENDPOINT", collector.url.as_str()), ("APPGRANT_LOG_FORMAT", "json")];
    let story = Story::begin(&settings).await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = "00f067aa0ba902b7";
    let request = story.browser.request(reqwest::Method::GET, "/login");
    let request = request.header("traceparent", format!("00-{trace}-{parent}-01"));
    let answer = story.browser.send(request.header("x-request-id", "of-the-proxy-1")).await;
    assert_eq!(answer.header("x-request-id"), "of-the-proxy-1");
    let spans = collector.wait_for("GET /login").await;
    let span = named(&spans, "GET /login");
    assert_eq!(data_encoding::HEXLOWER.encode(&span.trace_id), trace);
    assert_eq!(data_encoding::HEXLOWER.encode(&span.parent_span_id), parent);
    assert_eq!(attribute(&span.attributes, "request_id"), "of-the-proxy-1");
    let log = story.process.log();
    let line = log.lines().find(|line| line.contains("of-the-proxy-1")).unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(line["trace_id"], trace);
}

#[tokio::test]
async fn a_collector_that_is_away_is_told_of_once_and_stops_nobody() {
    let nobody = format!("http://{}", crate::support::own_address());
    let mut story = Story::begin(&[("APPGRANT_OTLP_ENDPOINT", &nobody)]).await;
    story.process.wait_for_log("traces cannot be sent and are dropped").await;
    let asked = (0..20).map(|_| async {
        Question::forwarded("GET", ORDERS).ask_at(&story.process.url).await.status
    });
    assert_eq!(futures_util::future::join_all(asked).await, [401; 20]);
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(story.process.terminate(), Some(0));
    assert_eq!(story.process.log().matches("traces cannot be sent").count(), 1);
}
