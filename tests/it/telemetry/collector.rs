//! A collector of traces that keeps what it is sent.

use std::{
    net::TcpListener,
    sync::{Arc, Mutex},
    time::Duration,
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    dev::ServerHandle,
    web::{Bytes, Data, PayloadConfig},
};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest, common::v1::KeyValue,
    common::v1::any_value::Value, trace::v1::Span,
};
use prost::Message as _;

type Sent = Data<Mutex<Vec<(String, Vec<u8>)>>>;

/// A running collector.
pub struct Collector {
    pub url: String,
    sent: Sent,
    handle: ServerHandle,
}

impl Collector {
    pub fn start() -> Self {
        let sent: Sent = Data::from(Arc::new(Mutex::new(Vec::new())));
        let shared = sent.clone();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/otel", listener.local_addr().unwrap());
        let server = HttpServer::new(move || {
            App::new()
                .app_data(PayloadConfig::new(16 << 20))
                .app_data(shared.clone())
                .default_service(actix_web::web::to(take))
        });
        let server = server.workers(1).disable_signals().listen(listener).unwrap().run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { url, sent, handle }
    }

    /// Everything as it was sent.
    pub fn raw(&self) -> Vec<u8> {
        self.sent.lock().unwrap().iter().flat_map(|(_, body)| body.clone()).collect()
    }

    /// What it was sent: resources' attributes, and spans.
    pub fn read(&self) -> (Vec<KeyValue>, Vec<Span>) {
        let (mut attributes, mut spans) = (Vec::new(), Vec::new());
        for (path, body) in self.sent.lock().unwrap().iter() {
            assert_eq!(path, "/otel/v1/traces");
            let request = ExportTraceServiceRequest::decode(body.as_slice()).unwrap();
            for resource in request.resource_spans {
                attributes = resource.resource.unwrap().attributes;
                spans.extend(resource.scope_spans.into_iter().flat_map(|scope| scope.spans));
            }
        }
        (attributes, spans)
    }

    /// Waits for a span of that name.
    pub async fn wait_for(&self, name: &str) -> Vec<Span> {
        for _ in 0..200 {
            let (_, spans) = self.read();
            if spans.iter().any(|span| span.name == name) {
                return spans;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!(
            "no {name} in {:?}",
            self.read().1.iter().map(|span| &span.name).collect::<Vec<_>>()
        );
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

/// An attribute's text, or number as text; empty if it is not there.
pub fn attribute(attributes: &[KeyValue], name: &str) -> String {
    let found = attributes.iter().find(|attribute| attribute.key == name);
    match found.and_then(|found| found.value.clone()).and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        _ => String::new(),
    }
}

async fn take(request: HttpRequest, body: Bytes, sent: Sent) -> HttpResponse {
    assert_eq!(request.headers().get("content-type").unwrap(), "application/x-protobuf");
    sent.lock().unwrap().push((request.path().to_owned(), body.to_vec()));
    HttpResponse::Ok().content_type("application/x-protobuf").finish()
}
