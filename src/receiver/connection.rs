//! One connection: the handshake, and each request on it, good or bad.

use std::{sync::Arc, time::Duration};

use http_body_util::{BodyExt, Limited};
use hyper::{
    Method, Request, Response,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{io::AsyncWriteExt, net::TcpStream, time::timeout};
use tokio_rustls::TlsAcceptor;
use zeroize::Zeroizing;

use super::{
    Plan,
    answer::WORDS,
    desk::Desk,
    response::{self, Body, HangUp},
};
use crate::domain::text::{shortened, visible};

/// How long a client may take for the handshake, for a request's head, and for its body.
const SLOWEST: Duration = Duration::from_secs(10);

/// The largest body that is read, in bytes; a callback has well under 64 KiB.
const LARGEST: usize = 128 * 1024;

/// Serves one connection to its end.
pub async fn serve(stream: TcpStream, tls: TlsAcceptor, desk: Arc<Desk>) {
    let stream = match timeout(SLOWEST, tls.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return desk.note(handshake_failed(&error.to_string())),
        Err(_) => return desk.note("a client did not finish the TLS handshake in time"),
    };
    let service = service_fn(|request| answer(request, Arc::clone(&desk)));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(SLOWEST)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await
        && (error.is_parse() || error.is_timeout())
    {
        desk.note(format!("something came that is no HTTP request: {error}"));
    }
}

/// Answers a handshake with something that is no TLS.
pub async fn break_handshake(mut stream: TcpStream, desk: Arc<Desk>) {
    let _ = stream.write_all(b"this is no TLS\r\n").await;
    let _ = stream.shutdown().await;
    desk.note("a TLS handshake was broken on purpose");
}

/// What a developer can do about a client that ends the handshake.
fn handshake_failed(error: &str) -> String {
    let trust = error.contains("UnknownCA") || error.contains("BadCertificate");
    let hint = if trust {
        "; the store does not trust this receiver: is APPGRANT_CALLBACK_CA_FILE set?"
    } else {
        ""
    };
    format!("a TLS handshake failed: {}{hint}", shortened(&visible(error), 200))
}

async fn answer(request: Request<Incoming>, desk: Arc<Desk>) -> Result<Response<Body>, HangUp> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let shown = shortened(&visible(&path), 200);
    if request.method() != Method::POST {
        let method = shortened(request.method().as_str(), 20);
        desk.note(format!("{method} {shown} is no callback"));
        return Ok(response::text(405, &help("Callbacks are sent with POST.")));
    }
    let plan = match plan(request.uri().path(), desk.plan()) {
        Ok(plan) => plan,
        Err(complaint) => {
            desk.note(format!("POST {shown}: {complaint}"));
            return Ok(response::text(404, &help(&complaint)));
        }
    };
    let (head, body) = request.into_parts();
    let Some(body) = read(body).await else {
        desk.note(format!("the body of POST {shown} is too large, too slow or broken"));
        return Ok(response::text(413, "the body is too large, too slow or broken\n"));
    };
    let body = Zeroizing::new(body.to_vec());
    let answer = desk.take(&path, &head.headers, &body, &plan).await;
    response::carry_out(answer, &desk.host).await
}

/// What the path asks for; the usual plan if it is empty.
fn plan(path: &str, usual: &Plan) -> Result<Plan, String> {
    match path.trim_matches('/') {
        "" => Ok(usual.clone()),
        words => Plan::parse(words).map_err(|error| error.to_string()),
    }
}

async fn read(body: Incoming) -> Option<Bytes> {
    let collected = timeout(SLOWEST, Limited::new(body, LARGEST).collect()).await;
    Some(collected.ok()?.ok()?.to_bytes())
}

fn help(complaint: &str) -> String {
    let words: Vec<_> = WORDS.iter().map(|(word, does)| format!("  {word:<10} {does}\n")).collect();
    format!("{complaint}\nThe path of the callback URL says what is answered:\n{}", words.concat())
}
