//! An app that misbehaves below HTTP: bytes on a connection, with TLS or without.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

/// What it does with a connection.
#[derive(Clone)]
pub enum Manner {
    /// Hears something, says that, and closes.
    Says(Vec<u8>),
    /// Hears something, says the first, then the second again and again with a pause.
    Repeats(Vec<u8>, Vec<u8>, Duration),
    /// Says nothing and never closes.
    Silent,
    /// Closes at once, without a word.
    Closes,
}

impl Manner {
    /// Says that text.
    pub fn says(text: &str) -> Self {
        Self::Says(text.as_bytes().to_vec())
    }

    /// Says the first, then the second without end.
    pub fn repeats(first: &str, again: &str, pause: Duration) -> Self {
        Self::Repeats(first.as_bytes().to_vec(), again.as_bytes().to_vec(), pause)
    }
}

/// The running app.
pub struct RoughApp {
    address: SocketAddr,
    heard: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl RoughApp {
    /// Starts one; without TLS if there is no configuration for it.
    pub async fn start(tls: Option<ServerConfig>, manner: Manner) -> Self {
        Self::at("127.0.0.1:0", tls, manner).await
    }

    /// Starts one at that address.
    pub async fn at(address: &str, tls: Option<ServerConfig>, manner: Manner) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let (address, heard) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let task = tokio::spawn(serve(listener, tls, manner, Arc::clone(&heard)));
        Self { address, heard, task }
    }

    /// Its callback's address.
    pub fn url(&self) -> String {
        format!("https://localhost:{}/callback", self.port())
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// How many bytes it was told in plain (after TLS, if it speaks it).
    pub fn heard(&self) -> usize {
        self.heard.load(Ordering::SeqCst)
    }
}

impl Drop for RoughApp {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    listener: TcpListener,
    tls: Option<ServerConfig>,
    manner: Manner,
    heard: Arc<AtomicUsize>,
) {
    let acceptor = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, manner, heard) = (acceptor.clone(), manner.clone(), Arc::clone(&heard));
        tokio::spawn(async move {
            match acceptor {
                Some(acceptor) => {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        behave(stream, manner, &heard).await;
                    }
                }
                None => behave(stream, manner, &heard).await,
            }
        });
    }
}

async fn behave(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    manner: Manner,
    heard: &AtomicUsize,
) {
    let mut buffer = [0; 8192];
    if !matches!(manner, Manner::Closes | Manner::Silent) {
        heard.fetch_add(stream.read(&mut buffer).await.unwrap_or(0), Ordering::SeqCst);
    }
    match manner {
        Manner::Closes => {}
        Manner::Silent => std::future::pending().await,
        Manner::Says(text) => {
            let _ = stream.write_all(&text).await;
            let _ = stream.shutdown().await;
        }
        Manner::Repeats(first, again, pause) => {
            let mut next = stream.write_all(&first).await;
            while next.is_ok() {
                match pause {
                    Duration::ZERO => tokio::task::yield_now().await,
                    pause => tokio::time::sleep(pause).await,
                }
                next = stream.write_all(&again).await;
                let _ = stream.flush().await;
            }
        }
    }
}
