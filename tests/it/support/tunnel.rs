//! The TLS proxy in front of an app that speaks plain HTTP itself, as apps have one in earnest.
//!
//! It notes what passes on the way to the app, so that a test can send the very same again.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, OnceLock},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

use super::{Received, certificates::server_config};

#[derive(Default)]
struct Shared {
    app: OnceLock<SocketAddr>,
    passed: Mutex<Vec<Vec<u8>>>,
}

/// A listening proxy; it closes when dropped.
pub struct Tunnel {
    pub url: String,
    shared: Arc<Shared>,
    _serving: JoinSet<()>,
}

impl Tunnel {
    /// Listens at an address of its own, with a certificate for `localhost`.
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let acceptor = TlsAcceptor::from(Arc::new(server_config(&["localhost"])));
        let shared = Arc::new(Shared::default());
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, acceptor, Arc::clone(&shared)));
        Self { url, shared, _serving: serving }
    }

    /// Says where the app listens.
    pub fn lead_to(&self, app: SocketAddr) {
        self.shared.app.set(app).unwrap();
    }

    /// The requests that passed so far, one a connection.
    pub fn passed(&self) -> Vec<Received> {
        self.shared.passed.lock().unwrap().iter().map(|bytes| request(bytes)).collect()
    }
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (acceptor, shared) = (acceptor.clone(), Arc::clone(&shared));
        // A connection that breaks is the matter of its two ends.
        connections.spawn(async move { pass(acceptor, stream, &shared).await.is_ok() });
    }
}

async fn pass(acceptor: TlsAcceptor, stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let outside = acceptor.accept(stream).await?;
    let inside = TcpStream::connect(shared.app.get().expect("the app was started")).await?;
    let number = {
        let mut passed = shared.passed.lock().unwrap();
        passed.push(Vec::new());
        passed.len() - 1
    };
    let (from_store, to_store) = split(outside);
    let (from_app, to_app) = inside.into_split();
    let note = |bytes: &[u8]| shared.passed.lock().unwrap()[number].extend_from_slice(bytes);
    let (there, back) =
        tokio::join!(copy(from_store, to_app, note), copy(from_app, to_store, |_| {}));
    there.and(back)
}

async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    note: impl Fn(&[u8]),
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let bytes = match from.read(&mut buffer).await? {
            0 => return to.shutdown().await,
            size => &buffer[..size],
        };
        note(bytes);
        to.write_all(bytes).await?;
    }
}

/// Reads the one request of a connection.
fn request(bytes: &[u8]) -> Received {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let target = lines.next().unwrap().split(' ').nth(1).unwrap().to_owned();
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    Received { target, headers, body: body.to_owned() }
}
