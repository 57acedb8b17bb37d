//! Every way a delivery can fail, made to happen for real.

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    time::Duration,
};

use rcgen::{CertificateParams, date_time_ymd};
use rustls::ServerConfig;
use socket2::{Domain, Socket, Type};

use super::{Answers, Manner, RoughApp, TestNames, certified, self_signed, server_config};

/// An address where a delivery fails in one way.
pub struct Trouble {
    /// The word that names it.
    pub code: &'static str,
    /// The `callback_url`.
    pub url: String,
    kept: Kept,
}

impl Trouble {
    /// Whether an app whose certificate is no good was told anything behind it.
    pub fn was_told_anything(&self) -> bool {
        let refused = self.code.starts_with("certificate");
        matches!(&self.kept, Kept::App(app) if refused && app.heard() > 0)
    }
}

/// What must go on for the trouble to last.
#[expect(dead_code, reason = "some is only held")]
enum Kept {
    Nothing,
    Port(Socket),
    App(RoughApp),
    Queue(TcpListener, Vec<TcpStream>),
}

/// One of each, but for the key file that is exchanged meanwhile.
pub async fn every_trouble(names: &TestNames) -> Vec<Trouble> {
    let mut all = about_names(names);
    all.extend(about_connections());
    for (code, tls, manner) in about_apps() {
        let app = RoughApp::start(tls, manner).await;
        all.push(Trouble { code, url: app.url(), kept: Kept::App(app) });
    }
    all
}

fn about_names(names: &TestNames) -> Vec<Trouble> {
    names.set("unanswered.example", Answers::none());
    names.set("slow.example", Answers::of(&["8.8.8.8"]).slowly(Duration::from_mins(1)));
    names.set("inside.internal", Answers::of(&["8.8.8.8"]));
    names.set("mixed.example", Answers::of(&["8.8.8.8", "10.0.0.1"]));
    [
        ("name_not_found", "nowhere.example"),
        ("name_unanswered", "unanswered.example"),
        ("timeout_name", "slow.example"),
        ("name_refused", "inside.internal"),
        ("address_refused", "mixed.example"),
        ("address_refused", "169.254.169.254"),
    ]
    .map(|(code, host)| Trouble { code, url: format!("https://{host}/keys"), kept: Kept::Nothing })
    .into()
}

fn about_connections() -> [Trouble; 2] {
    let closed = bound();
    let nobody = closed.local_addr().unwrap().as_socket().unwrap().port();
    let (queue, waiting) = full_queue();
    let full = queue.local_addr().unwrap().port();
    let url = |port| format!("https://localhost:{port}/keys");
    [
        Trouble { code: "cannot_connect", url: url(nobody), kept: Kept::Port(closed) },
        Trouble { code: "timeout_connection", url: url(full), kept: Kept::Queue(queue, waiting) },
    ]
}

/// A port that nobody else can have, and where nobody listens.
fn bound() -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    socket
}

/// A listener that accepts nobody, with its queue full: what comes now gets no answer at all.
fn full_queue() -> (TcpListener, Vec<TcpStream>) {
    let socket = bound();
    socket.listen(0).unwrap();
    let listener = TcpListener::from(socket);
    let address = listener.local_addr().unwrap();
    let connect = || TcpStream::connect_timeout(&address, Duration::from_millis(200)).ok();
    let waiting = std::iter::from_fn(connect).take(16).collect();
    (listener, waiting)
}

fn about_apps() -> [(&'static str, Option<ServerConfig>, Manner); 14] {
    let fine = || Some(server_config(&["localhost"]));
    let answer = |status: &str| Manner::says(&format!("HTTP/1.1 {status}\r\n\r\n"));
    [
        ("certificate_expired", Some(certificate((2020, 1), (2021, 2))), Manner::Silent),
        ("certificate_not_yet_valid", Some(certificate((2090, 1), (2099, 2))), Manner::Silent),
        ("certificate_wrong_name", Some(server_config(&["elsewhere.example"])), Manner::Silent),
        ("certificate_untrusted", Some(self_signed(&["localhost"])), Manner::Silent),
        ("not_tls", None, Manner::says("HTTP/1.1 400 Bad Request\r\n\r\n")),
        ("tls", None, Manner::Closes),
        ("timeout_tls", None, Manner::Silent),
        ("timeout", fine(), Manner::Silent),
        ("broken_answer", fine(), Manner::Closes),
        ("status", fine(), answer("301 Moved")),
        ("status", fine(), answer("403 Forbidden")),
        ("status", fine(), answer("404 Not Found")),
        ("status", fine(), answer("415 Unsupported Media Type")),
        ("status", fine(), answer("503 Service Unavailable")),
    ]
}

/// A certificate for `localhost`, from the first of a month to the third of another.
fn certificate(from: (i32, u8), to: (i32, u8)) -> ServerConfig {
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.not_before = date_time_ymd(from.0, from.1, 1);
    params.not_after = date_time_ymd(to.0, to.1, 3);
    certified(params)
}
