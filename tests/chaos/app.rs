//! The apps: one HTTPS server whose paths are the callbacks of all apps of a round.
//!
//! It speaks HTTP by hand, since no server library breaks the protocol in the ways that are needed.

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::Instant,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::{
    fate::{ConnectionFate, RequestFate},
    plan::dice,
    support::server_config,
};

/// A callback that was read to its end.
#[derive(Clone)]
pub struct Callback {
    pub path: String,
    pub webhook_id: String,
    pub body: String,
    /// Whether the app answered 2xx, or tried to.
    pub taken: bool,
    /// From the first byte of the request, as far as that is known here, to the answer or to the end of
    /// the connection.
    pub began: Instant,
    pub ended: Option<Instant>,
}

/// The running apps of a round.
pub struct Apps {
    port: u16,
    state: Arc<State>,
    accepting: JoinHandle<()>,
}

struct State {
    seed: u64,
    right: TlsAcceptor,
    wrong: TlsAcceptor,
    callbacks: Mutex<Vec<Callback>>,
}

impl Apps {
    pub async fn start(seed: u64) -> Self {
        let acceptor = |name| TlsAcceptor::from(Arc::new(server_config(&[name])));
        let (right, wrong) = (acceptor("localhost"), acceptor("elsewhere.example"));
        let state = Arc::new(State { seed, right, wrong, callbacks: Mutex::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let accepting = tokio::spawn(accept(listener, Arc::clone(&state)));
        Self { port, state, accepting }
    }

    /// The callback's address of the app with that number.
    pub fn callback_url(&self, app: usize) -> String {
        format!("https://localhost:{}{}", self.port, callback_path(app))
    }

    /// Every callback so far, in the order of arrival.
    pub fn callbacks(&self) -> Vec<Callback> {
        self.state.callbacks.lock().unwrap().clone()
    }
}

impl Drop for Apps {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

pub fn callback_path(app: usize) -> String {
    format!("/callback/{app}")
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    for number in 0.. {
        let Ok((stream, _)) = listener.accept().await else { continue };
        // A connection that breaks is what this is for.
        tokio::spawn(connection(stream, number, Arc::clone(&state)));
    }
}

async fn connection(mut stream: TcpStream, number: usize, state: Arc<State>) -> io::Result<()> {
    let began = Instant::now();
    let mut dice = dice(state.seed, "connection", number);
    let acceptor = match ConnectionFate::draw(&mut dice) {
        ConnectionFate::HangUp => return Ok(()),
        ConnectionFate::BreakHandshake => return stream.read(&mut [0; 64]).await.map(drop),
        ConnectionFate::NoTls => return stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").await,
        ConnectionFate::WrongCertificate => &state.wrong,
        ConnectionFate::HangUpUnread => return state.right.accept(stream).await.map(drop),
        ConnectionFate::Serve => &state.right,
    };
    let mut stream = acceptor.accept(stream).await?;
    let callback = Callback { began, ..read(&mut stream).await? };
    let app = callback.path.rsplit('/').next().and_then(|number| number.parse().ok());
    let fate = RequestFate::draw(app.unwrap_or_default(), &mut dice);
    let arrived = {
        let mut callbacks = state.callbacks.lock().unwrap();
        callbacks.push(callback);
        callbacks.len() - 1
    };
    let answer = answer(&mut stream, fate).await;
    {
        let callback = &mut state.callbacks.lock().unwrap()[arrived];
        callback.ended = Some(Instant::now());
        callback.taken = answer.as_ref().is_some_and(|answer| answer.starts_with("HTTP/1.1 2"));
    }
    let Some(answer) = answer else { return Ok(()) };
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

/// What is answered, when its time has come; nothing if the connection is closed without an answer.
async fn answer(stream: &mut TlsStream<TcpStream>, fate: RequestFate) -> Option<String> {
    match fate {
        RequestFate::HangUp => None,
        RequestFate::Silence(time) => {
            wait(stream, time).await;
            None
        }
        RequestFate::Garbage => Some("220 mail.example ESMTP\r\n".to_owned()),
        RequestFate::BreakBody => {
            Some("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nwel".to_owned())
        }
        RequestFate::Answer(status, after) => {
            wait(stream, after).await;
            Some(whole_answer(status))
        }
    }
}

/// Waits that long, or until the other side goes away.
async fn wait(stream: &mut TlsStream<TcpStream>, time: Duration) {
    let mut more = [0; 64];
    let _ = tokio::time::timeout(time, stream.read(&mut more)).await;
}

fn whole_answer(status: u16) -> String {
    let length = if matches!(status, 204 | 304) { "" } else { "Content-Length: 0\r\n" };
    let location = if status / 100 == 3 { "Location: /followed\r\n" } else { "" };
    format!("HTTP/1.1 {status} Chaos\r\n{length}{location}Connection: close\r\n\r\n")
}

/// Reads one request to the end of its body.
async fn read(stream: &mut TlsStream<TcpStream>) -> io::Result<Callback> {
    let mut bytes = Vec::new();
    loop {
        if let Some(callback) = parse(&String::from_utf8_lossy(&bytes)) {
            return Ok(callback);
        }
        let read = stream.read_buf(&mut bytes);
        if tokio::time::timeout(Duration::from_secs(5), read).await?? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// The request, if it is whole.
fn parse(text: &str) -> Option<Callback> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    let length: usize = header("content-length")?.parse().ok()?;
    (body.len() >= length).then(|| Callback {
        path: head.split(' ').nth(1).unwrap_or_default().to_owned(),
        webhook_id: header("webhook-id").unwrap_or_default().to_owned(),
        body: body.to_owned(),
        taken: false,
        began: Instant::now(),
        ended: None,
    })
}
