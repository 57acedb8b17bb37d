//! `appgrant serve`: the web server and the worker, until told to stop.

use std::{net::TcpListener, sync::Arc};

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
    task::JoinHandle,
};

use super::{CliError, logging, startup};
use crate::{
    config::{SettingError, Settings, Values},
    service::{Services, deliver::Lane, environment::SystemEntropy, setup},
    web::{self, Site},
    worker::{delivery, key_changes, last_uses, upkeep},
};
use startup::World;

/// A running service.
pub struct Running {
    /// The use cases, for programs that embed the service.
    pub services: Arc<Services>,
    server: web::Server,
    metrics: Option<web::Server>,
    deliveries: JoinHandle<()>,
    events: JoinHandle<()>,
    upkeep: JoinHandle<()>,
    key_changes: JoinHandle<()>,
    last_uses: JoinHandle<()>,
    stop_workers: watch::Sender<bool>,
}

/// Runs until SIGTERM or SIGINT.
pub(super) async fn run(values: &Values) -> Result<(), CliError> {
    let settings = Settings::read(values)?;
    let logging = logging::start(&settings, &SystemEntropy)?;
    let listener = TcpListener::bind(settings.listen).map_err(|e| {
        SettingError::about(
            "listen",
            format!("is {}, where nothing can listen: {e}", settings.listen),
        )
    })?;
    let stop = stop_signal()?;
    let mut running = start(&settings, listener, World::real()).await?;
    announce(&settings, &running).await?;
    tokio::select! {
        () = stop => {}
        part = running.ended() => {
            return Err(CliError::new(format!("{part} ended by itself; the log tells more")));
        }
    }
    tracing::info!("stopping");
    running.stop().await;
    logging.end().await;
    Ok(())
}

/// Starts the service on a listener.
///
/// # Errors
/// One line about what is not as it must be.
pub async fn start(
    settings: &Settings,
    listener: TcpListener,
    world: World,
) -> Result<Running, CliError> {
    let site = Site::new(settings).map_err(|error| SettingError::about("store_logo", error))?;
    let services = startup::services(settings, &world).await?;
    let server = web::start(Arc::clone(&services), Arc::new(site), listener, world.web_workers)
        .map_err(|error| CliError::new(format!("the web server cannot start: {error}")))?;
    let metrics = metrics(settings, &services)?;
    let (stop_workers, stopped) = watch::channel(false);
    Ok(Running {
        deliveries: tokio::spawn(delivery::run(
            Arc::clone(&services),
            Lane::Pairs,
            stopped.clone(),
        )),
        events: tokio::spawn(delivery::run(Arc::clone(&services), Lane::Events, stopped.clone())),
        upkeep: tokio::spawn(upkeep::run(Arc::clone(&services), stopped.clone())),
        key_changes: tokio::spawn(key_changes::run(Arc::clone(&services), stopped.clone())),
        last_uses: tokio::spawn(last_uses::run(Arc::clone(&services), stopped)),
        services,
        server,
        metrics,
        stop_workers,
    })
}

/// The listener of the metrics, if there shall be one.
fn metrics(settings: &Settings, services: &Arc<Services>) -> Result<Option<web::Server>, CliError> {
    let Some(address) = settings.metrics_listen else { return Ok(None) };
    let failed = |error| {
        let complaint = format!("is {address}, where nothing can listen: {error}");
        CliError::from(SettingError::about("metrics_listen", complaint))
    };
    let listener = TcpListener::bind(address).map_err(failed)?;
    web::metrics::start(Arc::clone(services), listener).map(Some).map_err(failed)
}

impl Running {
    /// Waits for a part to end that should not, and names it.
    async fn ended(&mut self) -> &'static str {
        tokio::select! {
            () = self.server.ended() => "the web server",
            _ = &mut self.deliveries => "the delivery worker",
            _ = &mut self.events => "the worker that sends events",
            _ = &mut self.upkeep => "the worker that looks after keys",
            _ = &mut self.key_changes => "the worker that hears of changed keys",
            _ = &mut self.last_uses => "the worker that notes uses",
        }
    }

    /// Finishes the requests in flight, then the deliveries under way, and writes what waits.
    pub async fn stop(self) {
        self.server.stop().await;
        let _ = self.stop_workers.send(true);
        let workers = [self.deliveries, self.events, self.upkeep, self.key_changes, self.last_uses];
        for worker in workers {
            let _ = worker.await;
        }
        // Last, so that the end can be watched.
        if let Some(metrics) = self.metrics {
            metrics.stop().await;
        }
    }
}

/// Says where the service is, what is unusual about it, and how to make the first admin.
async fn announce(settings: &Settings, running: &Running) -> Result<(), CliError> {
    let url = settings.public_url.as_str();
    tracing::info!(listen = %settings.listen, public_url = url, "AppGrant is running");
    if !settings.public_url.is_secure() && !settings.public_url.is_loopback() {
        tracing::warn!(
            public_url = url,
            "browsers come without TLS: passwords can be read on the way"
        );
    }
    if !settings.callback_allow_networks.is_empty() {
        let networks = format!("{:?}", settings.callback_allow_networks);
        tracing::warn!(networks, "callbacks may reach these networks");
    }
    if let Some(token) = setup::issue_token(&running.services).await? {
        tracing::warn!("no user yet; make the first admin at {url}/setup?token={token}");
    }
    Ok(())
}

/// Ends with the first SIGTERM or SIGINT. Listens from now on, not from the first poll.
pub(super) fn stop_signal() -> Result<impl Future<Output = ()>, CliError> {
    let failed = |error: std::io::Error| CliError::new(format!("signals cannot be heard: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
