//! From an answer to bytes on the wire, or to none.

use std::{convert::Infallible, future::pending, time::Duration};

use http_body_util::{
    Either, Full,
    channel::{Channel, Sender},
};
use hyper::{
    Response, StatusCode,
    body::Bytes,
    header::{CONTENT_TYPE, LOCATION},
};
use tokio::time::sleep;

use super::answer::Answer;

/// A whole body, or one that comes bit by bit.
pub type Body = Either<Full<Bytes>, Channel<Bytes, Infallible>>;

/// The connection is to be closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("hung up on purpose")]
pub struct HangUp;

/// How much of a body is sent at once, and how often, to whoever reads on and on.
const HUGE_PIECE: usize = 64 * 1024;
const HUGE_PIECES: usize = 16 * 1024;

/// How long a dripping body lasts, in bytes and seconds.
const DRIPS: usize = 3600;

/// Carries an answer out.
///
/// # Errors
/// If the answer is to hang up.
pub async fn carry_out(answer: Answer, host: &str) -> Result<Response<Body>, HangUp> {
    match answer {
        Answer::Status(code) => Ok(text(code, "the receiver answered as it was asked to\n")),
        Answer::Slow(time) => {
            sleep(time).await;
            Ok(text(200, "late\n"))
        }
        Answer::Never => pending().await,
        Answer::HangUp => Err(HangUp),
        Answer::Redirect => {
            let mut response = text(307, "elsewhere\n");
            if let Ok(target) = format!("https://{host}/200").parse() {
                response.headers_mut().insert(LOCATION, target);
            }
            Ok(response)
        }
        Answer::Drip => Ok(streamed(|sender| drip(sender, Duration::from_secs(1)))),
        Answer::Huge => Ok(streamed(pour)),
    }
}

/// A status with a text.
pub fn text(code: u16, text: &str) -> Response<Body> {
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::OK);
    let bodyless = [StatusCode::NO_CONTENT, StatusCode::RESET_CONTENT, StatusCode::NOT_MODIFIED];
    let text = if bodyless.contains(&status) { "" } else { text };
    let mut response = Response::new(Either::Left(Full::from(text.to_owned())));
    *response.status_mut() = status;
    if !text.is_empty() {
        response.headers_mut().insert(
            CONTENT_TYPE,
            hyper::header::HeaderValue::from_static("text/plain; charset=utf-8"),
        );
    }
    response
}

/// 200 with a body that a task sends. The task ends when the client goes.
fn streamed<F>(send: impl FnOnce(Sender<Bytes, Infallible>) -> F) -> Response<Body>
where
    F: Future<Output = ()> + Send + 'static,
{
    let (sender, body) = Channel::new(1);
    tokio::spawn(send(sender));
    Response::new(Either::Right(body))
}

async fn drip(mut sender: Sender<Bytes, Infallible>, pause: Duration) {
    for _ in 0..DRIPS {
        if sender.send_data(Bytes::from_static(b".")).await.is_err() {
            return;
        }
        sleep(pause).await;
    }
}

async fn pour(mut sender: Sender<Bytes, Infallible>) {
    let piece = Bytes::from(vec![b'x'; HUGE_PIECE]);
    for _ in 0..HUGE_PIECES {
        if sender.send_data(piece.clone()).await.is_err() {
            return;
        }
    }
}
