//! A client that uses each key once, over kept connections, as after a restart: how long until all of
//! them were let pass, and how long each of them waited.

use std::{
    io::{Read, Write},
    net::TcpStream,
    ops::Range,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use data_encoding::BASE64;

/// After how long a client that was told to come back does.
const COMES_BACK: Duration = Duration::from_millis(200);

/// How one key fared.
struct Fared {
    waited: Duration,
    sent_away: u32,
}

/// Asks for each of the keys until it may pass, and prints how that went.
pub fn ask(address: &str, keys: Range<u64>, connections: usize) {
    let (next, began) = (AtomicU64::new(keys.start), Instant::now());
    let mut fared: Vec<Fared> = thread::scope(|scope| {
        let ask = || asks_in_turn(address, &next, keys.end);
        let threads: Vec<_> = (0..connections).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let took = began.elapsed().as_secs_f64();
    fared.sort_by_key(|fared| fared.waited);
    let at = |part: usize| fared[(fared.len() - 1) * part / 1000].waited.as_secs_f64() * 1000.0;
    let sent_away: u32 = fared.iter().map(|fared| fared.sent_away).sum();
    println!(
        "{} keys in {took:.1} s; a first use waits p50 {:.1} ms, p99 {:.1} ms, at most {:.1} ms; \
         told to come back {sent_away} times",
        fared.len(),
        at(500),
        at(990),
        at(1000)
    );
}

fn asks_in_turn(address: &str, next: &AtomicU64, end: u64) -> Vec<Fared> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut all = Vec::new();
    loop {
        let n = next.fetch_add(1, Ordering::Relaxed);
        if n >= end {
            return all;
        }
        all.push(until_it_passes(&mut stream, n));
    }
}

fn until_it_passes(stream: &mut TcpStream, n: u64) -> Fared {
    let began = Instant::now();
    let mut sent_away = 0;
    loop {
        match status(stream, n).as_str() {
            "204" => return Fared { waited: began.elapsed(), sent_away },
            "503" => sent_away += 1,
            other => panic!("key {n} was answered {other}"),
        }
        thread::sleep(COMES_BACK);
    }
}

/// The status of the answer; nginx' way to ask, so that no answer has a body.
fn status(stream: &mut TcpStream, n: u64) -> String {
    let pair = BASE64.encode(format!("ck_{n:040x}:cs_{n:040x}").as_bytes());
    let question = format!(
        "GET /verify HTTP/1.1\r\nHost: shop.example\r\nAuthorization: Basic {pair}\r\n\
         X-Original-Method: GET\r\nX-Original-URI: /wp-json/wc/v3/orders\r\n\
         X-Forwarded-Proto: https\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n"
    );
    stream.write_all(question.as_bytes()).unwrap();
    let mut head = Vec::new();
    let mut piece = [0; 2048];
    while !head.ends_with(b"\r\n\r\n") {
        let length = stream.read(&mut piece).unwrap();
        assert!(length > 0, "the connection was closed");
        head.extend_from_slice(&piece[..length]);
    }
    String::from_utf8_lossy(&head[9..12]).into_owned()
}
