//! Log lines on standard error, as text or JSON, and traces to a collector if one is named.

use std::time::Duration;

use tokio::runtime;
use tracing_subscriber::{EnvFilter, Registry, prelude::*, reload};

use super::CliError;
use crate::{
    config::{LogFormat, SettingError, Settings},
    domain::entropy::{Entropy, random},
    outbound::Collector,
    telemetry::{Form, LogLines, Traces},
};

/// Parts whose lines nobody should read, whatever the filter says. The PostgreSQL driver writes the
/// values of queries at debug, hashes and sealed bytes among them; actix calls each malformed request
/// of a stranger an error, and tells about its threads; the verifier of certificates writes out every
/// name in one, which may be a stranger's 50 000 characters.
const QUIET: [&str; 4] = [
    "tokio_postgres=warn",
    "actix_http::h1::dispatcher=off",
    "actix_server=warn",
    "rustls_platform_verifier=off",
];

/// How long traces may take to be sent at the end.
const FLUSH: Duration = Duration::from_secs(2);

/// Changes the filter of a process that logs.
pub struct Handle(reload::Handle<EnvFilter, Registry>);

/// The traces of a process that may send some.
pub struct Tracing(Option<Traces>);

/// Starts logging for this process, and traces.
///
/// # Errors
/// If the filter cannot be understood, or traces cannot be sent.
pub fn start(settings: &Settings, entropy: &dyn Entropy) -> Result<(Handle, Tracing), CliError> {
    let (filter, handle) = reload::Layer::new(filter(settings)?);
    let traces = traces(settings, entropy)?;
    let form = match settings.log_format {
        LogFormat::Text => Form::Text,
        LogFormat::Json => Form::Json,
    };
    tracing_subscriber::registry()
        .with(LogLines(form).with_filter(filter))
        .with(traces.as_ref().map(Traces::layer))
        .try_init()
        .map_err(|error| CliError::new(error.to_string()))?;
    Ok((Handle(handle), Tracing(traces)))
}

impl Handle {
    /// Logs by the settings' filter from now on.
    ///
    /// # Errors
    /// If it cannot be understood; then the old one stays.
    pub fn set(&self, settings: &Settings) -> Result<(), CliError> {
        let filter = filter(settings)?;
        self.0.reload(filter).map_err(|error| CliError::new(error.to_string()))
    }
}

impl Tracing {
    /// Sends the traces that wait. To be called last.
    pub async fn end(self) {
        if let Some(traces) = self.0 {
            let _ = tokio::task::spawn_blocking(move || traces.end(FLUSH)).await;
        }
    }
}

/// The filter of the settings, which keeps [`QUIET`] quiet.
///
/// # Errors
/// If it cannot be understood.
pub fn filter(settings: &Settings) -> Result<EnvFilter, SettingError> {
    let filter = EnvFilter::builder()
        .parse(&settings.log)
        .map_err(|error| SettingError::about("log", format!("cannot be understood: {error}")))?;
    let quiet = QUIET.iter().filter_map(|directive| directive.parse().ok());
    Ok(quiet.fold(filter, EnvFilter::add_directive))
}

fn traces(settings: &Settings, entropy: &dyn Entropy) -> Result<Option<Traces>, CliError> {
    let Some(endpoint) = &settings.otlp_endpoint else { return Ok(None) };
    let about =
        |error: String| SettingError::about("otlp_endpoint", format!("cannot be used: {error}"));
    let url = format!("{}/v1/traces", endpoint.as_str().trim_end_matches('/'));
    let collector = Collector::new(runtime::Handle::current()).map_err(about)?;
    let instance = data_encoding::HEXLOWER.encode(&random::<16>(entropy));
    let traces = Traces::start(&url, collector, instance);
    Ok(Some(traces.map_err(|error| about(error.to_string()))?))
}
