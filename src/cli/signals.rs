//! What the operating system tells the process. Heard from the beginning on, not from the first wait.

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::CliError;

/// SIGTERM and SIGINT: stop.
pub struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// Hears them from now on.
    ///
    /// # Errors
    /// If the system does not let signals be heard.
    pub fn hear() -> Result<Self, CliError> {
        Ok(Self {
            terminate: hear(SignalKind::terminate())?,
            interrupt: hear(SignalKind::interrupt())?,
        })
    }

    /// Waits for the next.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// SIGHUP: read settings anew. From when this is made on, it does not end the process.
pub struct ReloadSignals(Signal);

impl ReloadSignals {
    /// Hears them from now on.
    ///
    /// # Errors
    /// If the system does not let signals be heard.
    pub fn hear() -> Result<Self, CliError> {
        hear(SignalKind::hangup()).map(Self)
    }

    /// Waits for the next.
    pub async fn next(&mut self) {
        let _ = self.0.recv().await;
    }
}

fn hear(kind: SignalKind) -> Result<Signal, CliError> {
    signal(kind).map_err(|error| CliError::new(format!("signals cannot be heard: {error}")))
}
