//! Log lines on standard error, as text or JSON.

use std::io;

use tracing_subscriber::{EnvFilter, filter::Directive, fmt, prelude::*};

use super::CliError;
use crate::config::{LogFormat, SettingError, Settings};

/// The PostgreSQL driver logs the values of queries at debug, hashes and sealed bytes among them.
fn quiet() -> Directive {
    "tokio_postgres=warn".parse().expect("it is a directive")
}

/// Starts logging for this process.
///
/// # Errors
/// If the filter cannot be understood.
pub fn start(settings: &Settings) -> Result<(), CliError> {
    let filter = EnvFilter::builder()
        .parse(&settings.log)
        .map_err(|error| SettingError::about("log", format!("cannot be understood: {error}")))?;
    let registry = tracing_subscriber::registry().with(filter.add_directive(quiet()));
    let layer = fmt::layer().with_writer(io::stderr);
    let started = match settings.log_format {
        LogFormat::Text => registry.with(layer.with_ansi(false)).try_init(),
        LogFormat::Json => registry.with(layer.json().flatten_event(true)).try_init(),
    };
    started.map_err(|error| CliError::new(error.to_string()))
}
