//! A small store behind the proxy: it tells what reached it, as JSON.

use std::net::TcpListener;

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    dev::ServerHandle,
    web::{Bytes, PayloadConfig, to},
};
use serde_json::{Map, Value, json};

/// A running store; it stops when dropped.
pub struct Store {
    pub address: String,
    handle: ServerHandle,
}

impl Store {
    /// Starts one at an address of its own.
    #[expect(clippy::unused_async, reason = "a server is started on the runtime one awaits on")]
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = HttpServer::new(|| {
            App::new().app_data(PayloadConfig::new(1 << 22)).default_service(to(echo))
        })
        .workers(1)
        .disable_signals()
        .shutdown_timeout(0)
        .listen(listener)
        .unwrap()
        .run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { address, handle }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

async fn echo(request: HttpRequest, body: Bytes) -> HttpResponse {
    let mut headers: Map<String, Value> = Map::new();
    for (name, value) in request.headers() {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        let all = headers.entry(name.as_str()).or_insert_with(|| json!([]));
        all.as_array_mut().unwrap().push(json!(value));
    }
    HttpResponse::Ok().json(json!({
        "store": true,
        "method": request.method().as_str(),
        "target": request.uri().path_and_query().map(ToString::to_string),
        "headers": headers,
        "length": body.len(),
        "body": String::from_utf8_lossy(&body[..body.len().min(200)]),
    }))
}
