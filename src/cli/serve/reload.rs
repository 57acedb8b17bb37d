//! SIGHUP: what can change without a restart is read anew.
//!
//! That is: the log filter, what pages show of the store, whose `X-Forwarded-…` is believed, and the
//! TLS certificate. All of it is read and checked before any of it is used, so that a mistake changes
//! nothing but the log. The environment of a process stays what it was; so settings change by the file.

use std::{path::PathBuf, sync::Arc};

use arc_swap::ArcSwap;

use super::{CliError, logging, startup};
use crate::{
    config::{SettingError, Settings, Values},
    web::{Site, TlsIdentity},
};

/// The settings that a running service takes over.
const CHANGEABLE: [&str; 9] = [
    "accent_color",
    "client_domain_header",
    "keep_credentials",
    "log",
    "store_logo",
    "store_name",
    "tls_certificate_file",
    "tls_key_file",
    "trusted_proxies",
];

/// What SIGHUP changes.
pub struct Reload {
    /// The settings file named on the command line.
    pub config: Option<PathBuf>,
    /// The log's filter.
    pub log: logging::Handle,
    /// The store as pages show it.
    pub site: Arc<ArcSwap<Site>>,
    /// The certificate, if the service ends TLS itself.
    pub tls: Option<Arc<TlsIdentity>>,
}

impl Reload {
    /// Reads everything anew; logs what came of it. Gives the settings in force.
    pub fn run(&self, old: Values) -> Values {
        match self.read(&old) {
            Ok(in_force) => {
                tracing::info!("settings and certificate were read anew");
                in_force
            }
            Err(error) => {
                tracing::error!(%error, "settings stay as they were");
                old
            }
        }
    }

    fn read(&self, old: &Values) -> Result<Values, CliError> {
        let new = startup::values(self.config.as_deref())?;
        Settings::read(&new)?;
        let values = old.taking(&new, &CHANGEABLE);
        let settings = Settings::read(&values)?;
        let site = site(&settings)?;
        logging::filter(&settings)?;
        match (&self.tls, &settings.tls) {
            (Some(identity), Some(files)) => identity.renew(files).map_err(about_tls)?,
            (None, None) => {}
            _ => {
                let complaint = "cannot be switched on or off by a running service; restart it";
                return Err(SettingError::about("tls_certificate_file", complaint).into());
            }
        }
        self.site.store(Arc::new(site));
        if old.text_of("log") != values.text_of("log") {
            self.log.set(&settings)?;
        }
        for name in values.changed(&new) {
            tracing::warn!(setting = name, "changed in the file; it needs a restart");
        }
        Ok(values)
    }
}

/// The store as pages show it.
pub fn site(settings: &Settings) -> Result<Site, SettingError> {
    Site::new(settings).map_err(|error| SettingError::about("store_logo", error))
}

/// What is wrong with a certificate or its key.
pub fn about_tls(error: crate::web::TlsError) -> CliError {
    SettingError::about(error.setting(), &error).into()
}
