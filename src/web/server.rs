//! The HTTP server: started on a listener, stopped gracefully.

use std::{io, net::TcpListener, sync::Arc, time::Duration};

use actix_web::{App as ActixApp, HttpServer, dev::ServerHandle, web::Data};
use arc_swap::ArcSwap;
use tokio::task::JoinHandle;

use super::{request_id::RequestIds, routes, site::Site, tls::TlsIdentity, visitor::App};
use crate::service::Services;

/// How long a client may take to send its request's head, and for TLS before that.
const SLOWEST_REQUEST: Duration = Duration::from_secs(10);

/// A running server.
pub struct Server {
    handle: ServerHandle,
    task: JoinHandle<io::Result<()>>,
}

/// How to serve.
pub struct Options {
    /// The store as pages show it.
    pub site: Arc<ArcSwap<Site>>,
    /// The certificate, if TLS ends here.
    pub tls: Option<Arc<TlsIdentity>>,
    /// How many threads serve.
    pub workers: usize,
    /// How long requests in flight may take when the server stops. A browser may wait 10 s for a
    /// delivery.
    pub shutdown: Duration,
}

/// Starts serving on `listener`.
///
/// # Errors
/// If the listener or the certificate cannot be used.
pub fn start(
    services: Arc<Services>,
    listener: TcpListener,
    options: Options,
) -> io::Result<Server> {
    let Options { site, tls, workers, shutdown } = options;
    let prefix = site.load().public_url.prefix().to_owned();
    let app = Data::new(App { ids: Arc::new(RequestIds::new(&*services.entropy)), services, site });
    let server = HttpServer::new(move || {
        ActixApp::new()
            .app_data(app.clone())
            .configure(|config| routes::configure(config, &app, &prefix))
    })
    .workers(workers)
    .client_request_timeout(SLOWEST_REQUEST)
    .tls_handshake_timeout(SLOWEST_REQUEST)
    .shutdown_timeout(shutdown.as_secs().max(1))
    .disable_signals();
    let server = match tls.map(TlsIdentity::server_config) {
        Some(config) => server.listen_rustls_0_23(listener, config.map_err(io::Error::other)?)?,
        None => server.listen(listener)?,
    }
    .run();
    Ok(Server::spawn(server))
}

impl Server {
    /// Runs on a task of its own from now on.
    pub(super) fn spawn(server: actix_web::dev::Server) -> Self {
        Self { handle: server.handle(), task: tokio::spawn(server) }
    }

    /// Waits for the server to end, which it does not by itself.
    pub async fn ended(&mut self) {
        let _ = (&mut self.task).await;
    }

    /// Takes no new connections, lets requests in flight finish, then ends.
    pub async fn stop(self) {
        self.handle.stop(true).await;
        let _ = self.task.await;
    }
}
