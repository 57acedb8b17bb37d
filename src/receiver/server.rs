//! Listens, and serves each connection on a task of its own.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use rustls::ServerConfig;
use tokio::{
    net::TcpListener,
    sync::{
        Semaphore,
        mpsc::{Receiver, channel},
    },
};
use tokio_rustls::TlsAcceptor;

use super::{Event, Options, connection, desk::Desk};

/// How many connections are open at once; more wait.
const MOST: usize = 256;

/// How many events may wait to be told; a callback waits for its place.
const WAITING: usize = 256;

/// A listening receiver.
pub struct Listening {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its `host:port` in callback URLs.
    pub host: String,
    /// What it has to tell, as it happens.
    pub events: Receiver<Event>,
}

/// Starts listening; serves until the process or the runtime ends.
///
/// # Errors
/// If the address cannot be listened at, or the file for bodies cannot be opened.
pub async fn listen(
    address: SocketAddr,
    tls: Arc<ServerConfig>,
    options: Options,
) -> io::Result<Listening> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let (sender, events) = channel(WAITING);
    let break_tls = options.break_tls;
    let host = own_host(address);
    let desk = Arc::new(Desk::open(host.clone(), options, sender)?);
    let places = Arc::new(Semaphore::new(MOST));
    let tls = TlsAcceptor::from(tls);
    tokio::spawn(async move {
        loop {
            let place = Arc::clone(&places).acquire_owned().await;
            // An accept fails when files run out, or when the client has gone: both pass.
            let Ok((stream, _)) = listener.accept().await else {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                continue;
            };
            let (tls, desk) = (tls.clone(), Arc::clone(&desk));
            tokio::spawn(async move {
                let _place = place;
                if break_tls {
                    connection::break_handshake(stream, desk).await;
                } else {
                    connection::serve(stream, tls, desk).await;
                }
            });
        }
    });
    Ok(Listening { address, host, events })
}

/// The name of this receiver in a URL.
fn own_host(address: SocketAddr) -> String {
    let ip = address.ip();
    let here = ip.is_unspecified() || ip == Ipv4Addr::LOCALHOST || ip == Ipv6Addr::LOCALHOST;
    if here { format!("localhost:{}", address.port()) } else { address.to_string() }
}
