//! Log lines on standard error, as text or JSON.

use std::io;

use tracing_subscriber::{EnvFilter, Registry, fmt, prelude::*, reload};

use super::CliError;
use crate::config::{LogFormat, SettingError, Settings};

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

/// Changes the filter of a process that logs.
pub struct Handle(reload::Handle<EnvFilter, Registry>);

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

/// Starts logging for this process.
///
/// # Errors
/// If the filter cannot be understood.
pub fn start(settings: &Settings) -> Result<Handle, CliError> {
    let (filter, handle) = reload::Layer::new(filter(settings)?);
    let registry = tracing_subscriber::registry().with(filter);
    let layer = fmt::layer().with_writer(io::stderr);
    let started = match settings.log_format {
        LogFormat::Text => registry.with(layer.with_ansi(false)).try_init(),
        LogFormat::Json => registry.with(layer.json().flatten_event(true)).try_init(),
    };
    started.map_err(|error| CliError::new(error.to_string()))?;
    Ok(Handle(handle))
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
