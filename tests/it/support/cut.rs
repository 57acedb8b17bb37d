//! A way to a PostgreSQL server that can be cut: as a network is, as a server that is stopped.

use std::{path::PathBuf, sync::Arc};

use percent_encoding::percent_decode_str;
use tokio::{
    io::{AsyncRead, AsyncWrite, copy_bidirectional},
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};

/// What becomes of what is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Open,
    /// Connections are closed, new ones too.
    Cut,
    /// Nothing arrives any more, and nobody is told.
    Silent,
}

/// The way to one server; closed when dropped.
pub struct CutServer {
    /// The database's address by this way.
    pub url: String,
    way: watch::Sender<Way>,
    serving: JoinHandle<()>,
}

#[derive(Clone)]
enum Target {
    Socket(PathBuf),
    Address(String),
}

impl CutServer {
    /// A way to the database at `url`, open.
    pub async fn before(url: &str) -> Self {
        let (user, rest) = url.split_once("://").unwrap().1.split_once('@').unwrap();
        let (host, database) = rest.split_once('/').unwrap();
        let host = percent_decode_str(host).decode_utf8().unwrap().into_owned();
        let (name, port) = host.rsplit_once(':').unwrap_or((&host, "5432"));
        let target = if name.starts_with('/') {
            Target::Socket(PathBuf::from(name).join(format!(".s.PGSQL.{port}")))
        } else {
            Target::Address(format!("{name}:{port}"))
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (way, ways) = watch::channel(Way::Open);
        let serving = tokio::spawn(serve(listener, Arc::new(target), ways));
        Self { url: format!("postgres://{user}@{address}/{database}"), way, serving }
    }

    /// Closes what is open, and whatever comes.
    pub fn cut(&self) {
        self.way.send_replace(Way::Cut);
    }

    /// Lets nothing through any more, without a word.
    pub fn silence(&self) {
        self.way.send_replace(Way::Silent);
    }

    /// Lets everything through again.
    pub fn mend(&self) {
        self.way.send_replace(Way::Open);
    }
}

impl Drop for CutServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, target: Arc<Target>, ways: watch::Receiver<Way>) {
    let mut connections = JoinSet::new();
    loop {
        let (client, _) = listener.accept().await.unwrap();
        let (target, mut ways) = (Arc::clone(&target), ways.clone());
        connections.spawn(async move {
            if *ways.borrow_and_update() == Way::Silent {
                let _ = ways.wait_for(|way| *way != Way::Silent).await;
            }
            if *ways.borrow_and_update() == Way::Cut {
                return;
            }
            // A connection that breaks is the matter of its two ends.
            let _ = match &*target {
                Target::Socket(path) => pass(client, UnixStream::connect(path).await, ways).await,
                Target::Address(at) => pass(client, TcpStream::connect(at).await, ways).await,
            };
        });
    }
}

async fn pass(
    mut client: TcpStream,
    server: std::io::Result<impl AsyncRead + AsyncWrite + Unpin>,
    mut ways: watch::Receiver<Way>,
) -> std::io::Result<()> {
    let mut server = server?;
    loop {
        tokio::select! {
            done = copy_bidirectional(&mut client, &mut server) => return done.map(drop),
            changed = ways.wait_for(|way| *way != Way::Open) => match changed.map(|way| *way) {
                Ok(Way::Silent) => {}
                Ok(Way::Cut | Way::Open) | Err(_) => return Ok(()),
            },
        }
        if ways.wait_for(|way| *way != Way::Silent).await.map_or(true, |way| *way == Way::Cut) {
            return Ok(());
        }
    }
}
