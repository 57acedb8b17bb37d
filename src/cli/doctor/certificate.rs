//! Whether the service can end TLS itself with the files it is given, and for how long.
//!
//! Nothing is checked where a proxy ends TLS. Never: anything of a private key in a line.

use std::time::Duration;

use super::installation::Check;
use crate::{
    config::{Settings, TlsFiles},
    domain::timestamp::Timestamp,
    web::TlsIdentity,
};

/// How long before its end a certificate is worth a word; renewal usually comes at 30 days.
const SOON: Duration = Duration::from_hours(14 * 24);

/// One check, if there are such files.
pub(super) fn check(settings: &Settings, now: Timestamp) -> Option<Check> {
    settings.tls.as_ref().map(|files| look(files, now))
}

fn look(files: &TlsFiles, now: Timestamp) -> Check {
    let shown = files.certificate.display();
    let identity = match TlsIdentity::read(files) {
        Ok(identity) => identity,
        Err(error) => {
            let what = format!("APPGRANT_{} {error}.", error.setting().to_uppercase());
            return Check::failed("tls_certificate", what, "Name PEM files that belong together.");
        }
    };
    match identity.ends() {
        Some(end) if end <= now => Check::failed(
            "tls_certificate",
            format!("{shown} ended on {}.", end.to_date()),
            "Renew it, then send the service SIGHUP.",
        ),
        Some(end) if end.since(now) < SOON => Check::warning(
            "tls_certificate",
            format!("{shown} ends on {}.", end.to_date()),
            "Renew it, then send the service SIGHUP.",
        ),
        Some(end) => Check::ok("tls_certificate", format!("{shown} ends on {}.", end.to_date())),
        None => Check::warning(
            "tls_certificate",
            format!("When {shown} ends cannot be read."),
            "Look at it: openssl x509 -enddate -noout -in FILE.",
        ),
    }
}
