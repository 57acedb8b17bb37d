//! A third-party app's HTTPS callback, which can behave in every way the tests need.

use std::{
    collections::VecDeque,
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex},
    time::Duration,
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    dev::ServerHandle,
    web::{Bytes, Data},
};
use tokio::{sync::Notify, time::timeout};

use appgrant::{
    domain::{
        api_request::{ApiRequest, Authorization},
        refusal::Refusal,
        signature::SignatureHeaders,
    },
    service::{
        Services,
        verify::{self, Identity},
    },
};

use super::certificates::server_config;

/// How the app reacts to one callback.
#[derive(Clone)]
pub enum Reaction {
    /// Answers with that status.
    Status(u16),
    /// Answers 200 after that time.
    After(Duration),
    /// Answers with a redirect to that address.
    Redirect(String),
    /// Answers 200 with that many bytes.
    Body(usize),
    /// Waits for `Receiver::let_go`, then answers with that status.
    Held(u16),
}

/// A callback as it arrived.
#[derive(Clone, Debug)]
pub struct Received {
    /// Path and query.
    pub target: String,
    /// Header names in lower case and values.
    pub headers: Vec<(String, String)>,
    /// The body as sent.
    pub body: String,
}

impl Received {
    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// A member of the body that is text.
    pub fn text(&self, member: &str) -> String {
        self.json()[member].as_str().unwrap().to_owned()
    }

    /// What the store says to a request with the received keys, as HTTP Basic.
    pub async fn judged(&self, services: &Services, method: &str) -> Result<Identity, Refusal> {
        let pair = format!("{}:{}", self.text("consumer_key"), self.text("consumer_secret"));
        let header = format!("Basic {}", data_encoding::BASE64.encode(pair.as_bytes()));
        let request = ApiRequest {
            authorization: Authorization::One(&header),
            ..ApiRequest::over_tls(method, "/wp-json/wc/v3/orders", "")
        };
        let verdict = verify::verify(services, &request).await.unwrap();
        verdict.identity().map(|identity| identity.expect("it presents a key").clone())
    }

    /// The headers of its signature.
    pub fn signature(&self) -> SignatureHeaders {
        SignatureHeaders {
            id: self.header("webhook-id").to_owned(),
            timestamp: self.header("webhook-timestamp").to_owned(),
            signature: self.header("webhook-signature").to_owned(),
        }
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }
}

#[derive(Default)]
struct State {
    reactions: Mutex<VecDeque<Reaction>>,
    received: Mutex<Vec<Received>>,
    arrived: Notify,
    released: Notify,
}

/// The running app.
pub struct Receiver {
    address: SocketAddr,
    state: Arc<State>,
    handle: ServerHandle,
}

impl Receiver {
    /// Starts an app that answers 200 to everything.
    pub async fn start() -> Self {
        Self::with_names(&["localhost", "127.0.0.1"]).await
    }

    /// Starts an app whose certificate holds those names.
    #[expect(clippy::unused_async, reason = "a server is started on the runtime one awaits on")]
    pub async fn with_names(names: &[&str]) -> Self {
        let state = Arc::new(State::default());
        let shared = Data::from(Arc::clone(&state));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = HttpServer::new(move || {
            App::new().app_data(shared.clone()).default_service(actix_web::web::to(receive))
        })
        .workers(1)
        .disable_signals()
        .shutdown_timeout(0)
        .listen_rustls_0_23(listener, server_config(names))
        .unwrap()
        .run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { address, state, handle }
    }

    /// The callback's address.
    pub fn url(&self) -> String {
        format!("https://{}/callback?a=1", self.host())
    }

    /// Host and port.
    pub fn host(&self) -> String {
        format!("localhost:{}", self.address.port())
    }

    /// The port alone.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// How it reacts next; after the last one it answers 200 again.
    pub fn will(&self, reactions: impl IntoIterator<Item = Reaction>) {
        self.state.reactions.lock().unwrap().extend(reactions);
    }

    /// Lets a held answer go.
    pub fn let_go(&self) {
        self.state.released.notify_one();
    }

    /// Everything that arrived so far.
    pub fn received(&self) -> Vec<Received> {
        self.state.received.lock().unwrap().clone()
    }

    /// Waits until that many callbacks have arrived; gives them all.
    pub async fn wait_for(&self, count: usize) -> Vec<Received> {
        let arrived = async {
            loop {
                let next = self.state.arrived.notified();
                if self.received().len() >= count {
                    return;
                }
                next.await;
            }
        };
        let done = timeout(Duration::from_secs(30), arrived).await;
        assert!(done.is_ok(), "{count} callbacks were expected, {} came", self.received().len());
        self.received()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

async fn receive(request: HttpRequest, body: Bytes, state: Data<State>) -> HttpResponse {
    let header = |(name, value): (
        &actix_web::http::header::HeaderName,
        &actix_web::http::header::HeaderValue,
    )| { (name.to_string(), value.to_str().unwrap_or("?").to_owned()) };
    let received = Received {
        target: request.uri().to_string(),
        headers: request.headers().iter().map(header).collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    state.received.lock().unwrap().push(received);
    state.arrived.notify_waiters();
    let reaction = state.reactions.lock().unwrap().pop_front().unwrap_or(Reaction::Status(200));
    let status = |code| HttpResponse::build(actix_web::http::StatusCode::from_u16(code).unwrap());
    match reaction {
        Reaction::Status(code) => status(code).body("the app says something"),
        Reaction::After(time) => {
            tokio::time::sleep(time).await;
            status(200).finish()
        }
        Reaction::Redirect(to) => status(302).insert_header(("Location", to)).finish(),
        Reaction::Body(size) => status(200).body(vec![b'x'; size]),
        Reaction::Held(code) => {
            state.released.notified().await;
            status(code).finish()
        }
    }
}
