//! Log lines on standard error, as text or JSON.

use std::io;

use tracing_subscriber::{EnvFilter, fmt, prelude::*};

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

/// Starts logging for this process.
///
/// # Errors
/// If the filter cannot be understood.
pub fn start(settings: &Settings) -> Result<(), CliError> {
    let filter = QUIET
        .iter()
        .filter_map(|directive| directive.parse().ok())
        .fold(filter(settings)?, EnvFilter::add_directive);
    let registry = tracing_subscriber::registry().with(filter);
    let layer = fmt::layer().with_writer(io::stderr);
    let started = match settings.log_format {
        LogFormat::Text => registry.with(layer.with_ansi(false)).try_init(),
        LogFormat::Json => registry.with(layer.json().flatten_event(true)).try_init(),
    };
    started.map_err(|error| CliError::new(error.to_string()))
}

/// The filter of the settings.
///
/// # Errors
/// If it cannot be understood.
pub fn filter(settings: &Settings) -> Result<EnvFilter, SettingError> {
    EnvFilter::builder()
        .parse(&settings.log)
        .map_err(|error| SettingError::about("log", format!("cannot be understood: {error}")))
}
