//! `appgrant serve`: the web server and the worker, until told to stop.

mod reload;
mod workers;

use std::{net::TcpListener, path::Path, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use tokio::time::timeout;

use super::{
    CliError, logging,
    signals::{ReloadSignals, StopSignals},
    startup,
};
use crate::{
    config::{SettingError, Settings, Values},
    fault,
    service::{Services, environment::SystemEntropy, installation, setup},
    web::{self, Site, TlsIdentity},
};
use reload::Reload;
use startup::World;
use workers::Workers;

/// A running service.
pub struct Running {
    /// The use cases, for programs that embed the service.
    pub services: Arc<Services>,
    site: Arc<ArcSwap<Site>>,
    tls: Option<Arc<TlsIdentity>>,
    server: web::Server,
    metrics: Option<web::Server>,
    workers: Workers,
    shutdown: Duration,
}

/// Runs until SIGTERM or SIGINT.
pub(super) async fn run(config: Option<&Path>, mut values: Values) -> Result<(), CliError> {
    let settings = Settings::read(&values)?;
    let (log, tracing) = logging::start(&settings, &SystemEntropy)?;
    let listener = TcpListener::bind(settings.listen).map_err(|e| {
        SettingError::about(
            "listen",
            format!("is {}, where nothing can listen: {e}", settings.listen),
        )
    })?;
    let (mut stops, mut reloads) = (StopSignals::hear()?, ReloadSignals::hear()?);
    let (front, world) = (Front::read(&settings)?, World::real());
    let services = startup::services(&settings, &world).await?;
    // Asked before anybody is let in: whoever gets an answer may rely on the service to stay.
    let news = News::ask(&services).await?;
    let mut running = front.open(&settings, listener, services, world.web_workers)?;
    announce(&settings, &news);
    let config = config.map(Path::to_owned);
    let (site, tls) = (Arc::clone(&running.site), running.tls.clone());
    let reload = Reload { config, log, site, tls };
    loop {
        tokio::select! {
            () = stops.next() => break,
            () = reloads.next() => values = reload.run(values),
            part = running.ended() => {
                return Err(CliError::new(format!("{part} ended by itself; the log tells more")));
            }
        }
    }
    tracing::info!("stopping");
    let finish = async {
        running.stop().await;
        tracing.end().await;
    };
    tokio::select! {
        () = finish => Ok(()),
        () = stops.next() => Err(CliError::new("told to stop twice, so nothing was finished")),
    }
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
    let front = Front::read(settings)?;
    let services = startup::services(settings, &world).await?;
    front.open(settings, listener, services, world.web_workers)
}

/// What people see first, read before anything is made.
struct Front {
    site: Arc<ArcSwap<Site>>,
    tls: Option<Arc<TlsIdentity>>,
}

impl Front {
    fn read(settings: &Settings) -> Result<Self, CliError> {
        let site = Arc::new(ArcSwap::from_pointee(reload::site(settings)?));
        let tls = settings.tls.as_ref().map(TlsIdentity::read).transpose();
        Ok(Self { site, tls: tls.map_err(reload::about_tls)? })
    }

    /// Lets people in.
    fn open(
        self,
        settings: &Settings,
        listener: TcpListener,
        services: Arc<Services>,
        web_workers: usize,
    ) -> Result<Running, CliError> {
        let Self { site, tls } = self;
        let options = web::Options {
            site: Arc::clone(&site),
            tls: tls.clone(),
            workers: web_workers,
            shutdown: settings.shutdown / 2,
        };
        let server = web::start(Arc::clone(&services), listener, options)
            .map_err(|error| CliError::new(format!("the web server cannot start: {error}")))?;
        let metrics = metrics(settings, &services)?;
        let workers = Workers::start(&services);
        let shutdown = settings.shutdown;
        Ok(Running { services, site, tls, server, metrics, workers, shutdown })
    }
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
            name = self.workers.ended() => name,
        }
    }

    /// Finishes the requests in flight, then the deliveries under way, and writes what waits: within
    /// the time that the settings give it. What is not finished then is lost to nobody: it is taken up
    /// by the next start, or another node.
    pub async fn stop(self) {
        self.services.health.stop();
        let finish = async {
            self.server.stop().await;
            self.workers.stop().await;
            // Last, so that the end can be watched.
            if let Some(metrics) = self.metrics {
                metrics.stop().await;
            }
        };
        if timeout(self.shutdown, finish).await.is_err() {
            tracing::warn!("not everything was finished in time; the next start goes on with it");
        }
    }
}

/// What the database has to say at a start.
struct News {
    /// When this store was copied to another database, if it was.
    copied: Option<String>,
    /// What makes the first admin, if there is no user yet.
    setup: Option<String>,
}

impl News {
    async fn ask(services: &Services) -> Result<Self, CliError> {
        fault::point("before-serving").await;
        let copied = installation::copied(services).await?;
        Ok(Self { copied, setup: setup::issue_token(services).await? })
    }
}

/// Says where the service is, what is unusual about it, and how to make the first admin.
fn announce(settings: &Settings, news: &News) {
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
    if let Some(at) = &news.copied {
        tracing::warn!(
            at,
            "this store was copied to another database; what happens here stays here"
        );
    }
    if let Some(token) = &news.setup {
        tracing::warn!("no user yet; make the first admin at {url}/setup?token={token}");
    }
}
