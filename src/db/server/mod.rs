//! A PostgreSQL server: how its address is read, and how a connection to it is made.
//!
//! Spoken in Rust (tokio-postgres), with TLS by rustls: nothing of libpq is needed to build or to run.
//! But people write addresses for libpq, so what it knows about TLS is understood as it means it:
//! <https://www.postgresql.org/docs/current/libpq-ssl.html>. tokio-postgres knows less of it, so those
//! parameters are taken out of the address first.
//!
//! Every connection is limited: in how long it takes to be made, and in how long the server works at
//! one statement. A connection on which a query gave no answer in time is thrown away, never used again.
//! Never: a password in an error.

mod address;
mod listener;
mod tls;
mod verifier;

use std::{sync::Arc, time::Duration};

use diesel::ConnectionError;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use rustls::ClientConfig;
use tokio::time::timeout;
use tokio_postgres::{
    Config, NoTls,
    config::{Host, SslMode},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::DbError;
use address::Address;

pub use listener::Listener;

/// How long a connection may take to be made, unless the address says otherwise.
pub const CONNECT: Duration = Duration::from_secs(5);

/// How long a query may go without an answer, from the first statement to the last of a transaction.
/// Longer than the server's own limit for one statement, which ends it better.
pub const ANSWER: Duration = Duration::from_secs(15);

/// What every connection asks of the server: to end statements that take too long and transactions that
/// somebody left, so that neither holds locks for long.
const LIMITS: &str = "SET statement_timeout = '10s'; SET lock_timeout = '5s'; \
                      SET idle_in_transaction_session_timeout = '30s';";

/// A server, as its address describes it. Cheap to clone.
#[derive(Clone)]
pub struct Server(Arc<Inner>);

struct Inner {
    /// What is tried, one after the other: `allow` and `prefer` settle for less.
    tries: Vec<Config>,
    tls: MakeRustlsConnect,
    connect: Duration,
}

impl Server {
    /// Reads an address; reads the files it names.
    ///
    /// # Errors
    /// [`DbError::Address`] with what is wrong in it.
    pub fn new(url: &str) -> Result<Self, DbError> {
        let Address { mut config, mode, files } = Address::read(url)?;
        let tls: ClientConfig = tls::client(mode, &files)?;
        if config.get_application_name().is_none() {
            config.application_name("appgrant");
        }
        notice_silence(&mut config);
        let each = *config.get_connect_timeout().unwrap_or(&CONNECT);
        config.connect_timeout(each);
        // As in libpq, TLS is nothing for a socket's file. An address beside it would be dialled instead.
        let hosts = config.get_hosts();
        let sockets = hosts.iter().filter(|host| matches!(host, Host::Unix(_))).count();
        let on_socket = sockets > 0 && sockets == hosts.len() && config.get_hostaddrs().is_empty();
        if hosts.is_empty() && mode.needs_tls() {
            return Err(address::wrong("sslmode asks for TLS, which needs the host's name".into()));
        }
        let connect = each * u32::try_from(hosts.len().max(1)).unwrap_or(u32::MAX);
        let modes = if on_socket { &[SslMode::Disable] } else { mode.tries() };
        let tries = modes.iter().map(|mode| config.clone().ssl_mode(*mode).clone()).collect();
        Ok(Self(Arc::new(Inner { tries, tls: MakeRustlsConnect::new(tls), connect })))
    }

    /// A connection with the limits of every query.
    ///
    /// # Errors
    /// If the server cannot be reached or refuses.
    pub async fn connect(&self) -> Result<AsyncPgConnection, ConnectionError> {
        let mut conn = self.connect_unlimited().await?;
        let limited = timeout(self.0.connect, conn.batch_execute(LIMITS)).await;
        match limited.map_err(|_| silent())? {
            Ok(()) => Ok(conn),
            Err(error) => Err(ConnectionError::CouldntSetupConfiguration(error)),
        }
    }

    /// A connection whose statements may take their time: for migrations and copies.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub async fn connect_unlimited(&self) -> Result<AsyncPgConnection, ConnectionError> {
        let mut refusals = Vec::new();
        for config in &self.0.tries {
            // A server that says nothing says nothing in the next way either.
            match timeout(self.0.connect, self.dial(config)).await.map_err(|_| silent())? {
                Ok(conn) => return Ok(conn),
                Err(error) => refusals.push(error.to_string()),
            }
        }
        refusals.dedup();
        Err(ConnectionError::BadConnection(refusals.join("; and then: ")))
    }

    async fn dial(&self, config: &Config) -> Result<AsyncPgConnection, ConnectionError> {
        let refused = |error: tokio_postgres::Error| ConnectionError::BadConnection(whole(&error));
        if config.get_ssl_mode() == SslMode::Disable {
            let (client, connection) = config.connect(NoTls).await.map_err(refused)?;
            return AsyncPgConnection::try_from_client_and_connection(client, connection).await;
        }
        let (client, connection) = config.connect(self.0.tls.clone()).await.map_err(refused)?;
        AsyncPgConnection::try_from_client_and_connection(client, connection).await
    }
}

/// Lets the kernel notice a server that vanished, unless the address says how.
fn notice_silence(config: &mut Config) {
    let defaults = Config::new();
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(ANSWER);
    }
    if config.get_keepalives_idle() == defaults.get_keepalives_idle() {
        config.keepalives_idle(Duration::from_secs(30));
    }
    if config.get_keepalives_interval().is_none() && config.get_keepalives_retries().is_none() {
        config.keepalives_interval(Duration::from_secs(5)).keepalives_retries(3);
    }
}

fn silent() -> ConnectionError {
    ConnectionError::BadConnection("the server does not answer".into())
}

/// An error with what caused it, on one line.
fn whole(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| {
        let cause = cause.to_string();
        if text.contains(&cause) { text } else { format!("{text}: {cause}") }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is dialled, and whether a connection in plain is possible at all.
    fn modes(url: &str) -> Result<Vec<SslMode>, String> {
        let server = Server::new(url).map_err(|error| error.to_string())?;
        Ok(server.0.tries.iter().map(Config::get_ssl_mode).collect())
    }

    #[test]
    fn who_asks_for_tls_never_speaks_in_plain() {
        let require = Ok(vec![SslMode::Require]);
        for (at, asked) in [
            ("u@db.example/s?sslmode=require", require.clone()),
            ("u@%2Frun%2Fpg,db.example/s?sslmode=require", require.clone()),
            ("u@%2Frun%2Fpg/s?hostaddr=192.0.2.1&sslmode=require", require),
            ("u@%2Frun%2Fpg/s?sslmode=require", Ok(vec![SslMode::Disable])),
        ] {
            assert_eq!(modes(&format!("postgres://{at}")), asked, "{at}");
        }
        let nameless = "postgres://u:hunter2@/s?hostaddr=192.0.2.1&sslmode=require";
        let complaint = modes(nameless).unwrap_err();
        assert!(complaint.contains("needs the host's name"), "{complaint}");
    }

    #[test]
    fn each_host_has_its_time_and_the_address_may_say_how_long() {
        let of = |url: &str| Server::new(url).unwrap().0.connect.as_secs();
        assert_eq!(of("postgres://u@a.example/s"), 5);
        assert_eq!(of("postgres://u@a.example,b.example/s?connect_timeout=3"), 6);
    }
}
