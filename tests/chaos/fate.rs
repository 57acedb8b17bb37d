//! Everything that happens to a callback on the app's side.

use std::time::Duration;

use fastrand::Rng;

/// Every app whose number this divides never takes the keys.
const HOPELESS: usize = 8;

/// How a connection goes, before anybody knows what it is for.
pub enum ConnectionFate {
    /// Closed as soon as it is there.
    HangUp,
    /// The TLS handshake is broken off after the client's first words.
    BreakHandshake,
    /// The answer to the TLS handshake is no TLS.
    NoTls,
    /// The certificate is another host's.
    WrongCertificate,
    /// Closed after the handshake; the request is not read.
    HangUpUnread,
    /// The request is read.
    Serve,
}

impl ConnectionFate {
    pub fn draw(dice: &mut Rng) -> Self {
        match dice.u8(..100) {
            0..3 => Self::HangUp,
            3..6 => Self::BreakHandshake,
            6..9 => Self::NoTls,
            9..12 => Self::WrongCertificate,
            12..15 => Self::HangUpUnread,
            _ => Self::Serve,
        }
    }
}

/// How a request goes that was read, and so may count for the app.
pub enum RequestFate {
    /// Answered with that status after that time, which may be longer than the store waits.
    Answer(u16, Duration),
    /// Answered 200, but the body breaks off.
    BreakBody,
    /// Answered with something that is no HTTP.
    Garbage,
    /// Closed without an answer.
    HangUp,
    /// Not answered for longer than the store waits.
    Silence(Duration),
}

impl RequestFate {
    /// The fate of a request of the app with that number.
    pub fn draw(app: usize, dice: &mut Rng) -> Self {
        let good = if app.is_multiple_of(HOPELESS) { 0 } else { 45 };
        match dice.u8(..100) {
            roll if roll < good => Self::good(dice),
            _ => Self::bad(dice),
        }
    }

    fn good(dice: &mut Rng) -> Self {
        match dice.u8(..10) {
            0 => Self::BreakBody,
            1..4 => Self::Answer(success(dice), Duration::from_millis(dice.u64(50..600))),
            _ => Self::Answer(success(dice), Duration::ZERO),
        }
    }

    fn bad(dice: &mut Rng) -> Self {
        let status = |dice: &mut Rng, from: &[u16]| from[dice.usize(..from.len())];
        match dice.u8(..10) {
            0 => Self::Garbage,
            1 => Self::HangUp,
            2 => Self::Silence(Duration::from_millis(2_500)),
            3 => Self::Answer(success(dice), Duration::from_millis(dice.u64(1_300..2_500))),
            4 => Self::Answer(status(dice, &[301, 302, 304, 307, 308]), Duration::ZERO),
            5..7 => Self::Answer(status(dice, &[400, 401, 404, 405, 410, 429]), Duration::ZERO),
            _ => Self::Answer(status(dice, &[500, 502, 503, 504]), Duration::ZERO),
        }
    }
}

fn success(dice: &mut Rng) -> u16 {
    [200, 200, 200, 201, 202, 204, 299][dice.usize(..7)]
}
