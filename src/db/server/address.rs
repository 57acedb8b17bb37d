//! Reads `postgres://…` with libpq's parameters for TLS in it.
//!
//! The rest is tokio-postgres' own: hosts, `connect_timeout`, `target_session_attrs`, `options`, … A
//! parameter that nobody knows is an error, so that no misspelt `sslmode` passes in silence.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;

use super::{DbError, tls::Mode};

/// An address, taken apart.
pub struct Address {
    /// What tokio-postgres understands.
    pub config: Config,
    /// How much TLS is asked for.
    pub mode: Mode,
    /// The files that TLS needs.
    pub files: Files,
}

/// The files that TLS needs, as the address names them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// Roots that sign the server's certificate; `system` for the system's own.
    pub roots: Option<PathBuf>,
    /// The certificate this client shows.
    pub certificate: Option<PathBuf>,
    /// That certificate's private key.
    pub key: Option<PathBuf>,
}

impl Address {
    /// Takes an address apart.
    ///
    /// # Errors
    /// [`DbError::Address`] with the parameter that is wrong; never with its value.
    pub fn read(url: &str) -> Result<Self, DbError> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut mode, mut files, mut others) = (None, Files::default(), Vec::new());
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let text = percent_decode_str(value).decode_utf8();
            let text = text.map_err(|_| wrong(format!("its {name} is not UTF-8")))?;
            let path = Some(PathBuf::from(&*text)).filter(|path| !path.as_os_str().is_empty());
            match name {
                "sslmode" => mode = Some(Mode::parse(&text)?),
                "sslrootcert" => files.roots = path,
                "sslcert" => files.certificate = path,
                "sslkey" => files.key = path,
                _ if KNOWN.contains(&name) => others.push(parameter),
                // It may be the rest of a password with an unencoded `?`, which nobody should read.
                _ if name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
                    && name.len() < 24 =>
                {
                    return Err(wrong(format!("{name} is no parameter of it")));
                }
                _ => return Err(wrong("it has a parameter that there is not".into())),
            }
        }
        let rest = format!("{base}?{}", others.join("&"));
        let config = rest.parse().map_err(|error: tokio_postgres::Error| {
            wrong(format!("it cannot be understood: {}", super::whole(&error)))
        })?;
        Ok(Self { config, mode: effective(mode, &files)?, files })
    }
}

/// What tokio-postgres understands.
const KNOWN: [&str; 15] = [
    "application_name",
    "channel_binding",
    "connect_timeout",
    "dbname",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "load_balance_hosts",
    "options",
    "port",
    "target_session_attrs",
    "tcp_user_timeout",
];

/// What libpq makes of it: roots that are named are used with `require` too, and the system's roots,
/// which sign for everybody, are good for nothing less than `verify-full`.
fn effective(mode: Option<Mode>, files: &Files) -> Result<Mode, DbError> {
    let system = files.roots.as_ref().is_some_and(|path| path.as_os_str() == "system");
    match (mode, system) {
        (None, true) | (Some(Mode::VerifyFull), _) => Ok(Mode::VerifyFull),
        (Some(_), true) => Err(wrong("sslrootcert=system needs sslmode=verify-full".into())),
        (Some(Mode::Require), false) if files.roots.is_some() => Ok(Mode::VerifyCa),
        (mode, false) => Ok(mode.unwrap_or(Mode::Prefer)),
    }
}

pub(super) fn wrong(complaint: String) -> DbError {
    DbError::Address(complaint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Address, String> {
        let read = Address::read(&format!("postgres://u:hunter2@db.example/shop{query}"));
        read.map_err(|error| error.to_string())
    }

    #[test]
    fn modes_mean_what_libpq_means() {
        for (query, mode) in [
            ("", Mode::Prefer),
            ("?sslmode=disable", Mode::Disable),
            ("?sslmode=allow", Mode::Allow),
            ("?sslmode=prefer", Mode::Prefer),
            ("?sslmode=require", Mode::Require),
            ("?sslmode=require&sslrootcert=/ca.pem", Mode::VerifyCa),
            ("?sslmode=verify-ca", Mode::VerifyCa),
            ("?sslmode=verify-full&sslrootcert=/ca.pem", Mode::VerifyFull),
            ("?sslrootcert=system", Mode::VerifyFull),
            ("?sslmode=verify-full&sslrootcert=system", Mode::VerifyFull),
        ] {
            assert_eq!(read(query).map(|address| address.mode), Ok(mode), "{query}");
        }
    }

    #[test]
    fn files_are_taken_out_and_the_rest_is_left() {
        let query = "?connect_timeout=3&sslcert=/a%20b.pem&sslkey=/k.pem&sslrootcert=/r.pem";
        let address = read(query).unwrap();
        let path = |text: &str| Some(PathBuf::from(text));
        let files =
            Files { roots: path("/r.pem"), certificate: path("/a b.pem"), key: path("/k.pem") };
        assert_eq!(address.files, files);
        assert_eq!(address.config.get_connect_timeout().unwrap().as_secs(), 3);
        assert_eq!(address.config.get_dbname(), Some("shop"));
    }

    #[test]
    fn what_is_wrong_is_named_and_the_password_is_not() {
        for (query, says) in [
            ("?sslmode=verify_full", "sslmode"),
            ("?sslmode=", "sslmode"),
            ("?sslmod=require", "sslmod is no parameter"),
            ("?Hunter2hunter2", "a parameter that there is not"),
            ("?sslmode=require&sslrootcert=system", "verify-full"),
            ("?connect_timeout=soon", "connect_timeout"),
            ("?sslcert=%ff", "sslcert"),
        ] {
            let complaint = read(query).err().unwrap();
            assert!(complaint.contains(says) && !complaint.contains("hunter2"), "{complaint}");
        }
        let broken = Address::read("postgres://u:hunter2@db.example:port/shop").err().unwrap();
        assert!(!broken.to_string().contains("hunter2"), "{broken}");
    }
}
