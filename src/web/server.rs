//! The HTTP server: started on a listener, stopped gracefully.

use std::{io, net::TcpListener, sync::Arc, time::Duration};

use actix_web::{App as ActixApp, HttpServer, dev::ServerHandle, web::Data};
use tokio::task::JoinHandle;

use super::{request_id::RequestIds, routes, site::Site, visitor::App};
use crate::service::Services;

/// How long requests in flight may take when the server stops, in seconds; longer than a browser waits
/// for a delivery.
const SHUTDOWN_SECONDS: u64 = 15;

/// How long a client may take to send its request's head.
const SLOWEST_REQUEST: Duration = Duration::from_secs(10);

/// A running server.
pub struct Server {
    handle: ServerHandle,
    task: JoinHandle<io::Result<()>>,
}

/// Starts serving on `listener` with that many worker threads.
///
/// # Errors
/// If the listener cannot be used.
pub fn start(
    services: Arc<Services>,
    site: Arc<Site>,
    listener: TcpListener,
    workers: usize,
) -> io::Result<Server> {
    let prefix = site.public_url.prefix().to_owned();
    let app = Data::new(App { ids: Arc::new(RequestIds::new(&*services.entropy)), services, site });
    let server = HttpServer::new(move || {
        ActixApp::new()
            .app_data(app.clone())
            .configure(|config| routes::configure(config, &app, &prefix))
    })
    .workers(workers)
    .client_request_timeout(SLOWEST_REQUEST)
    .shutdown_timeout(SHUTDOWN_SECONDS)
    .disable_signals()
    .listen(listener)?
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
